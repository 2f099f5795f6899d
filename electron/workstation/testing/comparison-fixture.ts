/** Made-up rows of a small plan for the tests of comparison and report, named accordingly. */
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Options } from '../../../trainer/protocol/options.ts';
import type { Result } from '../../../trainer/protocol/results.ts';
import type { PretrainConfig, RunConfig } from '../../../trainer/protocol/run.ts';
import type { ComparisonInput } from '../comparison/comparison-input.ts';
import type { StoredResult, StoredRun } from '../store/store.ts';

const option = (key: string, value: string | number | boolean | number[]) => ({
  key,
  kind: 'text' as const,
  default: value,
  comparable: false,
});

export const catalogue: Catalogue = {
  version: '0.0.0',
  methods: [
    {
      id: 'vicreg',
      title: 'VICReg',
      options: [
        option('invariance', 25),
        option('variance', 25),
        option('covariance', 1),
        option('expander', [8192, 8192, 8192]),
      ],
      paper: 'vicreg',
      branches: 2,
      views: 2,
      mostViews: 2,
      labels: false,
    },
  ],
  encoders: [
    {
      id: 'resnet-18',
      title: 'ResNet-18',
      options: [option('stem', 'small'), option('stemStride', 1), option('width', 64)],
    },
    {
      id: 'resnet-50',
      title: 'ResNet-50',
      options: [option('stem', 'imagenet'), option('stemStride', 1), option('width', 64)],
    },
  ],
  optimizers: [{ id: 'lars', title: 'LARS', options: [option('baseRate', 0.2)] }],
  schedules: [{ id: 'warmup-cosine', title: 'Warm-up, cosine', options: [] }],
  evaluators: [
    {
      id: 'linear',
      title: 'Linear evaluation',
      options: [],
      metrics: [
        { name: 'top1', unit: 'share' },
        { name: 'top5', unit: 'share', secondary: true },
      ],
      margin: { points: 0.5 },
      trains: true,
      probe: false,
    },
    {
      id: 'knn',
      title: 'k-NN',
      options: [],
      metrics: [
        { name: 'top1', unit: 'share' },
        { name: 'top5', unit: 'share', secondary: true },
      ],
      margin: { points: 0.7 },
      probe: true,
    },
  ],
  datasets: [],
};

const view = {
  size: 224,
  cropArea: [0.08, 1] as [number, number],
  cropRatio: [0.75, 1.3333] as [number, number],
  interpolation: 'bicubic' as const,
  flip: 0.5,
  jitter: 0.8,
  brightness: 0.4,
  contrast: 0.4,
  saturation: 0.2,
  hue: 0.1,
  grayscale: 0.2,
  blur: 0,
  blurSigma: [0.1, 2] as [number, number],
  solarize: 0,
  solarizeThreshold: 128,
};
export const execution = {
  engine: 'traced' as const,
  device: 'cpu',
  precision: 'float32' as const,
  chunk: null,
  recompute: false,
  threads: 2,
  loaderWorkers: 1,
};
const checkpoint = { everySeconds: 300, everySteps: 0, keepLast: 2 };

/** VICReg as in the paper, on data that the fixture calls ImageNet. */
export function pretrain(seed: number, options: Options = {}, over: Partial<PretrainConfig> = {}): PretrainConfig {
  return {
    version: 1,
    kind: 'pretrain',
    title: 'VICReg',
    seed,
    execution,
    checkpoint,
    logEvery: 10,
    method: { id: 'vicreg', options },
    encoders: [{ id: 'resnet-50', options: {} }],
    data: { dataset: 'image-folder', path: '/data/imagenet', split: 'train', fingerprint: 'f-imagenet' },
    views: [view, view],
    normalization: { mean: [0.5], std: [0.25] },
    optimizer: { id: 'lars', options: {} },
    schedule: { id: 'warmup-cosine', options: {} },
    batch: 2048,
    epochs: 1000,
    dropLast: false,
    probe: null,
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
    checkpoint,
    logEvery: 10,
    subject,
    evaluator: { id: evaluator, options: {} },
    train: { ...source, split: 'train' },
    test: { ...source, split: 'val' },
    preprocessing: { resize: 256, crop: 224, interpolation: 'bilinear' },
    normalization: { mean: [0.5], std: [0.25] },
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
    step: 100,
    steps: 100,
    safeStep: 100,
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
