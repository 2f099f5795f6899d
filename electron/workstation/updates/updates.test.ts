/** Real checks against a server of this machine, whose certificate (`testing/localhost.pem`) is trusted here alone. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import { wordsIn } from '../../terminal/words.ts';
import { checkForUpdate } from './check-for-update.ts';
import { mostBytes } from './small-file.ts';
import { createUpdates } from './updates.ts';

const pem = readFileSync(join(import.meta.dirname, 'testing', 'localhost.pem'), 'utf8');
const { privateKey, publicKey: trusted } = generateKeyPairSync('ed25519');
const publicKey = trusted.export({ format: 'der', type: 'spki' }).toString('base64');

let server: Server;
let origin = '';
let heard: IncomingMessage[] = [];
let answer: (response: ServerResponse) => void = (response) => response.end();
const before = getCACertificates('default');

beforeAll(async () => {
  setDefaultCACertificates([...before, pem.slice(pem.indexOf('-----BEGIN CERTIFICATE'))]);
  server = createServer({ key: pem, cert: pem }, (request, response) => {
    heard.push(request);
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  origin = `https://localhost:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  setDefaultCACertificates(before);
  server.closeAllConnections();
  server.close();
});
let folder = '';
beforeEach(() => {
  heard = [];
  folder = mkdtempSync(join(tmpdir(), 'reprise-updates-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const platform = `${process.platform}-${process.arch}`;
const file = () => ({ address: `${origin}/reprise.deb`, sha256: 'a'.repeat(64), bytes: 5 });
const described = (over: object = {}) => ({
  version: '1.2.0',
  date: '2026-12-01',
  notes: { en: 'Better.', zh: '更好。' },
  page: `${origin}/1.2.0`,
  files: { [platform]: [file()], 'other-none': [] },
  ...over,
});
function signed(over: object = {}, key = privateKey): string {
  const version = JSON.stringify(described(over));
  return JSON.stringify({ version, signature: sign(null, Buffer.from(version), key).toString('base64') });
}
const check = (address = `${origin}/update.json`, version = '1.1.9') =>
  checkForUpdate({ source: { address, publicKey }, version, patienceMs: 2_000 });

/** What a person reads of a failed check, in both languages. */
async function sentencesOf(checking: Promise<unknown>): Promise<readonly [string, string]> {
  const fault = await checking.then(() => null, faultOf);
  expect(fault?.code).toBe('update-failed');
  const [en, zh] = [wordsIn('en').fault(fault!), wordsIn('zh').fault(fault!)];
  expect(zh).toMatch(/^检查更新失败。.*[\u4e00-\u9fff].*。$/);
  return [en.replaceAll(origin, 'https://here').replaceAll(new URL(origin).host, 'here'), zh];
}
const said = async (checking: Promise<unknown>): Promise<string> => (await sentencesOf(checking))[0];

