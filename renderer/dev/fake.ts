/** A workstation of made-up records, for the preview and the tests. Figures are invented; nothing here reaches a build. */
import type {
  Answer,
  Comparison,
  ComparisonRow,
  DatasetRow,
  Interval,
  Language,
  PlanRow,
  Progress,
  Pushes,
  Requests,
  RunDetail,
  RunRow,
  Series,
  Settings,
  Workstation,
} from '../../electron/api.ts';
import type { Catalogue } from '../../trainer/protocol/catalogue.ts';
import type { Inspection, Thumbnail } from '../../trainer/protocol/dataset.ts';
import type { Fault } from '../../trainer/protocol/fault.ts';
import type { OptionDescription } from '../../trainer/protocol/options.ts';
import type { Cell } from '../../trainer/protocol/paper.ts';
import type { Plan } from '../../trainer/protocol/plan.ts';
import type { Preset } from '../../trainer/protocol/preset.ts';
import type { PretrainConfig, RunConfig } from '../../trainer/protocol/run.ts';
import type { ImportedWeights } from '../../trainer/protocol/weights.ts';
import planJson from '../../resources/plans/first.json';
import officialJson from '../../resources/presets/vicreg-official-code.json';
import paperJson from '../../resources/presets/vicreg-paper.json';
import smallJson from '../../resources/presets/vicreg-small.json';
import { changesFrom, choiceOf, getAt, setAt } from '../lib/form.ts';

const now = Date.now();
const minutes = (count: number): number => now - count * 60_000;
const plan = planJson as unknown as Plan;
const presets = [smallJson, paperJson, officialJson] as unknown as readonly Preset[];

const option = (
  key: string,
  kind: OptionDescription['kind'],
  fallback: OptionDescription['default'],
  more: Partial<OptionDescription> = {},
): OptionDescription => ({ key, kind, default: fallback, comparable: false, ...more });
const positive = { minimum: 0 };

export const catalogue: Catalogue = {
  version: '0.1.0',
  methods: [
    {
      id: 'vicreg',
      title: 'VICReg',
      paper: 'vicreg',
      branches: 2,
      views: 2,
      mostViews: 2,
      labels: false,
      options: [
        option('invariance', 'number', 25, positive),
        option('variance', 'number', 25, positive),
        option('covariance', 'number', 1, positive),
        option('gamma', 'number', 1, positive),
        option('eps', 'number', 1e-4, positive),
        option('varianceSum', 'choice', 'official-code', { choices: ['official-code', 'paper-algorithm-1'] }),
        option('expander', 'numbers', [8192, 8192, 8192], { minimum: 1 }),
      ],
    },
    {
      id: 'supervised',
      title: 'Supervised',
      paper: null,
      branches: 1,
      views: 1,
      mostViews: 1,
      labels: true,
      options: [],
    },
  ],
  encoders: [
    {
      id: 'resnet-18',
      title: 'ResNet-18',
      options: [
        option('stem', 'choice', 'small', { choices: ['small', 'imagenet'] }),
        option('stemStride', 'integer', 1, { minimum: 1, maximum: 2 }),
        option('width', 'integer', 64, { minimum: 4, maximum: 512 }),
      ],
    },
    { id: 'resnet-50', title: 'ResNet-50', options: [] },
  ],
  optimizers: [
    {
      id: 'adamw',
      title: 'AdamW',
      options: [option('rate', 'number', 0.001, positive), option('weightDecay', 'number', 0.01, positive)],
    },
    {
      id: 'lars',
      title: 'LARS',
      options: [
        option('baseRate', 'number', 0.2, positive),
        option('momentum', 'number', 0.9, { minimum: 0, maximum: 1 }),
      ],
    },
  ],
  schedules: [
    {
      id: 'warmup-cosine',
      title: 'Warm-up and cosine',
      options: [
        option('warmupEpochs', 'number', 10, positive),
        option('finalFactor', 'number', 0.001, { minimum: 0, maximum: 1 }),
      ],
    },
  ],
  evaluators: [
    {
      id: 'linear',
      title: 'Linear evaluation',
      probe: false,
      metrics: ['top1', 'top5'],
      options: [
        option('inputs', 'choice', 'features', { choices: ['images', 'features'], comparable: true }),
        option('epochs', 'number', 15, { comparable: true }),
        option('lr', 'number', 0.01),
      ],
    },
    {
      id: 'knn',
      title: 'k-NN',
      probe: true,
      metrics: ['top1', 'top5'],
      options: [
        option('k', 'integer', 20, { minimum: 1, comparable: true }),
        option('temperature', 'number', 0.07, { comparable: true }),
      ],
    },
  ],
  datasets: [],
};

