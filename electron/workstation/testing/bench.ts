/** A workstation with its own workspace and the fake trainer, for the tests of host, queue and plans. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import * as v from 'valibot';
import { presetOf } from '../../words/preset-origins.ts';
import type { PresetSources } from '../../../trainer/protocol/preset-origins.ts';
import { RunConfig } from '../../../trainer/protocol/run.ts';
import type { Pushes } from '../../api/pushes.ts';
import type { RunRow } from '../../api/runs.ts';
import { childScript } from '../store/testing/store-fixture.ts';
import type { WorkstationOptions } from '../workstation-options.ts';
import { openWorkstation, type Workstation } from '../workstation.ts';

const project = join(import.meta.dirname, '..', '..', '..');
export const fakeTrainer = join(import.meta.dirname, 'fake-trainer.ts');

const recipe = (id: string) => ({ id, title: id.toUpperCase(), options: [] });
const number = (key: string, value: number, minimum?: number) => ({
  key,
  kind: 'number' as const,
  default: value,
  comparable: false,
  ...(minimum === undefined ? {} : { minimum }),
});
export const catalogue = {
  version: '0',
  methods: [
    {
      ...recipe('vicreg'),
      options: [number('variance', 25, 0)],
      paper: 'vicreg',
      branches: 2,
      views: 1,
      mostViews: 2,
      labels: false,
    },
  ],
  encoders: [{ ...recipe('resnet-18'), options: [number('width', 64, 1)] }],
  optimizers: [recipe('adamw')],
  schedules: [recipe('constant')],
  evaluators: [
    {
      ...recipe('knn'),
      options: [{ ...number('k', 20, 1), kind: 'integer' as const }],
      metrics: [{ name: 'top1', unit: 'share' }],
      margin: { points: 0.7 },
      probe: true,
      states: {},
    },
    {
      ...recipe('voc-svm'),
      metrics: [{ name: 'map', unit: 'percent' }],
      margin: { points: 0.5 },
      probe: false,
      states: {},
      targets: 'presence' as const,
      shows: { fit: 'squash' as const, layer: 'res5-2x2' as const },
    },
    {
      ...recipe('detector'),
      metrics: [{ name: 'ap50', unit: 'percent' }],
      margin: { points: 0.7 },
      probe: false,
      states: {},
      targets: 'objects' as const,
    },
  ],
  datasets: [
    { ...recipe('idx'), licence: null, homepage: null, splits: ['train', 'test'], channels: 1 },
    { ...recipe('image-folder'), licence: null, homepage: null, splits: ['train', 'val'], channels: 3 },
  ],
};

export function pretrain(title: string, path = '/data'): RunConfig {
  return v.parse(RunConfig, {
    version: 1,
    kind: 'pretrain',
    title,
    seed: 1,
    execution: { threads: 1 },
    method: { id: 'vicreg' },
    encoders: [{ id: 'resnet-18' }],
    data: { dataset: 'idx', path, split: 'train' },
    views: [{ size: 28, cropArea: [0.3, 1] }],
    normalization: { mean: [0.5], std: [0.5] },
    optimizer: { id: 'adamw' },
    schedule: { id: 'constant' },
    batch: 100,
    epochs: 2,
  });
}
export function evaluation(title: string, subject: string | null, path = '/data'): RunConfig {
  const data = { dataset: 'idx', path };
  return v.parse(RunConfig, {
    version: 1,
    kind: 'evaluate',
    title,
    seed: 1,
    execution: { threads: 1 },
    evaluator: { id: 'knn' },
    subject: subject === null ? { kind: 'pixels' } : { kind: 'run', run: subject, checkpoint: 'last' },
    train: { ...data, split: 'train' },
    test: { ...data, split: 'test' },
    preprocessing: { resize: null, crop: 28 },
    normalization: { mean: [0.5], std: [0.5] },
  });
}

export const tinyPlan = {
  version: 1,
  id: 'tiny',
  title: { en: 'Tiny', zh: '小' },
  summary: { en: '', zh: '' },
  papers: [],
  claims: [],
  data: [{ name: 'fashion-mnist', dataset: 'idx', title: 'Fashion-MNIST' }],
  runs: [
    { key: 'measure', role: 'main', config: evaluation('steps=5', 'train', '$fashion-mnist') },
    { key: 'train', role: 'main', config: pretrain('steps=30 ms=10', '$fashion-mnist') },
    { key: 'pixels', role: 'control', config: evaluation('steps=5', null, '$fashion-mnist') },
  ],
};

export interface Bench {
  readonly home: string;
  readonly runtime: string;
  readonly trashed: string[];
  readonly pushed: { readonly name: keyof Pushes; readonly values: readonly unknown[] }[];
  readonly open: (over?: Partial<WorkstationOptions>) => Promise<Workstation>;
  readonly remove: () => Promise<void>;
}

/** @param withData whether the plan's data is where set-up would put it */
export function createBench(withData = true): Bench {
  const root = mkdtempSync(join(tmpdir(), 'reprise-bench-'));
  const [appRoot, runtime, home] = [join(root, 'app'), join(root, 'runtime'), join(root, 'home')];
  for (const folder of ['out/node', 'resources/plans', 'resources/presets', 'resources/papers', 'resources/curves'])
    mkdirSync(join(appRoot, folder), { recursive: true });
  symlinkSync(join(project, 'migrations'), join(appRoot, 'migrations'));
  writeFileSync(
    join(appRoot, 'out', 'node', 'store.js'),
    `import ${JSON.stringify(pathToFileURL(childScript).href)};\n`,
  );
  writeFileSync(join(appRoot, 'out', 'node', 'package.json'), '{"type":"module"}');
  writeFileSync(join(appRoot, 'out', 'catalogue.json'), JSON.stringify(catalogue));
  writeFileSync(join(appRoot, 'resources', 'plans', 'tiny.json'), JSON.stringify(tinyPlan));
  writeFileSync(
    join(appRoot, 'resources', 'tensorflow.json'),
    JSON.stringify({ version: '0', licences: {}, builds: {} }),
  );
  const { origins: _, ...file } = smallPreset;
  writeFileSync(join(appRoot, 'resources', 'presets', 'small.json'), JSON.stringify(file));
  mkdirSync(join(appRoot, 'resources', 'presets', 'sources'));
  writeFileSync(join(appRoot, 'resources', 'presets', 'sources', 'small.json'), JSON.stringify(smallSources));
  if (withData) {
    mkdirSync(join(runtime, 'data', 'fashion-mnist'), { recursive: true });
    writeFileSync(join(runtime, 'data', 'fashion-mnist', 'data.bin'), 'x');
  }
  const trashed: string[] = [];
  const pushed: { readonly name: keyof Pushes; readonly values: readonly unknown[] }[] = [];
  const opened: Workstation[] = [];
  const nothing = () => Promise.resolve();
  return {
    home,
    runtime,
    trashed,
    pushed,
    open: async (over = {}) => {
      const workstation = await openWorkstation({
        home,
        appRoot,
        runtime,
        node: process.execPath,
        version: '0',
        updates: null,
        edition: '',
        write: true,
        trainer: fakeTrainer,
        push: (name, ...values) => void pushed.push({ name, values }),
        desktop: {
          pickFolder: () => Promise.resolve(null),
          pickFile: () => Promise.resolve(null),
          pickFiles: () => Promise.resolve([]),
          openPath: nothing,
          showItem: nothing,
          openLink: nothing,
          trash: (path) => {
            trashed.push(path);
            cpSync(path, join(root, 'trash'), { recursive: true });
            rmSync(path, { recursive: true });
            return Promise.resolve();
          },
          isSandboxed: true,
          htmlToPdf: { unavailable: 'no PDF in a test' },
        },
        ...over,
      });
      opened.push(workstation);
      return workstation;
    },
    remove: async () => {
      for (const workstation of opened) await workstation.close('now');
      rmSync(root, { recursive: true, force: true });
    },
  };
}

