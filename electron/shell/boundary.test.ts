/** The three entry points into the main process: an address, a page file, a request. */
import fc from 'fast-check';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

vi.mock('electron', () => ({ shell: {}, protocol: {}, net: {}, session: {}, ipcMain: {} }));
const { mayOpen } = await import('./links.ts');
const { fileFor, origin, reportIn } = await import('./app-protocol.ts');
const { answerOne, isTrusted } = await import('./ipc.ts');
const { FaultError } = await import('../../trainer/durable/fault-error.ts');

describe('links', () => {
  it('opens https addresses of known hosts only', () => {
    expect(mayOpen('https://arxiv.org/abs/2105.04906')).toBe(true);
    for (const address of [
      'http://arxiv.org/',
      'https://arxiv.org.evil.example/',
      'https://evil.example/?arxiv.org',
      'https://user:word@arxiv.org/',
      'https://arxiv.org:8443/',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'smb://arxiv.org/share',
      '',
    ])
      expect(mayOpen(address), address).toBe(false);
  });

  it('never opens anything but https, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('http', 'https', 'ftp', 'file', 'app', ''),
        fc.constantFrom('arxiv.org', 'github.com', 'evil.example'),
        fc.string(),
        (scheme, host, rest) => {
          const address = `${scheme}://${host}${rest}`;
          if (mayOpen(address)) expect(new URL(address).origin).toMatch(/^https:\/\/(arxiv\.org|github\.com)$/);
        },
      ),
    );
  });
});

describe('page files', () => {
  let root = '';
  let outside = '';
  beforeAll(() => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'reprise-pages-')));
    root = join(folder, 'renderer');
    outside = join(folder, 'secret.txt');
    mkdirSync(join(root, 'assets'), { recursive: true });
    writeFileSync(outside, 'secret');
    writeFileSync(join(root, 'index.html'), '<p>');
    writeFileSync(join(root, 'assets', 'main.js'), '');
    symlinkSync(outside, join(root, 'assets', 'link.txt'));
  });
  afterAll(() => rmSync(join(root, '..'), { recursive: true }));

  it('serves files of the folder', async () => {
    expect(await fileFor(`${origin}/`, root)).toBe(join(root, 'index.html'));
    expect(await fileFor(`${origin}/assets/main.js?v=1#x`, root)).toBe(join(root, 'assets', 'main.js'));
  });

  it('cannot be led out of the folder', async () => {
    for (const path of [
      '/../secret.txt',
      '/%2e%2e/secret.txt',
      '/assets/..%2f..%2fsecret.txt',
      '/assets/..%5c..%5csecret.txt',
      '/assets/link.txt',
      '/%00',
      '/%ff',
      `/${'a'.repeat(5000)}`,
    ])
      expect(await fileFor(`${origin}${path}`, root), path).toBe(null);
    expect(await fileFor('app://other/index.html', root)).toBe(null);
    expect(await fileFor(`file://${outside}`, root)).toBe(null);
  });

  it('answers any path with a file inside or nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('..', '.', '%2e%2e', 'assets', '%2f', 'link.txt', 'main.js', '\\', '')),
        async (parts) => {
          const file = await fileFor(`${origin}/${parts.join('/')}`, root);
          if (file !== null) expect(file.startsWith(root + sep) || file === root).toBe(true);
        },
      ),
    );
  });
});

describe('pages of reports', () => {
  it('have the address of their id, and no other address leads to one', () => {
    expect(reportIn('app://report/report-20260102030405-ab12')).toBe('report-20260102030405-ab12');
    expect(reportIn('app://report/report-1#claims')).toBe('report-1');
    for (const address of [
      'app://report/',
      'app://report/row.json',
      'app://report/report-1/row.json',
      'app://report/report-1?x',
      'app://report/../report-1',
      'app://report/report-..%2f',
      'app://reprise/report-1',
      'app://report.evil/report-1',
      'https://report/report-1',
      `app://report/report-${'a'.repeat(200)}`,
    ])
      expect(reportIn(address), address).toBe(null);
  });
});

describe('requests', () => {
  const rename = { args: v.strictTuple([v.string(), v.string()]), answer: vi.fn(() => Promise.resolve()) };

  it('rejects arguments of the wrong shape, and names them', async () => {
    const answer = await answerOne(rename, 'renameRun', ['run-1', 7]);
    expect(answer).toMatchObject({ ok: false, fault: { code: 'bad-argument' } });
    expect(rename.answer).not.toHaveBeenCalled();
  });

  it('survives any payload', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
        async (payload) => {
          const answer = await answerOne(rename, 'renameRun', payload);
          const fits =
            Array.isArray(payload) && payload.length === 2 && payload.every((part) => typeof part === 'string');
          expect(answer.ok).toBe(fits);
        },
      ),
      { numRuns: 10_000 },
    );
  });

  it('turns a thrown fault into a value and keeps its code', async () => {
    const handler = {
      args: v.strictTuple([v.string(), v.string()]),
      answer: () => Promise.reject(new FaultError('not-found', 'No run "x".', { run: 'x' })),
    };
    expect(await answerOne(handler, 'renameRun', ['x', 'y'])).toEqual({
      ok: false,
      fault: { code: 'not-found', message: 'No run "x".', values: { run: 'x' } },
    });
  });

  it('trusts the main frame of a known window on our own page, and nothing else', () => {
    const frame = { url: `${origin}/index.html` };
    const sender = { id: 3, mainFrame: frame };
    const trusted = (event: unknown): boolean => isTrusted(event as Parameters<typeof isTrusted>[0], new Set([3]));
    expect(trusted({ sender, senderFrame: frame })).toBe(true);
    expect(trusted({ sender, senderFrame: null })).toBe(false);
    expect(trusted({ sender: { ...sender, id: 4 }, senderFrame: frame })).toBe(false);
    expect(trusted({ sender, senderFrame: { url: `${origin}/index.html` } })).toBe(false);
    const foreign = { url: 'app://reprise.evil/index.html' };
    expect(trusted({ sender: { id: 3, mainFrame: foreign }, senderFrame: foreign })).toBe(false);
  });
});
