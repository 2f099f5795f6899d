import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSettings, writeSettings } from './settings.ts';

let home = '';
beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'reprise-settings-'))));
afterEach(() => rmSync(home, { recursive: true, force: true }));

const usual = {
  language: 'system',
  theme: 'system',
  resumeAutomatically: false,
  keepAwake: true,
  awakeOnBattery: true,
  checkForUpdates: false,
  notify: true,
  threads: null,
} as const;

test('settings are read back as written', async () => {
  const settings = { ...(await readSettings(home)).settings, theme: 'dark', threads: 3 } as const;
  await writeSettings(home, settings);
  expect(await readSettings(home)).toEqual({ settings, notes: [] });
});

test('a file that was changed by hand is used, and that is said', async () => {
  await writeSettings(home, { ...usual, theme: 'dark' });
  const path = join(home, 'settings.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace('"dark"', '"light"'));
  const read = await readSettings(home);
  expect(read.settings).toMatchObject({ theme: 'light' });
  expect(read.notes).toEqual([expect.stringMatching(/not as Reprise wrote it/)]);
});

test.each([
  ['an unknown setting', '{"theme":"dark","flavour":"mint"}', { ...usual, theme: 'dark' }, /no setting "flavour"/],
  ['a value that cannot be', '{"theme":"dark","threads":0}', { ...usual, theme: 'dark' }, /threads cannot be 0/],
  ['the name of something every object has', '{"constructor":1}', usual, /no setting "constructor"/],
  ['no JSON', '{"theme":"da', usual, /is not JSON: .*\. The usual settings are used\.$/],
  ['a list', '[]', usual, /usual ones are used/],
])('%s is named, and the rest is used', async (_, text, settings, note) => {
  writeFileSync(join(home, 'settings.json'), text);
  const read = await readSettings(home);
  expect(read.settings).toEqual(settings);
  expect(read.notes).toEqual([expect.stringMatching(note)]);
  expect(read.notes[0]).toContain(join(home, 'settings.json'));
});
