/** The work by which the workstation changes a workspace, for `crash-points.ts`. What SQLite writes is in `store/`. */
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import * as v from 'valibot';
import { createFolder, sha256, writeAtomically, writeJson } from '../../../trainer/durable/files.ts';
import { readSealedJson } from '../../../trainer/durable/sealed-json.ts';
import { sealedLine } from '../../../trainer/durable/sealed-line.ts';
import type { Scene } from '../../../trainer/durable/testing/crash-points.ts';
import type { ReferenceRecord } from '../../../trainer/protocol/reference-curves.ts';
import { FoundWeights } from '../../../trainer/protocol/weights.ts';
import type { ReportRow } from '../../api/reports.ts';
import { readSettings, writeSettings } from '../machine/settings.ts';
import { buildReport, type ReportModel } from '../report/model.ts';
import { keepReport } from '../report/reports.ts';
import { firstPlan } from '../report/testing/report-fixture.ts';
import { importRun } from '../recovery/import-run.ts';
import { sweep } from '../recovery/sweep.ts';
import { recordSum } from '../store/file-sum.ts';
import {
  allRows,
  attemptOf,
  hello,
  metrics,
  openQueries,
  pretrainConfig,
  stopped,
  storeOf,
} from '../store/testing/store-fixture.ts';
import { createWeights, type Weights } from '../weights/weights.ts';
import { readRunCard, writeRunCard } from '../workspace/run-card.ts';
import { saveCurves } from '../workspace/stored-curves.ts';
import { saveDataset, savePlan } from '../workspace/stored-files.ts';
import { createRun, openWorkspace, type Workspace } from '../workspace/workspace.ts';

const homeOf = (folder: string): string => join(folder, 'home');
/** Of a process that is certainly gone. */
const deadPid = 4_194_300;

/** In a test the process that died is the test's own: its lock must not look as if it lived. */
function buryOwner(home: string): void {
  const unfinished = join(home, `lock.${process.pid}`);
  if (existsSync(unfinished)) renameSync(unfinished, join(home, `lock.${deadPid}`));
  const lock = join(home, 'lock');
  if (!existsSync(lock)) return;
  writeFileSync(lock, readFileSync(lock, 'utf8').replace(`"pid":${process.pid},`, `"pid":${deadPid},`));
}

async function inWorkspace<T>(folder: string, work: (workspace: Workspace) => Promise<T>): Promise<T> {
  const workspace = await openWorkspace(homeOf(folder), { write: true });
  try {
    return await work(workspace);
  } finally {
    await workspace.close();
  }
}

const database = () => {
  const { database: opened, queries } = openQueries();
  return { rows: () => allRows(opened), store: storeOf(queries) };
};

/** Everything the files say: rows made anew from them, what is named as damaged, settings, weights, and every name. */
async function sayingsOf(folder: string): Promise<unknown> {
  const home = homeOf(folder);
  buryOwner(home);
  return inWorkspace(folder, async (workspace) => {
    const { rows, store } = database();
    const { damage, notes } = await sweep(workspace, store);
    const { settings, notes: ofSettings } = await readSettings(home);
    const names = readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) => name !== 'lock');
    const said: unknown = JSON.parse(
      JSON.stringify({
        rows: rows(),
        damage: [...workspace.notes, ...damage, ...ofSettings, ...notes.filter((note) => note.includes('left alone'))],
        settings,
        weights: await weightsIn(workspace).rows(),
        names: names.sort(),
      }).replaceAll(home, ''),
    );
    return said;
  });
}

export const foundWeights = v.parse(FoundWeights, {
  id: '0123456789abcdef',
  file: 'resnet18.pth',
  format: 'pth',
  bytes: 3,
  prefix: '',
  encoder: { id: 'resnet-18', options: {} },
  channels: 3,
  tensors: 1,
  unmatched: [],
});

