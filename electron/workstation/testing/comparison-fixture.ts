/** Made-up rows of a small plan for the tests of comparison and report, named accordingly. */
import { readdirSync, readFileSync } from 'node:fs';
import * as v from 'valibot';
import { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Options } from '../../../trainer/protocol/options.ts';
import { Paper } from '../../../trainer/protocol/paper.ts';
import { PresetFile, type Preset } from '../../../trainer/protocol/preset.ts';
import { presetOf } from '../../words/preset-origins.ts';
import { PresetSources } from '../../../trainer/protocol/preset-origins.ts';
import type { Result } from '../../../trainer/protocol/results.ts';
import type { PretrainConfig, RunConfig } from '../../../trainer/protocol/run.ts';
import type { ComparisonInput } from '../comparison/comparison-input.ts';
import { presetConfig } from '../comparison/preset-config.ts';
import type { StoredResult, StoredRun } from '../store/store.ts';

const json = (path: string): unknown => JSON.parse(readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8'));

/** As the build writes it; `npm test` builds first. */
export const catalogue = v.parse(Catalogue, json('out/catalogue.json'));
export const presets: readonly Preset[] = readdirSync(new URL('../../../resources/presets', import.meta.url))
  .filter((file) => file.endsWith('.json'))
  .map((file) =>
    presetOf(
      v.parse(PresetFile, json(`resources/presets/${file}`)),
      v.parse(PresetSources, json(`resources/presets/sources/${file}`)),
    ),
  );
export const papers: readonly Paper[] = ['vicreg', 'dong'].map((id) =>
  v.parse(Paper, json(`resources/papers/${id}.json`)),
);

/** The recipe of the paper's own figures. */
export const official = presetConfig(presets.find(({ id }) => id === 'vicreg-official-code')!);

export const execution = {
  engine: 'traced' as const,
  device: 'cpu',
  precision: 'float32' as const,
  chunk: null,
  recompute: false,
  threads: 2,
  loaderWorkers: 1,
};

/** VICReg as in the paper, on data that the fixture calls ImageNet. */
export function pretrain(seed: number, options: Options = {}, over: Partial<PretrainConfig> = {}): PretrainConfig {
  return {
    ...official,
    title: 'VICReg',
    seed,
    execution,
    method: { id: 'vicreg', options: { ...official.method.options, ...options } },
    data: { dataset: 'image-folder', path: '/data/imagenet', split: 'train', fingerprint: 'f-imagenet' },
    ...over,
  };
}

export function evaluate(
  subject: Extract<RunConfig, { kind: 'evaluate' }>['subject'],
  evaluator = 'linear',
  seed = 1,
): RunConfig {
  const source = { dataset: 'image-folder', path: '/data/imagenet', fingerprint: 'f-imagenet' };
  return {
    version: 1,
    kind: 'evaluate',
    title: `evaluation by ${evaluator}`,
    seed,
    execution,
    checkpoint: official.checkpoint,
    logEvery: 10,
    subject,
    evaluator: { id: evaluator, options: {} },
    train: { ...source, split: 'train' },
    test: { ...source, split: 'val' },
    preprocessing: { resize: 256, crop: 224, interpolation: 'bilinear' },
    normalization: official.normalization,
  };
}

/** 2024-01-01, a fixed clock. */
const start = 1_704_067_200_000;

export function storedRun(id: string, config: RunConfig, over: Partial<StoredRun> = {}): StoredRun {
  return {
    id,
    kind: config.kind,
    title: config.title,
    status: 'done',
    createdAt: start,
    startedAt: start + 1000,
    endedAt: start + 61_000,
    queuePosition: null,
    method: config.kind === 'pretrain' ? config.method.id : '',
    dataset: 'image-folder',
    seed: config.seed,
    plan: null,
    planKey: null,
    note: '',
    archived: false,
    tags: [],
    step: 100,
    steps: 100,
    safeStep: 100,
    savedStep: 100,
    attempts: 1,
    headline: null,
    fault: null,
    config,
    folder: `/home/runs/${id}`,
    deleted: false,
    ...over,
  };
}

export const officialLinear = {
  head: 'linear',
  layer: 'pooled',
  inputs: 'images',
  standardize: false,
  optimizer: 'sgd',
  rate: 0.02,
  weightDecay: 1e-6,
  schedule: 'cosine-per-epoch',
  batch: 256,
  epochs: 100,
};

export function storedResult(run: string, value: number | null, over: Partial<Result> = {}): StoredResult {
  return {
    run,
    attempt: 1,
    result: {
      evaluator: 'linear',
      dataset: 'image-folder',
      fingerprint: 'f-imagenet',
      split: 'val',
      metric: 'top1',
      value,
      n: 50_000,
      which: 'last',
      protocol: officialLinear,
      ...over,
    },
  };
}

/** Pretrainings of these seeds, each with a linear evaluation of the given figure. */
export function seeds(figures: readonly (number | null)[]): Pick<ComparisonInput, 'runs' | 'results'> {
  const runs = figures.flatMap((_, index) => [
    storedRun(`vicreg-${index}`, pretrain(index), { createdAt: start + index }),
    storedRun(`linear-${index}`, evaluate({ kind: 'run', run: `vicreg-${index}`, checkpoint: 'last', branch: 0 }), {
      createdAt: start + 1000 + index,
    }),
  ]);
  return { runs, results: figures.map((value, index) => storedResult(`linear-${index}`, value)) };
}

export const names = [
  { fingerprint: 'f-imagenet', name: 'ImageNet' },
  { fingerprint: 'f-small', name: 'Fashion-MNIST' },
];

/** A comparison of the given runs with all papers, where nothing but what is given is recorded. */
export function comparisonInput(over: Partial<ComparisonInput>): ComparisonInput {
  const runs = over.runs ?? [];
  return {
    selection: { kind: 'runs', runs: runs.map(({ id }) => id) },
    runs,
    results: [],
    papers,
    presets,
    plan: null,
    datasets: names,
    catalogue,
    wentBack: new Set(),
    meanMetric: () => Promise.resolve(null),
    computedBy: () => Promise.resolve('this program'),
    perImage: () => Promise.resolve(null),
    memoize: (_key, make) => make(),
    ...over,
  };
}