/** A preset laid on empty ground, as main does it with real data. */
export function draftFrom(preset: Preset, seed: number): PretrainConfig {
  const method = catalogue.methods.find((recipe) => recipe.id === preset.method) ?? catalogue.methods[0]!;
  const ground: PretrainConfig = {
    version: 1,
    kind: 'pretrain',
    title: `VICReg ${preset.title} · Fashion-MNIST`,
    seed,
    preset: preset.id,
    execution: {
      engine: 'traced',
      device: 'cpu',
      precision: 'float32',
      threads: 2,
      chunk: null,
      recompute: false,
      loaderWorkers: 1,
    },
    checkpoint: { everySeconds: 300, everySteps: 0, keepLast: 3 },
    logEvery: 10,
    method: choiceOf(method),
    encoders: [choiceOf(catalogue.encoders[0]!)],
    data: { dataset: 'idx', path: '/data/fashion-mnist', split: 'train', fingerprint: 'fashion' },
    views: [],
    normalization: { mean: [0.286], std: [0.353] },
    optimizer: choiceOf(catalogue.optimizers[0]!),
    schedule: choiceOf(catalogue.schedules[0]!),
    batch: 256,
    epochs: 3,
    dropLast: true,
    probe: null,
  };
  return preset.values.reduce((config, { path, value }) => setAt(config, path, value), ground);
}

const row = (id: string, title: string, status: RunRow['status'], more: Partial<RunRow> = {}): RunRow => ({
  id,
  kind: 'pretrain',
  title,
  status,
  createdAt: minutes(200),
  startedAt: minutes(190),
  endedAt: null,
  queuePosition: null,
  waitsFor: null,
  method: 'vicreg',
  dataset: 'fashion-mnist',
  seed: 1,
  plan: 'first',
  planKey: null,
  note: '',
  archived: false,
  step: 0,
  steps: 744,
  safeStep: null,
  attempts: 1,
  diskBytes: 0,
  headline: null,
  fault: null,
  ...more,
});
const rows: readonly RunRow[] = [
  row('vicreg-small-1', 'VICReg', 'running', {
    planKey: 'vicreg',
    createdAt: minutes(30),
    startedAt: minutes(28),
    step: 412,
    safeStep: 390,
    attempts: 2,
    diskBytes: 48_200_000,
  }),
  row('vicreg-linear-1', 'VICReg, linear', 'queued', {
    kind: 'evaluate',
    planKey: 'vicreg-linear',
    createdAt: minutes(29),
    startedAt: null,
    steps: null,
    queuePosition: 1,
    waitsFor: { kind: 'run', run: 'vicreg-small-1' },
  }),
  row('no-variance-1', 'VICReg without the variance term', 'queued', {
    planKey: 'no-variance',
    createdAt: minutes(29),
    startedAt: null,
    queuePosition: 2,
    waitsFor: { kind: 'device', run: 'vicreg-small-1' },
  }),
  row('vicreg-wide-7', 'VICReg, expander 1024', 'interrupted', {
    seed: 7,
    plan: null,
    step: 1240,
    steps: 2340,
    safeStep: 1200,
    attempts: 1,
    diskBytes: 161_000_000,
    createdAt: minutes(900),
    startedAt: minutes(899),
    note: 'Wider expander, Table 12. Compare with 512.',
  }),
  row('pixels-linear-1', 'Raw pixels, linear', 'done', {
    kind: 'evaluate',
    method: 'pixels',
    planKey: 'pixels-linear',
    step: 300,
    steps: 300,
    safeStep: 300,
    endedAt: minutes(180),
    diskBytes: 1_200_000,
    headline: { metric: 'top1', value: 84.32 },
  }),
  row('random-linear-1', 'Random encoder, linear', 'done', {
    kind: 'evaluate',
    method: 'random',
    planKey: 'random-linear',
    step: 300,
    steps: 300,
    safeStep: 300,
    endedAt: minutes(170),
    diskBytes: 2_100_000,
    headline: { metric: 'top1', value: 76.49 },
  }),
  row('vicreg-lr-9', 'VICReg, learning rate 0.1', 'failed', {
    seed: 9,
    plan: null,
    step: 96,
    safeStep: 60,
    diskBytes: 21_000_000,
    createdAt: minutes(1500),
    endedAt: minutes(1490),
    fault: {
      code: 'diverged',
      message: 'Training diverged at step 96 (loss NaN); went back 2 times.',
      values: { step: 96 },
      retry: 'resume',
    },
  }),
];

