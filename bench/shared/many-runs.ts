/** A workspace's worth of runs, each finished with its curves, three checkpoints and two results. */
import { join } from 'node:path';
import * as v from 'valibot';
import type { Store } from '../../electron/workstation/store/store.ts';
import type { TrainerEvent } from '../../trainer/protocol/events.ts';
import { RunConfig } from '../../trainer/protocol/run.ts';

/** Curves of a run. */
export const names = ['loss', 'invariance', 'variance', 'covariance', 'std-mean', 'std-min', 'rank-me', 'lr'];

export const idOf = (index: number): string => `run-${String(index).padStart(5, '0')}`;

const config = (seed: number): RunConfig =>
  v.parse(RunConfig, {
    version: 1,
    kind: 'pretrain',
    title: `VICReg, seed ${seed}`,
    seed,
    execution: { threads: 2 },
    method: { id: 'vicreg', options: { invariance: 25, variance: 25, covariance: 1 } },
    encoders: [{ id: 'resnet-18' }],
    data: { dataset: 'idx', path: '/data/fashion-mnist', split: 'train' },
    views: [
      { size: 28, cropArea: [0.2, 1] },
      { size: 28, cropArea: [0.2, 1] },
    ],
    normalization: { mean: [0.286], std: [0.353] },
    optimizer: { id: 'adamw' },
    schedule: { id: 'cosine' },
    // Runs differ in something beside their seeds.
    batch: 256 << (seed % 3),
    epochs: 10,
  });

/** One finished run with its curve, three checkpoints and two results. */
function story(run: string, rows: number): readonly TrainerEvent[] {
  const head = { run, attempt: 1, at: 1_700_000_000_000 };
  const steps = Math.floor(rows / names.length);
  const metrics = Array.from({ length: Math.ceil(steps / 100) }, (_, part): TrainerEvent => {
    const own = Array.from({ length: Math.min(100, steps - part * 100) }, (_, index) => 10 * (part * 100 + index + 1));
    const values = own.flatMap((step) => names.map((name, index) => ({ step, name, value: Math.sin(step + index) })));
    return { ...head, sequence: part + 2, type: 'metrics', points: values };
  });
  const result = { evaluator: 'knn', dataset: 'fashion-mnist', split: 'test', n: 10_000, which: 'only' as const };
  const protocol = { k: 20, temperature: 0.07 };
  const results = ['top1', 'top5'].map((metric) => ({ ...result, metric, value: 80, protocol }));
  const tail = metrics.length + 2;
  return [
    {
      ...head,
      sequence: 1,
      type: 'hello',
      protocol: 1,
      pid: 1,
      versions: {},
      device: 'cpu',
      threads: 2,
      instructionSet: 'avx2',
      fromStep: 0,
    },
    ...metrics,
    ...[1, 2, 3].map((part): TrainerEvent => {
      const step = Math.round((steps * 10 * part) / 3);
      const place = `checkpoints/${String(step).padStart(6, '0')}`;
      return {
        ...head,
        sequence: tail + part,
        type: 'checkpoint',
        step,
        epoch: part,
        folder: place,
        bytes: 1,
        seconds: 1,
        reason: 'time',
        manifestSha256: '',
      };
    }),
    { ...head, sequence: tail + 4, type: 'result', outcome: { kind: 'results', results } },
    { ...head, sequence: tail + 5, type: 'stopped', why: 'done', step: steps * 10, safeStep: steps * 10 },
  ];
}

export interface ManyRuns {
  readonly runs: number;
  readonly rowsPerRun: number;
  /** Holds a folder for each. */
  readonly folder: string;
}

export async function fill(store: Store, { runs, rowsPerRun, folder }: ManyRuns): Promise<void> {
  for (let index = 0; index < runs; index += 1) {
    const id = idOf(index);
    await store.insertRun({
      id,
      config: config(index),
      folder: join(folder, id),
      createdAt: index,
      plan: null,
      planKey: null,
      status: 'queued',
    });
    await store.apply(story(id, rowsPerRun));
  }
}