/** Weights whose trainer writes a file as a checkpoint; how a checkpoint is written is tried in the trainer. */
function weightsIn(workspace: Workspace): Weights {
  const run = async ({ folder }: { readonly folder: string }): Promise<{ readonly found: FoundWeights }> => {
    await createFolder(join(folder, 'checkpoints'));
    await createFolder(join(folder, 'checkpoints', '000000'));
    await writeAtomically(join(folder, 'checkpoints', '000000', 'tensors.bin'), ['weights']);
    return { found: foundWeights };
  };
  return createWeights({
    workspace,
    jobs: { run } as never,
    store: database().store,
    push: () => undefined,
    version: '0',
    trash: () => Promise.resolve(),
    now: () => 5,
    complain: () => undefined,
    threads: () => 1,
  });
}

const newRun = (id: string) => ({
  id,
  config: pretrainConfig,
  createdAt: 1000,
  plan: null,
  planKey: null,
  status: 'draft' as const,
});

async function withRun(folder: string): Promise<void> {
  await inWorkspace(folder, (workspace) => createRun(workspace, database().store, newRun('run-1')));
}

async function withSettings(folder: string): Promise<void> {
  await inWorkspace(folder, () => settle(folder, 'dark'));
}
async function settle(folder: string, theme: 'dark' | 'light'): Promise<void> {
  const { settings } = await readSettings(homeOf(folder));
  await writeSettings(homeOf(folder), { ...settings, theme });
}

const open = async (folder: string): Promise<void> => inWorkspace(folder, () => Promise.resolve());

/** In the order of the schema, as a record that was read back. */
export const datasetRecord: Parameters<typeof saveDataset>[2] = {
  fingerprint: 'abc',
  name: 'Fashion',
  path: '/data',
  signature: 's',
  inspectedAt: 5,
  builtIn: true,
  inspection: {
    version: 1,
    dataset: 'idx',
    title: 'IDX',
    path: '/data',
    contents: 'checked',
    fingerprint: 'abc',
    expected: [],
    found: [],
    splits: [],
    classes: [],
    channels: 1,
    smallest: null,
    largest: null,
    bytes: 1,
    rejects: [],
    rejectCount: 0,
    rejectKinds: [],
    choices: [],
    unused: [],
    warnings: [],
    leaks: [],
    leakCount: 0,
    duplicateCount: 0,
    nearDuplicates: null,
    licence: null,
    source: null,
    splitRule: null,
    seconds: 1,
  },
};
export const planRecord = {
  id: 'mine',
  startedAt: 7,
  paused: false,
  plan: JSON.stringify({
    version: 1,
    id: 'mine',
    title: { en: 'Mine', zh: '我的' },
    summary: { en: '', zh: '' },
    papers: [],
    claims: [],
    data: [],
    runs: [{ key: 'main', role: 'main', config: pretrainConfig }],
  }),
};

export const curvesRecord: ReferenceRecord = {
  version: 1,
  id: 'ref-abcdef',
  name: 'Theirs',
  kind: 'csv',
  file: '/data/metrics.csv',
  checksum: 'a'.repeat(64),
  bytes: 3,
  addedAt: 5,
  axis: 'step',
  stepsPerEpoch: null,
  batch: null,
  method: null,
  notes: [],
  curves: [{ source: 'train_loss', metric: 'loss', points: 2 }],
};
export const curvesPoints = [{ positions: [10, 20], values: [0.5, null] }];

/** A run with events in a workspace of its own. */
async function runElsewhere(folder: string): Promise<void> {
  const elsewhere = join(folder, 'elsewhere');
  await mkdir(elsewhere);
  await withRun(elsewhere);
  const events = attemptOf('run-1', 1, [hello(0), metrics('loss', [[10, 5]]), stopped('done', 10)]);
  const lines = events.map((event) => `${sealedLine(event)}\n`);
  await writeAtomically(join(homeOf(elsewhere), 'runs', 'run-1', 'events.ndjson'), lines);
}

/** Made once: it takes longer than all that is written of it. */
let modelOfPlan: Promise<ReportModel> | null = null;

/** The files of the report that is listed, by the hashes of its row. */
async function reportIn(folder: string): Promise<unknown> {
  const row = (await readSealedJson(join(folder, 'reports', 'report-1', 'row.json'), 1 << 20)) as ReportRow | null;
  if (row === null) return null;
  return row.files.map(({ path, sha256: expected }) => [
    path.slice(folder.length),
    sha256(readFileSync(path)) === expected,
  ]);
}