/** A falling curve with noise that is the same every time. */
function curve(name: string, steps: number, from: number, to: number, noise: number): Series {
  const at = Array.from({ length: Math.floor(steps / 5) }, (_value, index) => index * 5);
  const mean = at.map(
    (step) => to + (from - to) * Math.exp(-step / 140) + noise * Math.sin(step * 12.9898) * Math.cos(step * 4.1),
  );
  const spread = Math.abs(noise) * 0.8;
  return {
    name,
    steps: at,
    mean,
    min: mean.map((value) => value - spread),
    max: mean.map((value) => value + spread),
    discarded:
      name === 'loss' || name === 'invariance'
        ? [{ attempt: 1, steps: at.slice(44, 54), values: mean.slice(44, 54).map((value) => value + 2 * noise) }]
        : [],
  };
}
const shapes: Readonly<Record<string, readonly [number, number, number]>> = {
  loss: [24.6, 15.6, 0.35],
  invariance: [0.41, 0.19, 0.012],
  variance: [0.62, 0.29, 0.01],
  covariance: [0.02, 3.4, 0.08],
  embeddingStd: [0.31, 0.78, 0.01],
  embeddingStdMin: [0.05, 0.44, 0.02],
  offDiagonalCovariance: [0.21, 0.062, 0.003],
  effectiveRank: [14, 86, 1.4],
  lr: [0.003, 0.00004, 0],
};

const interval = (low: number, high: number, method: Interval['method'] = 'wilson', confidence = 0.95): Interval => ({
  low,
  high,
  confidence,
  method,
});
const cell = (value: number | null, where: string, more: Partial<Cell> = {}): Cell => ({
  method: 'vicreg',
  evaluator: 'linear',
  dataset: 'imagenet',
  split: 'val',
  metric: 'top1',
  value,
  where,
  setting: { encoder: 'resnet-50', pretrainedOn: 'imagenet', epochs: 1000, batch: 2048 },
  protocol: {},
  ...more,
});
const figures = (
  evaluator: string,
  key: string,
  label: string,
  method: string,
  role: ComparisonRow['subject']['role'],
  value: number,
  more: Partial<ComparisonRow> = {},
): ComparisonRow => ({
  key: `${evaluator}-${key}`,
  subject: { label, role, method, encoder: method === 'pixels' ? 'pixels' : 'resnet-18' },
  evaluator,
  dataset: 'fashion-mnist',
  split: 'test',
  metric: 'top1',
  protocol:
    evaluator === 'knn' ? { k: 20, temperature: 0.07, similarity: 'cosine' } : { epochs: 15, inputs: 'features' },
  paper: null,
  earlier: null,
  ours: {
    mean: value,
    n: 1,
    images: 10_000,
    interval: interval(value - 0.66, value + 0.64),
    values:
      evaluator === 'knn'
        ? [{ run: `${key}-knn-1`, seed: 1, value, which: 'only' }]
        : (['last', 'best'] as const).map((which) => ({ run: `${key}-linear-1`, seed: 1, value, which })),
  },
  difference: null,
  verdict: 'not-comparable',
  reasons: [],
  notes: [],
  ...more,
});
const breaks = [
  { field: 'dataset', theirs: 'imagenet', ours: 'fashion-mnist', kind: 'breaks' },
  { field: 'encoder', theirs: 'resnet-50', ours: 'resnet-18', kind: 'breaks' },
  { field: 'epochs', theirs: 1000, ours: 3.2, kind: 'breaks' },
  { field: 'batch', theirs: 2048, ours: 256, kind: 'deviation' },
] as const;
const comparison = (selection: Comparison['selection']): Comparison => ({
  selection,
  rows: [
    figures('linear', 'vicreg', 'VICReg', 'vicreg', 'main', 86.91, {
      paper: cell(73.2, 'Table 1', { runs: 3, range: 0.1 }),
      earlier: cell(63.95, '表格 2', { remark: 'fewer-epochs' }),
      reasons: breaks,
      notes: ['single-run', 'best-epoch-on-test'],
    }),
    figures('linear', 'no-variance', 'VICReg without the variance term', 'vicreg', 'ablation', 71.2, {
      paper: cell(null, 'Table 7', { remark: 'collapse' }),
      reasons: breaks,
      notes: ['single-run'],
    }),
    figures('linear', 'random', 'random', 'random', 'control', 76.49),
    figures('linear', 'supervised', 'Trained with labels', 'supervised', 'control', 90.44),
    figures('linear', 'pixels', 'pixels', 'pixels', 'control', 84.32),
    figures('knn', 'vicreg', 'VICReg', 'vicreg', 'main', 86.12, {
      paper: cell(64.5, 'Table 11', { evaluator: 'knn' }),
      reasons: breaks,
      notes: ['paper-single-run'],
    }),
    figures('knn', 'random', 'random', 'random', 'control', 76.36),
    figures('knn', 'pixels', 'pixels', 'pixels', 'control', 85.37),
  ],
  claims: plan.claims.map((claim, at) => ({
    claim,
    verdict: at === 0 ? 'holds' : at === 1 ? 'holds' : 'inconclusive',
    evidence:
      at === 0
        ? [
            { name: 'embeddingStd', value: 0.014, limit: 0.1, interval: null },
            { name: 'linearAboveRandom', value: -5.29, limit: 2, interval: interval(-6.1, -4.5, 'paired-bootstrap') },
          ]
        : [
            { name: 'better', value: 86.91, limit: null, interval: interval(86.2, 87.6) },
            { name: 'worse', value: 84.32, limit: null, interval: interval(83.6, 85) },
            {
              name: 'difference',
              value: 2.59,
              limit: 0,
              interval: interval(at === 1 ? 2.0 : -0.2, 3.2, 'paired-bootstrap'),
            },
          ],
  })),
  pairs: [
    {
      better: 'VICReg',
      worse: 'pixels',
      evaluator: 'linear',
      metric: 'top1',
      difference: 2.59,
      interval: interval(2.0, 3.2, 'paired-bootstrap'),
      images: 10_000,
      test: { pValue: 1e-14, adjusted: 2e-14 },
    },
  ],
  parameters: [{ path: 'method.options.variance', values: { 'vicreg-small-1': '25', 'no-variance-1': '0' } }],
  references: [
    figures('linear', 'dong-voc', '论文 VICREG 的复现', 'vicreg', 'other', 0, {
      dataset: 'voc07',
      split: 'test',
      paper: cell(86.6, 'Table 2', { metric: 'map' }),
      earlier: cell(41.27, '表格 4', { remark: 'multi-label-top1' }),
      ours: null,
    }),
  ],
});

