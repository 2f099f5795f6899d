/** What a reader of a workspace sees of runs whose program is gone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRecords } from './records.ts';
import { pretrainConfig } from './store/testing/store-fixture.ts';

const appRoot = join(import.meta.dirname, '..', '..');

let home = '';
beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'reprise-records-'))));
afterEach(() => rmSync(home, { recursive: true, force: true }));

const open = (write: boolean) =>
  openRecords({ appRoot, home, write, runtime: join(home, 'none'), node: process.execPath, version: '0.1.0' });

test('a run is under way for readers while its program lives, and interrupted once that ended without a word', async () => {
  const writer = await open(true);
  const row = { config: pretrainConfig, folder: join(home, 'runs', 'a'), createdAt: 5, plan: null, planKey: null };
  await writer.store.insertRun({ ...row, id: 'a', status: 'queued' });
  await writer.store.beginAttempt('a', { attempt: 1, fromStep: 0, startedAt: 90_000, pid: 77, pidStartedAt: 123 });

  const beside = await open(false);
  expect((await beside.store.runs()).map(({ status }) => status)).toEqual(['running']);
  await beside.store.close();

  await writer.store.close();
  await writer.workspace.close();
  const after = await open(false);
  expect((await after.store.runs()).map(({ status }) => status)).toEqual(['interrupted']);
  expect(await after.store.run('a')).toMatchObject({ status: 'interrupted', title: pretrainConfig.title });
  expect(await after.store.run('b')).toBeNull();
  await after.store.close();
});
