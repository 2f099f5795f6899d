/** Shared by the tests of the store: configurations, events, and an in-memory database with every migration. */
import { join } from 'node:path';
import * as v from 'valibot';
import { FaultError } from '../../../../trainer/durable/fault-error.ts';
import { faultOf } from '../../../../trainer/durable/fault-of.ts';
import type { TrainerEvent, TrainerEventOf } from '../../../../trainer/protocol/events.ts';
import { Result } from '../../../../trainer/protocol/results.ts';
import { RunConfig } from '../../../../trainer/protocol/run.ts';
import { openDatabase, readMigrations, type WritableDatabase } from '../open.ts';
import { createQueries } from '../queries.ts';
import type { Queries, Store } from '../store.ts';

export const migrationsFolder = join(import.meta.dirname, '../../../../migrations');
/** Run directly: Node 22 strips the types. */
export const childScript = join(import.meta.dirname, '../child.ts');
export const now = () => new Date('2026-03-01T12:00:00Z');

const normalization = { mean: [0.286], std: [0.353] };
const data = (split: string) => ({ dataset: 'idx', path: '/data/fashion-mnist', split });

export const pretrainConfig = v.parse(RunConfig, {
  version: 1,
  kind: 'pretrain',
  title: 'VICReg small, seed 1',
  seed: 1,
  execution: { threads: 1 },
  method: { id: 'vicreg' },
  encoders: [{ id: 'resnet18' }],
  data: data('train'),
  views: [{ size: 28, cropArea: [0.2, 1] }],
  normalization,
  optimizer: { id: 'lars' },
  schedule: { id: 'cosine' },
  batch: 256,
  epochs: 1,
});

export function evaluateConfig(subject: string): RunConfig {
  return v.parse(RunConfig, {
    version: 1,
    kind: 'evaluate',
    title: 'k-NN',
    seed: 1,
    execution: { threads: 1 },
    subject: { kind: 'run', run: subject, checkpoint: 'last' },
    evaluator: { id: 'knn' },
    train: data('train'),
    test: data('test'),
    preprocessing: { resize: null, crop: 28 },
    normalization,
  });
}

export const result = v.parse(Result, {
  evaluator: 'knn',
  dataset: 'fashion-mnist',
  split: 'test',
  metric: 'top1',
  value: 86.5,
  n: 10000,
  which: 'only',
  protocol: { k: 20, temperature: 0.07, cosine: true },
  perImage: 'results/knn-top1-only.bin',
  predictions: 'results/knn-top1-only.predictions.bin.gz',
  byClass: [
    { name: 'boat', value: 61.5, cost: 10 },
    { name: 'cow', value: null, cost: 0.1 },
  ],
  ranking: 'results/knn-top1-only.ranking.bin',
  detections: 'results/detections.json',
  spread: { resamples: 1000, bias: 0.5, bounds: [{ confidence: 0.95, low: 80, high: 90 }] },
});

export function openQueries(): { readonly database: WritableDatabase; readonly queries: Queries } {
  const { database } = openDatabase(':memory:', readMigrations(migrationsFolder), now);
  return { database, queries: createQueries(database) };
}

export function insertPretrain(queries: Pick<Queries, 'insertRun'>, id: string): void {
  queries.insertRun({
    id,
    config: pretrainConfig,
    folder: `/runs/${id}`,
    createdAt: 1000,
    plan: null,
    planKey: null,
    status: 'queued',
  });
}

type Body<T> = T extends unknown ? Omit<T, 'run' | 'attempt' | 'sequence' | 'at'> : never;

/** Numbers the events of one attempt from 1, a second apart. */
export function attemptOf(
  run: string,
  attempt: number,
  bodies: readonly Body<TrainerEvent>[],
): readonly TrainerEvent[] {
  return bodies.map((body, index) => ({
    ...body,
    run,
    attempt,
    sequence: index + 1,
    at: attempt * 100_000 + index * 1000,
  }));
}

export const hello = (fromStep: number): Body<TrainerEventOf<'hello'>> => ({
  type: 'hello',
  protocol: 1,
  pid: 4242,
  versions: { tensorflow: '2.21.0' },
  device: 'cpu',
  threads: 1,
  instructionSet: 'avx2',
  fromStep,
});

export const metrics = (
  name: string,
  points: readonly (readonly [number, number | null])[],
): Body<TrainerEventOf<'metrics'>> => ({
  type: 'metrics',
  points: points.map(([step, value]) => ({ step, name, value })),
});

export const checkpoint = (step: number): Body<TrainerEventOf<'checkpoint'>> => ({
  type: 'checkpoint',
  step,
  epoch: step / 100,
  folder: `checkpoints/${String(step).padStart(6, '0')}`,
  bytes: 1234,
  seconds: 0.2,
  reason: 'steps',
  manifestSha256: 'a'.repeat(64),
});

export const stopped = (why: TrainerEventOf<'stopped'>['why'], step: number): Body<TrainerEventOf<'stopped'>> => ({
  type: 'stopped',
  why,
  step,
  safeStep: step,
});

/** Every row of every table, in key order, for comparing databases. */
export function allRows(
  database: WritableDatabase,
  leaveOut: readonly string[] = [],
): Readonly<Record<string, readonly unknown[]>> {
  const tables = database
    .prepare<[], { readonly name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .all()
    .map((row) => row.name)
    .filter((name) => name !== 'applied' && !leaveOut.includes(name));
  return Object.fromEntries(
    tables.map((name) => {
      const columns = database
        .prepare<[], { readonly name: string }>(`SELECT name FROM pragma_table_info('${name}')`)
        .all();
      const order = columns.map((column) => `"${column.name}"`).join(', ');
      return [name, database.prepare(`SELECT * FROM ${name} ORDER BY ${order}`).all()];
    }),
  );
}

/** The queries as the workstation sees them, without a separate process: fast enough for thousands of cases. */
export function storeOf(queries: Queries): Store {
  const ask =
    (query: (...args: never[]) => unknown) =>
    (...args: never[]): Promise<unknown> => {
      try {
        const value = query(...args);
        return Promise.resolve(value === undefined ? undefined : JSON.parse(JSON.stringify(value)));
      } catch (error) {
        const { code, message, values } = faultOf(error);
        return Promise.reject(new FaultError(code, message, values));
      }
    };
  return {
    ...Object.fromEntries(Object.entries(queries).map(([name, query]) => [name, ask(query as never)])),
    close: () => Promise.resolve(),
  } as unknown as Store;
}