export const inspection: Inspection = {
  version: 1,
  dataset: 'idx',
  title: 'Fashion-MNIST',
  path: '/data/fashion-mnist',
  contents: 'checked',
  fingerprint: 'a9c1e0d47bb2f3e8',
  expected: [],
  found: [],
  splits: [
    { split: 'train', images: 60_000, perClass: Array.from({ length: 10 }, () => 6000) },
    { split: 'test', images: 10_000, perClass: Array.from({ length: 10 }, () => 1000) },
  ],
  classes: ['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat', 'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot'],
  channels: 1,
  smallest: [28, 28],
  largest: [28, 28],
  bytes: 30_900_000,
  rejects: [],
  rejectCount: 0,
  leaks: [['train/1284', 'test/77']],
  leakCount: 12,
  duplicateCount: 43,
  licence: 'MIT',
  source: 'github.com/zalandoresearch/fashion-mnist',
  splitRule: null,
  seconds: 2.4,
};
export const wrongFolder: Inspection = {
  ...inspection,
  dataset: null,
  title: '',
  path: '/home/me/Documents',
  splits: [],
  classes: [],
  expected: [
    'train/ and val/, a folder a class in each, pictures inside',
    'train-images-idx3-ubyte and its three companions, packed or not',
    'data_batch_1.bin to data_batch_5.bin and test_batch.bin',
  ],
  found: ['14 PDF files', '2 folders without pictures'],
};
const weights: readonly ImportedWeights[] = [
  {
    version: 1,
    id: '00c0ffee00c0ffee',
    name: 'resnet50',
    file: 'resnet50.pth',
    format: 'pth',
    bytes: 94_356_000,
    prefix: 'module.backbone.',
    channels: 3,
    tensors: 265,
    importedAt: minutes(30),
    encoder: { id: 'resnet-50', options: { stem: 'imagenet', width: 64 } },
    unmatched: ['module.projector.0.weight', 'module.projector.0.bias', 'epoch'],
    origin: { method: 'vicreg', pretrainedOn: 'imagenet', epochs: 1000, batch: 2048 },
  },
];
const datasets: readonly DatasetRow[] = [
  {
    fingerprint: 'fashion',
    name: 'Fashion-MNIST',
    path: '/data/fashion-mnist',
    inspection,
    inspectedAt: minutes(240),
    state: 'ready',
    builtIn: true,
    evaluators: ['linear', 'knn'],
  },
  {
    fingerprint: 'tools',
    name: 'Workshop tools',
    path: '/home/me/tools',
    inspectedAt: minutes(2000),
    state: 'changed',
    builtIn: false,
    evaluators: ['linear', 'knn'],
    inspection: {
      ...inspection,
      dataset: 'image-folder',
      title: 'Image folder',
      path: '/home/me/tools',
      channels: 3,
      smallest: [320, 240],
      largest: [4032, 3024],
      bytes: 2_840_000_000,
      leakCount: 0,
      leaks: [],
      duplicateCount: 0,
      licence: null,
      source: null,
      splitRule: 'hash',
      splits: [
        { split: 'train', images: 1810, perClass: [702, 655, 453] },
        { split: 'val', images: 201, perClass: [78, 73, 50] },
      ],
      classes: ['hammer', 'plane', 'saw'],
      rejects: [
        { file: 'saw/IMG_2044.jpg', reason: 'truncated' },
        { file: 'plane/notes.txt', reason: 'not-an-image' },
      ],
      rejectCount: 2,
    },
  },
];

