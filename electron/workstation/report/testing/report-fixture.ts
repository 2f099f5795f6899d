/** Made-up records of the first plan, for the tests of the report. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { PlanFile } from '../../../../trainer/protocol/plan.ts';
import type { Result } from '../../../../trainer/protocol/results.ts';
import type { EpochChoice } from '../../../api/comparison.ts';
import type { Series } from '../../../api/curves.ts';
import { compareRuns } from '../../comparison/compare.ts';
import { catalogue, papers, presets, storedRun } from '../../testing/comparison-fixture.ts';
import type { StoredResult, StoredRun } from '../../store/store.ts';
import type { ReportInput, ReportRun } from '../model.ts';
import { said } from '../../../../trainer/protocol/sentence.ts';

const resource = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../../resources/${path}`, import.meta.url), 'utf8'));

const figures: Readonly<Record<string, readonly [number, number]>> = {
  'vicreg-linear': [85.91, 99.5],
  'vicreg-knn': [86.02, 98.9],
  'no-variance-linear': [70.4, 97.1],
  'no-variance-knn': [66.2, 94.0],
  'random-linear': [76.49, 98.2],
  'random-knn': [76.36, 96.7],
  'supervised-linear': [90.31, 99.8],
  'supervised-knn': [90.12, 98.7],
  'pixels-linear': [84.38, 99.1],
  'pixels-knn': [85.09, 98.1],
};
const images = 10_000;
/** A different tenth of the images is wrong first in each run, so that pairs have images on both sides. */
const right = (percent: number, offset: number): Uint8Array =>
  Uint8Array.from({ length: images }, (_, i) => Number((i * 7919 + offset * 613) % images < (percent / 100) * images));

function results(run: StoredRun): readonly StoredResult[] {
  const key = run.planKey ?? '';
  const own = figures[key];
  if (own === undefined) return [];
  const linear = key.endsWith('linear');
  const protocol = linear
    ? { head: 'linear', layer: 'pooled', inputs: 'features', epochs: 15 }
    : { k: 20, temperature: 0.07, similarity: 'cosine', layer: 'pooled' };
  const base = { dataset: 'idx', fingerprint: 'f-small', split: 'test', n: images, protocol };
  const evaluator = linear ? 'linear' : 'knn';
  const one = (metric: string, value: number, which: Result['which']): StoredResult => ({
    run: run.id,
    attempt: 1,
    result: { ...base, evaluator, metric, value, which, perImage: `results/${metric}.bin` },
  });
  const [top1, top5] = own;
  if (!linear) return [one('top1', top1, 'only'), one('top5', top5, 'only')];
  return [
    one('top1', top1, 'last'),
    one('top5', top5, 'last'),
    one('top1', top1 + 0.13, 'best'),
    one('top5', top5 + 0.05, 'best'),
  ];
}

const steps = Array.from({ length: 100 }, (_, index) => index * 8);
function series(name: string, from: number, to: number): Series {
  const mean = steps.map((step) => to + (from - to) * Math.exp(-step / 150) + 0.03 * (from - to) * Math.sin(step / 9));
  const spread = 0.05 * Math.abs(from - to);
  return { name, steps, mean, min: mean.map((x) => x - spread), max: mean.map((x) => x + spread), discarded: [] };
}
const curvesOf: Readonly<Record<string, readonly Series[]>> = {
  vicreg: [
    series('loss', 18.1, 15.2),
    series('invariance', 0.5, 0.21),
    series('variance', 0.62, 0.4),
    series('covariance', 0.02, 0.11),
    series('embeddingStd', 0.4, 0.62),
    series('effectiveRank', 40, 121),
    series('lr', 0.003, 0),
  ],
  'no-variance': [
    series('loss', 3.2, 0.02),
    series('invariance', 0.1, 0.0002),
    series('variance', 0.7, 0.99),
    series('covariance', 0.02, 0.0001),
    series('embeddingStd', 0.35, 0.004),
    series('effectiveRank', 40, 5),
    series('lr', 0.003, 0),
  ],
  supervised: [series('loss', 2.3, 0.31), series('accuracy', 0.1, 0.885), series('lr', 0.003, 0)],
};

