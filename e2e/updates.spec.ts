/** A build that names an address for updates: its window asks there at a click, or once a day by consent, and never otherwise. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, launch, root, test } from './app.ts';

const pem = join(root, 'electron/workstation/updates/testing/localhost.pem');

interface Host {
  readonly server: Server;
  readonly address: string;
  readonly publicKey: string;
  readonly asked: readonly string[];
}

/** Announces version 9.0.0. */
async function announce(): Promise<Host> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const asked: string[] = [];
  const file = readFileSync(pem);
  let answer = '';
  const server = createServer({ key: file, cert: file }, (request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers['user-agent']}`);
    response.end(answer);
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`;
  const version = JSON.stringify({
    version: '9.0.0',
    date: '2026-12-01',
    notes: { en: 'Everything is better.', zh: '一切都更好。' },
    page: `${origin}/9.0.0`,
    files: {},
  });
  answer = JSON.stringify({ version, signature: sign(null, Buffer.from(version), privateKey).toString('base64') });
  const spki = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  return { server, address: `${origin}/update.json`, publicKey: spki, asked };
}

/** The checkout as a build that names the address. */
function buildWith(folder: string, { address, publicKey }: Host): void {
  mkdirSync(folder);
  for (const name of ['out', 'migrations', 'resources', 'node_modules', '.runtime'])
    symlinkSync(join(root, name), join(folder, name));
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as object;
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...own, updates: { address, publicKey } }));
}

test('a newer version is told of at a click, and from then on only as was agreed to', async ({ home, profile }) => {
  const host = await announce();
  const build = join(profile, 'build');
  buildWith(build, host);
  const open = () => launch(home, profile, { NODE_EXTRA_CA_CERTS: pem }, build);
  try {
    const first = await open();
    await first.page.getByTestId('rail-settings').click();
    const updates = first.page.getByTestId('updates');
    await expect(updates).toContainText(`Asks ${new URL(host.address).host}`);
    expect(host.asked).toEqual([]);
    await updates.getByRole('button', { name: 'Check for a newer version' }).click();
    await expect(updates).toContainText('Version 9.0.0 of 2026-12-01 is newer.');
    await expect(updates).toContainText('Everything is better.');
    expect(host.asked).toEqual(['GET /update.json Reprise']);
    const consent = first.page.getByLabel('Look for a newer version once a day');
    await expect(consent).not.toBeChecked();
    await consent.check();
    expect(first.complaints).toEqual([]);
    await first.close();

    // Today it was asked already, and what it said is known; a day later it is asked again.
    const second = await open();
    await second.page.getByTestId('rail-settings').click();
    await expect(second.page.getByTestId('updates')).toContainText('Version 9.0.0');
    expect(host.asked.length).toBe(1);
    await second.close();
    const kept = join(home, 'cache', 'update.json');
    const { sha256: _, ...found } = JSON.parse(readFileSync(kept, 'utf8')) as Record<string, unknown>;
    writeFileSync(kept, JSON.stringify({ ...found, checkedAt: Date.now() - 25 * 60 * 60 * 1000 }));
    const third = await open();
    await expect(third.page.locator('.notice')).toContainText('Version 9.0.0 of Reprise is available.');
    expect(host.asked.length).toBe(2);
    await third.close();
  } finally {
    host.server.closeAllConnections();
    host.server.close();
  }
});