/** A small picture drawn from its number. */
function thumbnail(index: number, label: string): Thumbnail {
  const canvas = document.createElement('canvas');
  canvas.width = 28;
  canvas.height = 28;
  const context = canvas.getContext('2d');
  if (context !== null) {
    context.fillStyle = '#000';
    context.fillRect(0, 0, 28, 28);
    context.fillStyle = `hsl(0 0% ${50 + ((index * 37) % 45)}%)`;
    context.fillRect(6 + (index % 4), 5 + (index % 3), 15 - (index % 5), 18);
  }
  return { index, label, mime: 'image/png', base64: canvas.toDataURL('image/png').split(',')[1] ?? '' };
}

export interface FakeOptions {
  readonly language?: Language;
  readonly theme?: 'light' | 'dark';
  readonly empty?: boolean;
}

export function createFake({ language = 'en', theme = 'light', empty = false }: FakeOptions = {}): Workstation {
  const listeners = new Map<string, Set<(...values: never[]) => void>>();
  const push = <K extends keyof Pushes>(name: K, ...values: Parameters<Pushes[K]>): void => {
    for (const listener of listeners.get(name) ?? [])
      (listener as unknown as (...all: Parameters<Pushes[K]>) => void)(...values);
  };
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  let settings: Settings = { language, theme, resumeAutomatically: false, keepAwake: true, threads: null };
  let step = 412;
  const titles = new Map<string, string>();
  const gone = new Set<string>();
  const listed = (): readonly RunRow[] =>
    empty
      ? []
      : rows
          .filter((one) => !gone.has(one.id))
          .map((one) => ({
            ...one,
            title: titles.get(one.id) ?? one.title,
            step: one.status === 'running' ? step : one.step,
          }));

  const progress = (): Progress => ({
    run: 'vicreg-small-1',
    phase: 'training',
    quietForMs: 8000,
    silentMs: 300,
    liveness: 'alive',
    step,
    steps: 744,
    epoch: step / 234,
    fraction: null,
    samplesPerSecond: 512.4,
    waitShare: 0.06,
    secondsLeft: (744 - step) * 0.5,
    secondsLeftSpread: 14,
    memoryBytes: 912_000_000,
    safeStep: 390,
    safeAt: minutes(2),
    device: 'CPU, 2 threads',
  });
  if (!empty)
    setInterval(() => {
      step = step >= 740 ? 412 : step + 1;
      push('progress', progress());
    }, 700);

  async function sideJob(kind: string, phase: string): Promise<void> {
    for (let at = 0; at <= 10; at += 1) {
      push('job', { kind, phase, fraction: at / 10, secondsLeft: (10 - at) * 0.12, ended: false });
      await pause(120);
    }
    push('job', { kind, phase, fraction: 1, secondsLeft: 0, ended: true });
  }

  const detail = (id: string): RunDetail => {
    const found = listed().find((one) => one.id === id) ?? rows[0]!;
    const isPretrain = found.kind === 'pretrain' && found.status !== 'queued';
    return {
      row: found,
      config: draftFrom(presets[0]!, found.seed),
      folder: `/home/me/Reprise/runs/${id}`,
      attempts:
        found.startedAt === null
          ? []
          : [
              {
                attempt: 1,
                fromStep: 0,
                startedAt: found.startedAt,
                lastSeenAt: minutes(14),
                lastStep: 268,
                ended: found.attempts > 1 ? 'lost' : found.status === 'done' ? 'done' : null,
                fault: null,
              },
              ...(found.attempts > 1
                ? [
                    {
                      attempt: 2,
                      fromStep: 220,
                      startedAt: minutes(13),
                      lastSeenAt: now,
                      lastStep: null,
                      ended: null,
                      fault: null,
                    },
                  ]
                : []),
            ],
      checkpoints: isPretrain
        ? [120, 220, 300, 390].map((at) => ({
            attempt: 1,
            step: at,
            epoch: at / 234,
            folder: `checkpoints/000${at}`,
            bytes: 16_100_000,
            at: minutes(20 - at / 30),
            reason: 'time',
            present: at > 120,
          }))
        : [],
      results:
        found.kind === 'evaluate' && found.status === 'done'
          ? (['top1', 'top5'] as const).map((metric) => ({
              evaluator: 'linear',
              dataset: 'fashion-mnist',
              split: 'test',
              metric,
              value: metric === 'top1' ? (found.headline?.value ?? 80) : 99.1,
              n: 10_000,
              which: 'last' as const,
              epoch: 15,
              protocol: { epochs: 15, inputs: 'features' },
            }))
          : [],
      metrics: isPretrain ? [...Object.keys(shapes), 'probe/top1'] : [],
      holds: isPretrain
        ? [
            { part: 'encoder', tensors: 100, bytes: 2_809_152 },
            { part: 'teacher', tensors: 107, bytes: 5_995_840 },
            { part: 'queue', tensors: 1, bytes: 2_097_152 },
            { part: 'optimizer', tensors: 140, bytes: 7_720_832 },
          ]
        : [],
      signs: isPretrain
        ? [{ metric: 'embeddingStd', limit: 0.1, trouble: 'below', code: 'collapse-suspected', text: 'No spread.' }]
        : [],
      hello: {
        device: 'CPU',
        threads: 2,
        instructionSet: 'AVX2 FMA',
        versions: { node: '22.23.3', tensorflow: '2.21.0' },
      },
      marks: isPretrain
        ? [
            { step: 120, kind: 'checkpoint', text: 'time' },
            { step: 220, kind: 'checkpoint', text: 'time' },
            { step: 220, kind: 'resume', text: '2' },
            { step: 268, kind: 'interrupted', text: 'lost' },
            { step: 300, kind: 'checkpoint', text: 'time' },
            { step: 390, kind: 'checkpoint', text: 'time' },
          ]
        : [],
    };
  };

  const requests: {
    readonly [K in keyof Requests]: (
      ...args: Parameters<Requests[K]>
    ) => ReturnType<Requests[K]> | Promise<ReturnType<Requests[K]>>;
  } = {
    about: () => ({
      version: '0.1.0',
      edition: '-dev',
      home: '/home/me/Reprise',
      platform: 'linux x64',
      versions: { electron: '33.2.1', node: '22.23.3', tensorflow: '2.21.0' },
      systemLanguage: language,
      settings,
    }),
    changeSettings: (next) => (settings = next),
    chooseHome: () => null,
    catalogue: () => catalogue,
    presets: () => presets,
    draftRun: (id, _fingerprint, seed) => draftFrom(presets.find((one) => one.id === id) ?? presets[0]!, seed),
    comparePresets: (left, right) => {
      const [one, other] = [left, right].map((id) => presets.find((preset) => preset.id === id) ?? presets[0]!);
      return changesFrom(one!, draftFrom(other!, 0)).map(({ path, value, now: there }) => ({
        path,
        left: value,
        right: there,
        leftSource: one!.values.find((value) => path.startsWith(value.path))?.source ?? null,
        rightSource: other!.values.find((value) => path.startsWith(value.path))?.source ?? null,
      }));
    },
    precisions: () => ({
      timings: [
        { precision: 'float32', milliseconds: 341, refusal: null },
        { precision: 'bfloat16', milliseconds: 2210, refusal: null },
        { precision: 'float16', milliseconds: null, refusal: 'This processor (AVX2) cannot convolve in float16.' },
      ],
      preferred: 'float32',
      leastGain: 1.2,
    }),
    estimate: (config) => ({
      steps: config.kind === 'pretrain' ? Math.round((Number(getAt(config, 'epochs')) * 60_000) / config.batch) : null,
      seconds: 378,
      secondsSpread: 22,
      basis: 'recorded',
      diskBytes: 64_000_000,
      diskFreeBytes: 212_000_000_000,
      memoryBytes: 910_000_000,
      memoryFreeBytes: 19_400_000_000,
      warnings: [],
      fits: [],
    }),
    calibrate: async () => {
      await sideJob('calibrate', 'calibrating');
      return {
        secondsPerStep: 0.5,
        spreadSeconds: 0.03,
        steps: 20,
        stepsTotal: 744,
        loadSeconds: 3,
        peakMemoryBytes: 9e8,
        checkpointBytes: 1.6e7,
      };
    },
    createRun: () => 'vicreg-small-1',
    draftEvaluation: (of, evaluator): RunConfig => {
      const run = of.kind === 'run' ? of.run : of.weights;
      const { execution, checkpoint, logEvery, normalization, data } = draftFrom(presets[0]!, 1);
      return {
        version: 1,
        kind: 'evaluate',
        title: 'VICReg, linear',
        seed: 1,
        execution,
        checkpoint,
        logEvery,
        normalization,
        subject: { kind: 'run', run, checkpoint: 'last', branch: 0 },
        evaluator,
        train: data,
        test: { ...data, split: 'test' },
        preprocessing: { resize: null, crop: 28, interpolation: 'bilinear' },
      };
    },
    runs: listed,
    run: detail,
    metric: (run, name) => {
      const length = run === 'vicreg-small-1' ? step : (rows.find((one) => one.id === run)?.step ?? 400);
      if (name.startsWith('probe'))
        return {
          ...curve(name, 5, 0, 0, 0),
          steps: [100, 200, 300, 400],
          mean: [71.2, 78.9, 82.1, 83.4],
          min: [71.2, 78.9, 82.1, 83.4],
          max: [71.2, 78.9, 82.1, 83.4],
        };
      const [from, to, noise] = shapes[name] ?? [1, 0, 0];
      return curve(name, length, from, to, noise);
    },
    log: () => [
      { at: minutes(13), level: 'attention', code: 'torn-event', text: '', values: {} },
      {
        at: minutes(12),
        level: 'info',
        code: 'data-opened',
        text: 'Opened 60,000 images of the training split.',
        values: {},
      },
      { at: minutes(2), level: 'info', code: 'saved', text: 'Checkpoint of step 390 saved in 0.4 s.', values: {} },
    ],
    pauseRun: () => undefined,
    continueRun: () => undefined,
    stopRun: () => undefined,
    resumeRun: () => undefined,
    checkpointNow: () => undefined,
    discardRun: () => undefined,
    renameRun: (run, title) => {
      titles.set(run, title);
    },
    noteRun: () => undefined,
    archiveRun: () => undefined,
    deleteRun: (run) => {
      gone.add(run);
    },
    undoDelete: (run) => {
      gone.delete(run);
    },
    moveInQueue: () => undefined,
    importRun: () => 'vicreg-small-1',
    exportWeights: (run, branch, format) => `/home/me/Reprise/runs/${run}/exports/resnet-18-${branch}.${format}`,
    interrupted: () =>
      empty
        ? []
        : [
            {
              run: 'vicreg-wide-7',
              title: 'VICReg, expander 1024',
              step: 1240,
              safeStep: 1200,
              cause: 'trainer-killed',
              fault: null,
              changes: [{ field: 'dataset', theirs: 'a9c1e0d4', ours: '77b0c2ff', kind: 'deviation' }],
            },
          ],
    progress: () => (empty ? [] : [progress()]),
    plans: (): readonly PlanRow[] => {
      const runOf = (key: string): RunRow | undefined => listed().find((one) => one.planKey === key);
      return [
        {
          plan,
          needs: [
            {
              kind: 'data',
              ok: true,
              values: { name: 'fashion-mnist', title: 'Fashion-MNIST', path: '/data/fashion-mnist' },
            },
            { kind: 'disk', ok: true, values: { needed: 240_000_000, free: 212_000_000_000 } },
            { kind: 'memory', ok: true, values: { needed: 910_000_000, free: 19_400_000_000 } },
            { kind: 'time', ok: null, values: empty ? {} : { seconds: 1480 } },
          ],
          runs: plan.runs.map(({ key }) => ({ key, run: runOf(key)?.id ?? null, status: runOf(key)?.status ?? null })),
          state: empty ? 'ready' : 'running',
          secondsLeft: 1480,
          startedAt: empty ? null : minutes(30),
          seeds: 1,
          isShipped: true,
        },
      ];
    },
    startPlan: () => undefined,
    pausePlan: () => undefined,
    addPlan: () => ({
      plan: 'first',
      results: [],
      environment: { version: '0.1.0', platform: 'linux x64', versions: {}, instructionSets: [] },
    }),
    removePlan: () => undefined,
    undoRemovePlan: () => undefined,
    calibratePlan: async () => {
      await sideJob('calibrate', 'calibrating');
      return (await requests.plans())[0]!;
    },
    datasets: () => (empty ? [] : datasets),
    weights: () => (empty ? [] : weights),
    importWeights: async () => {
      await sideJob('importWeights', 'scanning');
      return weights[0]!;
    },
    describeWeights: (_id, name, origin) => ({ ...weights[0]!, name, origin }),
    removeWeights: () => undefined,
    chooseFile: () => '/home/me/resnet50.pth',
    knownData: () => [
      { name: 'fashion-mnist', dataset: 'idx', path: '/data/fashion-mnist', missing: null },
      {
        name: 'sample',
        dataset: 'image-folder',
        path: null,
        missing: 'The built-in sample set has not been written yet.',
      },
    ],
    chooseFolder: () => '/home/me/Documents',
    inspect: async (path) => {
      await sideJob('inspect', 'scanning');
      return path.includes('fashion') ? inspection : wrongFolder;
    },
    addDataset: () => datasets[0]!,
    removeDataset: () => undefined,
    thumbnails: (_fingerprint, _split, count) =>
      Array.from({ length: count }, (_value, index) => thumbnail(index, inspection.classes[index % 10] ?? '')),
    writeSampleSet: async () => {
      await sideJob('sample', 'scanning');
      return inspection;
    },
    cancelJob: () => undefined,
    compare: (selection) =>
      empty
        ? {
            ...comparison(selection),
            claims: [],
            pairs: [],
            parameters: [],
            rows: comparison(selection).rows.map((one) => ({ ...one, ours: null, verdict: 'pending' as const })),
          }
        : comparison(selection),
    exportReport: async (_selection, formats, reportLanguage) => {
      await pause(600);
      return {
        id: 'report-2',
        title: 'VICReg on Fashion-MNIST',
        language: reportLanguage,
        createdAt: now,
        folder: '/home/me/Reprise/reports/2',
        files: formats.map((format) => ({ format, path: `report.${format}`, bytes: 120_000, sha256: 'e3b0c442' })),
        missing: [],
      };
    },
    reports: () =>
      empty
        ? []
        : [
            {
              id: 'report-1',
              title: 'VICReg on Fashion-MNIST',
              language,
              createdAt: minutes(60),
              folder: '/home/me/Reprise/reports/1',
              files: (['html', 'markdown', 'csv', 'json'] as const).map((format, at) => ({
                format,
                path: `report.${format}`,
                bytes: 214_000 / (at + 1),
                sha256: 'e3b0c44298fc1c14',
              })),
              missing: [{ format: 'pdf', reason: 'Neither a display nor Xvfb was to be had.' }],
            },
          ],
    openReport: () => undefined,
    showInFolder: () => undefined,
    hardware: () => ({
      at: Date.now(),
      devices: [
        {
          id: 'cpu',
          name: 'AMD EPYC 7R13 (2)',
          kind: 'cpu',
          usePercent: { value: 88 + 8 * Math.sin(Date.now() / 4000), source: '/proc/stat' },
          memoryUsedBytes: { value: 4.2e9 + 2e8 * Math.sin(Date.now() / 9000), source: '/proc/meminfo' },
          memoryTotalBytes: { value: 24.9e9, source: '/proc/meminfo' },
          temperatureCelsius: { value: null, source: 'not readable' },
          powerWatts: { value: null, source: 'not readable' },
        },
      ],
      diskFreeBytes: { value: 212e9, source: 'statfs' },
      diskTotalBytes: { value: 512e9, source: 'statfs' },
      trainerMemoryBytes: { value: 912e6, source: 'trainer' },
    }),
    doctor: async () => {
      await pause(300);
      return {
        at: Date.now(),
        checks: [
          {
            id: 'runtime',
            state: 'ok',
            text: 'node 22.23.3, electron 33.2.1 on linux x64.',
            values: { node: '22.23.3', electron: '33.2.1' },
          },
          {
            id: 'tensorflow',
            state: 'ok',
            text: 'TensorFlow 2.21.0 loads.',
            values: { version: '2.21.0', threads: 2, instructionSet: 'AVX2 FMA' },
          },
          {
            id: 'device',
            state: 'ok',
            text: 'A 1024 × 1024 matrix product ran on CPU:0 in 31.4 ms.',
            values: { executedOn: 'CPU:0', milliseconds: 31.4, gigaflops: 68, size: 1024 },
          },
          {
            id: 'processor',
            state: 'attention',
            text: 'A busy thread gets only 62 % of a core.',
            values: { percent: 62 },
          },
          {
            id: 'gpu',
            state: 'ok',
            text: 'No NVIDIA GPU is seen (nvidia-smi); training runs on the processor.',
            values: { count: 0 },
          },
          {
            id: 'disk',
            state: 'ok',
            text: '197 GiB free; 64 MiB written and synced at 402 MiB/s (fsync 12 ms).',
            values: { freeBytes: 212e9, bytesPerSecond: 421_000_000, fsyncMilliseconds: 12 },
          },
          {
            id: 'display',
            state: 'attention',
            text: 'No display: the app cannot open a window here; everything works in the terminal.',
            values: { display: '' },
          },
          {
            id: 'database',
            state: 'ok',
            text: 'The run database opens and holds 7 runs (412 KiB).',
            values: { runs: 7, bytes: 421_888 },
          },
        ],
      };
    },
    openLink: () => undefined,
  };

  const answered = Object.fromEntries(
    Object.entries(requests).map(([name, request]) => [
      name,
      async (...args: readonly unknown[]): Promise<Answer<unknown>> => {
        try {
          return {
            ok: true,
            value: structuredClone(
              await (request as (...all: readonly unknown[]) => unknown)(...structuredClone(args)),
            ),
          };
        } catch (error) {
          const fault: Fault = { code: 'internal', message: String(error), values: { request: name } };
          return { ok: false, fault };
        }
      },
    ]),
  );
  return {
    ...(answered as Omit<Workstation, 'on' | 'pathOf'>),
    on: (name, listener) => {
      const all = listeners.get(name) ?? new Set();
      all.add(listener);
      listeners.set(name, all);
      return () => all.delete(listener);
    },
    pathOf: () => '/data/fashion-mnist',
  };
}