test('a newer version is told with what is for this platform, and the request tells the program’s name alone', async () => {
  answer = (response) => response.end(signed());
  expect(await check()).toEqual({
    version: '1.2.0',
    date: '2026-12-01',
    notes: { en: 'Better.', zh: '更好。' },
    page: `${origin}/1.2.0`,
    files: [file()],
  });
  expect(heard.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /update.json']);
  expect(heard[0]?.headers).toEqual({ host: new URL(origin).host, 'user-agent': 'Reprise', connection: 'close' });
  expect(await check(undefined, '1.2.0')).toBe(null);
});

test('what is not of the key, or was changed by a letter, is not used', async () => {
  answer = (response) => response.end(signed({}, generateKeyPairSync('ed25519').privateKey));
  expect(await said(check())).toBe(
    'The signature in https://here/update.json is not of the key that this build trusts. Nothing of it was used.',
  );
  answer = (response) => response.end(signed().replace('Better', 'Bitter'));
  expect(await said(check())).toMatch(/^The signature in/);
});

test('an old version, a foreign host and another shape are refused although they are signed', async () => {
  answer = (response) => response.end(signed({ version: '1.1.8' }));
  expect(await said(check())).toBe(
    'https://here/update.json describes version 1.1.8, which is older than this one, 1.1.9. It is an old copy.',
  );
  answer = (response) => response.end(signed({ page: 'https://elsewhere.example/' }));
  expect(await said(check())).toMatch(/^https:\/\/here\/update.json names https:\/\/elsewhere.example\/, which/);
  for (const over of [
    { version: '2.0' },
    { version: '1.02.0' },
    { date: 'today' },
    { page: 'http://localhost/' },
    { notes: {} },
  ]) {
    answer = (response) => response.end(signed(over));
    expect(await said(check()), JSON.stringify(over)).toBe(
      'https://here/update.json does not hold a signed description of a version.',
    );
  }
  for (const text of ['', '{', '[]', 'null', '{"version":{},"signature":""}']) {
    answer = (response) => response.end(text);
    expect(await said(check()), text).toMatch(/does not hold/);
  }
});

test('a redirect, a failure, too much and silence each have their sentence', async () => {
  answer = (response) => response.writeHead(302, { location: 'https://elsewhere.example/' }).end();
  expect(await said(check())).toBe(
    'https://here/update.json leads to https://elsewhere.example/, and this build reads no other address than its own.',
  );
  answer = (response) => response.writeHead(404).end();
  expect(await said(check())).toBe('https://here/update.json answered with status 404.');
  let written = 0;
  answer = (response) => {
    const more = (): void => {
      written += 1;
      if (!response.destroyed) response.write('x'.repeat(1024), () => setImmediate(more));
    };
    more();
  };
  expect(await said(check())).toBe(
    'https://here/update.json is larger than 64 KiB, so it does not describe a version.',
  );
  // It was not read to its end, for it has none.
  expect(written * 1024).toBeLessThan(100 * mostBytes);
  answer = (response) => void response.write('{');
  expect(await said(check())).toBe('here did not answer within 2 seconds.');
  answer = (response) => response.destroy();
  expect(await said(check())).toBe('here cannot be reached (ECONNRESET).');
});

test('an address without https, and a certificate that nobody trusts, are not asked', async () => {
  expect(await said(check(origin.replace('https', 'http')))).toMatch(/is not one of https, so it is not asked\.$/);
  expect(heard).toEqual([]);
  setDefaultCACertificates(before);
  expect(await said(check())).toBe('here cannot be reached (DEPTH_ZERO_SELF_SIGNED_CERT).');
  setDefaultCACertificates([...before, pem.slice(pem.indexOf('-----BEGIN CERTIFICATE'))]);
});

test('the script signs what the program reads', async () => {
  const key = join(folder, 'key.pem');
  writeFileSync(key, privateKey.export({ format: 'pem', type: 'pkcs8' }));
  writeFileSync(join(folder, 'version.json'), JSON.stringify(described()));
  const script = join(import.meta.dirname, '../../../scripts/sign-update.mjs');
  const words = [script, join(folder, 'version.json'), key, join(folder, 'update.json')];
  expect(execFileSync(process.execPath, words, { encoding: 'utf8' }).trim()).toBe(publicKey);
  answer = (response) => response.end(readFileSync(join(folder, 'update.json')));
  expect((await check())?.version).toBe('1.2.0');
});

test('nothing is asked without consent, then once a day, and what was found is known after a restart', async () => {
  let now = Date.UTC(2026, 11, 1);
  const complaints: string[] = [];
  let isWanted = false;
  const open = (version = '1.1.9', address = `${origin}/update.json`) =>
    createUpdates({
      source: { address, publicKey },
      version,
      cache: folder,
      write: true,
      isWanted: () => isWanted,
      complain: (line) => void complaints.push(line),
      now: () => now,
    });
  answer = (response) => response.end(signed());
  await open().checkDaily();
  expect(heard.length).toBe(0);
  expect(await open().state()).toEqual({ host: new URL(origin).host, checkedAt: null, newer: null });
  isWanted = true;
  // A question that comes while it is asked waits for the answer.
  const asking = open();
  void asking.checkDaily();
  expect((await asking.state()).newer?.version).toBe('1.2.0');
  await open().checkDaily();
  expect(heard.length).toBe(1);
  expect((await open().state()).newer?.version).toBe('1.2.0');
  // Installed meanwhile.
  expect(await open('1.2.0').state()).toEqual({ host: new URL(origin).host, checkedAt: now, newer: null });
  now += 25 * 60 * 60 * 1000;
  answer = (response) => response.writeHead(500).end();
  await open().checkDaily();
  expect([heard.length, complaints.length]).toEqual([2, 1]);
  expect((await open().state()).newer?.version).toBe('1.2.0');
});

test('a build that names no address says so', async () => {
  const fault = await checkForUpdate({ source: null, version: '1.0.0' }).catch(faultOf);
  expect(fault).toMatchObject({ code: 'not-available', message: expect.stringMatching(/names no address/) as string });
});
