/** Signs of what is being decoded, and their copy in a file that the disk may refuse. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DecodingLog, decodingsOf, noSigns, signBytes } from './decoding-signs.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'reprise-signs-'))));
afterEach(() => rmSync(folder, { recursive: true }));

test('an image is noted while it is being decoded, in memory and in its worker’s part of the file', async () => {
  const path = join(folder, 'notes');
  writeFileSync(path, Buffer.alloc(2 * signBytes, 7));
  const signs = noSigns();
  const log = new DecodingLog(signs, [], { path, from: signBytes });
  const noted = () => {
    const part = new Int32Array(new SharedArrayBuffer(signBytes));
    new Uint8Array(part.buffer).set(readFileSync(path).subarray(signBytes));
    return decodingsOf(part);
  };
  const during = await log.during({ source: 1, index: 41 }, () => Promise.resolve([decodingsOf(signs), noted()]));
  expect(during).toEqual([[{ number: 1, source: 1, index: 41 }], [{ number: 1, source: 1, index: 41 }]]);
  expect([decodingsOf(signs), noted()]).toEqual([[], []]);
  expect(readFileSync(path).subarray(0, signBytes)).toEqual(Buffer.alloc(signBytes, 7));
});

test.runIf(process.platform === 'linux').each([
  ['is full', '/dev/full'],
  ['is gone', '/nowhere/notes'],
])('an image is decoded although the disk of its note %s', async (_, path) => {
  const signs = noSigns();
  const log = new DecodingLog(signs, [], { path, from: 0 });
  const decode = () => Promise.resolve(decodingsOf(signs));
  await expect(log.during({ source: 0, index: 3 }, decode)).resolves.toEqual([{ number: 1, source: 0, index: 3 }]);
  await expect(log.during({ source: 0, index: 3 }, () => Promise.reject(new Error('torn')))).rejects.toThrow('torn');
  expect(decodingsOf(signs)).toEqual([]);
});
