import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, statSync, truncateSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { unzip } from './zip.mjs';

/** Python's zipfile is the independent writer. */
const make = String.raw`
import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1], 'w')
def add(name, data, mode, method):
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    archive.writestr(entry, data, method)
add('app/', b'', 0o40755, zipfile.ZIP_STORED)
add('app/program', b'#!/bin/sh\n' * 30000, 0o100755, zipfile.ZIP_DEFLATED)
add('app/plain.txt', b'plain', 0o100644, zipfile.ZIP_STORED)
add('app/empty', b'', 0o100644, zipfile.ZIP_DEFLATED)
add('app/link', b'plain.txt', 0o120777, zipfile.ZIP_DEFLATED)
add('other/skip', b'skip', 0o100644, zipfile.ZIP_STORED)
if len(sys.argv) > 2: add(sys.argv[2], b'x', 0o100644, zipfile.ZIP_STORED)
archive.close()
`;

let folder = '';
let archive = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-zip-'));
  archive = join(folder, 'a.zip');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('unpacks the chosen entries with their content, modes and links', async () => {
  execFileSync('python3', ['-c', make, archive]);
  const seen: [number, number][] = [];
  await unzip(archive, join(folder, 'to'), {
    rename: (name) => (name.startsWith('app/') ? name.slice(4) || undefined : undefined),
    onProgress: (unpacked, total) => seen.push([unpacked, total]),
  });
  const at = (name: string) => join(folder, 'to', name);
  expect(readFileSync(at('program'), 'utf8')).toBe('#!/bin/sh\n'.repeat(30000));
  expect(statSync(at('program')).mode & 0o777).toBe(0o755);
  expect(readFileSync(at('plain.txt'), 'utf8')).toBe('plain');
  expect(statSync(at('empty')).size).toBe(0);
  expect(readlinkSync(at('link'))).toBe('plain.txt');
  expect(() => lstatSync(at('skip'))).toThrow('ENOENT');
  expect(seen.at(-1)?.[0]).toBe(300_005);
});

test('refuses an entry that would land outside the folder', async () => {
  execFileSync('python3', ['-c', make, archive, '../escaped']);
  await expect(unzip(archive, join(folder, 'to'))).rejects.toThrow('outside its own folder');
});

test('says that a truncated archive is not complete', async () => {
  execFileSync('python3', ['-c', make, archive]);
  truncateSync(archive, 200);
  await expect(unzip(archive, join(folder, 'to'))).rejects.toThrow('no complete zip archive');
});