/** Runs of the first plan as if they had ended; one was interrupted and resumed. */
export async function firstPlan(epoch?: EpochChoice): Promise<ReportInput> {
  const plan = v.parse(PlanFile, resource('plans/first.json'));
  const start = Date.UTC(2026, 0, 2, 3, 4, 5);
  const onDisk = { path: '/data/fashion-mnist', fingerprint: 'f-small' };
  const runs = plan.runs.map(({ key, config }, index): StoredRun => {
    const resolved =
      config.kind === 'pretrain'
        ? { ...config, data: { ...config.data, ...onDisk } }
        : {
            ...config,
            train: { ...config.train, ...onDisk },
            test: { ...config.test, ...onDisk },
            subject:
              config.subject.kind === 'run'
                ? { ...config.subject, run: `first-${config.subject.run}` }
                : config.subject,
          };
    const createdAt = start + index * 120_000;
    return storedRun(`first-${key}`, resolved, {
      plan: plan.id,
      planKey: key,
      createdAt,
      startedAt: createdAt + 2000,
      endedAt: createdAt + 110_000,
      steps: 748,
      step: 748,
    });
  });
  const stored = runs.flatMap(results);
  const comparison = await compareRuns({
    selection: { kind: 'plan', plan: plan.id, epoch },
    runs,
    results: stored,
    papers,
    presets,
    plan,
    datasets: [{ fingerprint: 'f-small', name: 'Fashion-MNIST' }],
    catalogue,
    wentBack: new Set(),
    meanMetric: () => Promise.resolve(0.0041),
    computedBy: () => Promise.resolve('this program'),
    memoize: (_key, make) => make(),
    perImage: (run, file) => {
      const key = run.slice('first-'.length);
      const [top1 = 0, top5 = 0] = figures[key] ?? [];
      return Promise.resolve(right(file.includes('top5') ? top5 : top1, Object.keys(figures).indexOf(key)));
    },
  });
  return {
    comparison,
    plan,
    planStoredAt: start - 1000,
    papers,
    presets,
    catalogue,
    runs: runs.map((run) => reportRun(run, stored)),
    datasets: [
      {
        fingerprint: 'f-small',
        name: 'Fashion-MNIST',
        path: '/data/fashion-mnist',
        signature: '',
        inspectedAt: start,
        builtIn: true,
        inspection: {
          version: 1,
          dataset: 'idx',
          title: 'Fashion-MNIST',
          path: '/data/fashion-mnist',
          contents: 'checked',
          fingerprint: 'f-small',
          expected: [],
          found: [],
          splits: [
            { split: 'train', images: 60_000, perClass: Array.from({ length: 10 }, () => 6000) },
            { split: 'test', images: 10_000, perClass: Array.from({ length: 10 }, () => 1000) },
          ],
          classes: Array.from({ length: 10 }, (_, index) => String(index)),
          channels: 1,
          smallest: [28, 28],
          largest: [28, 28],
          bytes: 30_878_645,
          rejects: [],
          rejectCount: 0,
          rejectKinds: [],
          choices: [],
          unused: [],
          warnings: [],
          leaks: [],
          leakCount: 0,
          duplicateCount: 43,
          nearDuplicates: null,
          licence: 'MIT',
          source: null,
          splitRule: null,
          seconds: 2,
        },
      },
    ],
    environment: {
      version: '0.1.0',
      edition: '',
      platform: 'linux x64',
      versions: { Electron: '45.4.1', Node: '22.23.3' },
    },
  };
}

function reportRun(run: StoredRun, stored: readonly StoredResult[]): ReportRun {
  const interrupted = run.planKey === 'no-variance';
  const startedAt = run.createdAt + 2000;
  const whole = {
    attempt: 1,
    fromStep: 0,
    startedAt,
    lastSeenAt: run.endedAt,
    lastStep: 748,
    ended: 'done',
    fault: null,
  } as const;
  return {
    run,
    attempts: interrupted
      ? [
          { ...whole, lastSeenAt: startedAt + 40_000, lastStep: 310, ended: 'lost' },
          { ...whole, attempt: 2, fromStep: 280, startedAt: startedAt + 45_000 },
        ]
      : [whole],
    checkpoints: [],
    results: stored.filter((row) => row.run === run.id),
    withoutCopies: stored.filter((row) => row.run === run.id).map(() => null),
    hello: {
      device: 'cpu',
      threads: 2,
      instructionSet: 'avx2',
      versions: { TensorFlow: '2.21.0' },
    },
    log: [],
    leftOut: {
      images: 3,
      reasons: [
        {
          reason: said`a damaged or truncated ${'JPEG'} file that cannot be decoded`,
          images: 3,
          files: ['train/a/1.jpg'],
        },
      ],
    },
    series: curvesOf[run.planKey ?? ''] ?? [],
    files: [
      { path: 'config.json', bytes: 1834, sha256: 'ab'.repeat(32) },
      ...(run.kind === 'pretrain'
        ? [{ path: 'checkpoints/000748/manifest.json', bytes: 9120, sha256: 'cd'.repeat(32) }]
        : []),
    ],
  };
}