export const workspaceScenes: readonly Scene[] = [
  {
    name: 'a new run',
    prepare: open,
    act: (folder) =>
      inWorkspace(folder, (workspace) => createRun(workspace, database().store, newRun('run-1'))).then(() => undefined),
    read: sayingsOf,
  },
  {
    name: 'a first start with its first run',
    isNightly: true,
    prepare: () => undefined,
    act: (folder) =>
      inWorkspace(folder, (workspace) => createRun(workspace, database().store, newRun('run-1'))).then(() => undefined),
    read: sayingsOf,
  },
  {
    name: 'a changed record of a run',
    prepare: withRun,
    act: async (folder) => {
      const place = join(homeOf(folder), 'runs', 'run-1');
      const card = await readRunCard(place);
      await writeRunCard(place, { ...card!, note: 'A note of mine.' });
    },
    read: sayingsOf,
  },
  {
    name: 'changed settings',
    prepare: withSettings,
    act: (folder) => settle(folder, 'light'),
    read: sayingsOf,
  },
  {
    name: 'a new data set',
    prepare: open,
    act: (folder) => inWorkspace(folder, (workspace) => saveDataset(workspace, database().store, datasetRecord)),
    read: sayingsOf,
  },
  {
    name: 'imported reference curves',
    isNightly: true,
    prepare: open,
    act: (folder) =>
      inWorkspace(folder, (workspace) => saveCurves(workspace, database().store, curvesRecord, curvesPoints)),
    read: sayingsOf,
  },
  {
    name: 'a started plan',
    isNightly: true,
    prepare: open,
    act: (folder) => inWorkspace(folder, (workspace) => savePlan(workspace, database().store, planRecord)),
    read: sayingsOf,
  },
  {
    name: 'an imported run',
    prepare: async (folder) => {
      await open(folder);
      await runElsewhere(folder);
    },
    act: (folder) =>
      inWorkspace(folder, (workspace) =>
        importRun(workspace, database().store, join(folder, 'elsewhere', 'home', 'runs', 'run-1')),
      ).then(() => undefined),
    read: sayingsOf,
  },
  {
    name: 'imported weights',
    isNightly: true,
    prepare: async (folder) => {
      await open(folder);
      await writeJson(join(folder, 'resnet18.pth'), 'pth');
    },
    act: (folder) =>
      inWorkspace(folder, async (workspace) => weightsIn(workspace).import(join(folder, 'resnet18.pth'))).then(
        () => undefined,
      ),
    read: sayingsOf,
  },
  {
    name: 'a report with its bundle',
    isNightly: true,
    prepare: (folder) => mkdir(join(folder, 'reports')).then(() => undefined),
    act: async (folder) => {
      const model = await (modelOfPlan ??= firstPlan().then(buildReport));
      const place = { folder: join(folder, 'reports', 'report-1'), id: 'report-1', createdAt: 5 };
      const htmlToPdf = { unavailable: 'no PDF in a test' };
      await keepReport({ model, formats: ['json', 'bundle'], language: 'en', ...place, htmlToPdf });
    },
    read: reportIn,
  },
  {
    name: 'the checksum of a closed database',
    prepare: (folder) => writeJson(join(folder, 'reprise.db'), 'rows'),
    act: (folder) => recordSum(join(folder, 'reprise.db')),
    read: (folder) => {
      const sum = join(folder, 'reprise.db-sha256');
      const isRight = (): boolean =>
        readFileSync(sum, 'utf8').trim() === sha256(readFileSync(join(folder, 'reprise.db')));
      return existsSync(sum) ? isRight() : null;
    },
    // Without it the next opening knows less, and nobody is kept waiting by a message.
    lasts: false,
    isSilent: true,
  },
];

/** For a process of its own, that is killed: `node disk-scenes.ts NAME FOLDER`. */
const [, program, name, folder] = process.argv;
if (program === import.meta.filename && folder !== undefined)
  await workspaceScenes.find((scene) => scene.name === name)?.act(folder);
