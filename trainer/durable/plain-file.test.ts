import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  FileTooLong,
  NotAPlainFile,
  openPlain,
  openPlainSync,
  readPlain,
  readPlainSync,
  streamPlain,
} from './plain-file.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'plain-file-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ways: readonly (readonly [string, (path: string) => unknown])[] = [
  ['opened', openPlain],
  ['opened at once', async (path) => openPlainSync(path)],
  ['read', (path) => readPlain(path, 10)],
  ['read at once', async (path) => readPlainSync(path, 10)],
  ['streamed', async (path) => streamPlain(path)],
];

test.each(ways)('what is no plain file is not %s, and nobody waits for it', async (_way, open) => {
  const path = (name: string) => join(folder, name);
  execFileSync('mkfifo', [path('pipe.jpg')]);
  symlinkSync('/dev/zero', path('device.jpg'));
  const server = createServer().listen(path('socket.jpg'));
  await once(server, 'listening');
  try {
    for (const name of ['pipe.jpg', 'device.jpg', 'socket.jpg'])
      await expect(open(path(name))).rejects.toBeInstanceOf(NotAPlainFile);
    await expect(open(folder)).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(open(path('missing.jpg'))).rejects.toMatchObject({ code: 'ENOENT' });
  } finally {
    server.close();
  }
});

test('a file is read up to its limit, through a link too', async () => {
  const path = join(folder, 'a.txt');
  writeFileSync(path, '0123456789');
  symlinkSync(path, join(folder, 'link.txt'));
  expect((await readPlain(join(folder, 'link.txt'), 10)).toString()).toBe('0123456789');
  expect(readPlainSync(path, 10).toString()).toBe('0123456789');
  await expect(readPlain(path, 9)).rejects.toMatchObject({ bytes: 10, most: 9 });
  expect(() => readPlainSync(path, 9)).toThrow(FileTooLong);
});
