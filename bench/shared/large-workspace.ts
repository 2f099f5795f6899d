/** A workspace as after years of work: many runs, each with its curves, and an ImageNet among the data sets. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { openStore } from '../../electron/workstation/store/client.ts';
import type { Inspection } from '../../trainer/protocol/dataset.ts';
import { fill, idOf } from './many-runs.ts';

export const imagenetFingerprint = 'f'.repeat(64);

const classes = Array.from({ length: 1000 }, (_, label) => `n${String(label).padStart(8, '0')}`);
/** A listing of ImageNet. */
const imagenet = (path: string): Inspection => ({
  version: 1,
  dataset: 'imagenet',
  title: 'ImageNet',
  path,
  contents: 'listed',
  fingerprint: imagenetFingerprint,
  expected: [],
  found: [],
  choices: [],
  classes,
  channels: 3,
  smallest: null,
  largest: null,
  splits: [
    { split: 'train', images: 1_281_167, perClass: classes.map(() => 1281) },
    { split: 'val', images: 50_000, perClass: classes.map(() => 50) },
  ],
  bytes: 150e9,
  rejects: [],
  rejectCount: 0,
  rejectKinds: [],
  unused: [],
  warnings: [],
  leaks: [],
  leakCount: 0,
  duplicateCount: 0,
  nearDuplicates: null,
  licence: null,
  source: null,
  splitRule: null,
  seconds: 10,
});

/** @param folder of the workspace and of what it refers to @returns the workspace's own folder */
export async function makeLargeWorkspace(folder: string, runs: number, rowsPerRun: number): Promise<string> {
  const root = process.cwd();
  const home = join(folder, 'home');
  const pictures = join(folder, 'imagenet');
  for (const made of [join(home, 'runs'), pictures]) mkdirSync(made, { recursive: true });
  const store = await openStore({
    node: process.execPath,
    script: join(root, 'electron/workstation/store/child.ts'),
    database: join(home, 'reprise.db'),
    migrations: join(root, 'migrations'),
    env: process.env,
  });
  try {
    await fill(store, { runs, rowsPerRun, folder: join(home, 'runs') });
    await store.saveDataset({
      fingerprint: imagenetFingerprint,
      name: 'ImageNet',
      path: pictures,
      inspection: imagenet(pictures),
      signature: 'of another day',
      inspectedAt: 1,
      builtIn: false,
    });
  } finally {
    await store.close();
  }
  for (let index = 0; index < runs; index += 1) {
    const own = join(home, 'runs', idOf(index));
    mkdirSync(join(own, 'checkpoints'), { recursive: true });
    for (const file of ['events.ndjson', 'results.bin']) writeFileSync(join(own, file), '');
  }
  return home;
}
