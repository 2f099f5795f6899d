import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLicences } from './licences.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'reprise-licences-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const opened: string[] = [];
const open = () => createLicences(folder, (path) => Promise.resolve(void opened.push(path)));

test('a checkout has no list', async () => {
  expect(await open().all()).toBe(null);
  await expect(open().text(0)).rejects.toMatchObject({ fault: { code: 'unknown-id' } });
});

test('a package’s list is told without its texts, a text by its place, and a page is opened', async () => {
  const part = { name: 'a', version: '1', licence: 'MIT', from: 'https://a.example' };
  const page = { ...part, name: 'b', file: '../../LICENSES.html' };
  writeFileSync(join(folder, 'licences.json'), JSON.stringify([{ ...part, text: 'MIT, by A' }, page]));
  const licences = open();
  expect(await licences.all()).toEqual([
    { ...part, contains: [], isPage: false },
    { ...part, name: 'b', contains: [], isPage: true },
  ]);
  expect(await licences.text(0)).toBe('MIT, by A');
  await licences.open(1);
  expect(opened).toEqual([join(folder, '../../LICENSES.html')]);
  await licences.open(0);
  expect(opened).toHaveLength(1);
});