const smallFile = {
  id: 'small',
  method: 'vicreg',
  title: 'small',
  summary: { en: '', zh: '' },
  values: Object.entries({
    encoders: [{ id: 'resnet-18', options: { width: 16 } }],
    'method.options.variance': 25,
    views: [{ size: 28, cropArea: [0.3, 1] }],
    normalization: { mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] },
    'optimizer.id': 'adamw',
    'schedule.id': 'constant',
    batch: 100,
    epochs: 2,
  }).map(([path, value]) => ({ path, value })),
};
const smallSources: PresetSources = {
  preset: 'small',
  read: [],
  ours: [{ fields: smallFile.values.map(({ path }) => path), reason: { en: 'made up', zh: '虚构' } }],
};
export const smallPreset = presetOf(smallFile, smallSources);

export async function rowOf(workstation: Workstation, run: string): Promise<RunRow> {
  const found = (await workstation.handlers.runs.answer()).find((row) => row.id === run);
  if (found === undefined) throw new Error(`no row of ${run}`);
  return found;
}

/** Waits for a condition that depends on other processes. */
export async function until(holds: () => Promise<boolean> | boolean, what: string, withinMs = 20_000): Promise<void> {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > withinMs) throw new Error(`Did not come about within ${withinMs} ms: ${what}`);
    await new Promise((wake) => setTimeout(wake, 20));
  }
}
