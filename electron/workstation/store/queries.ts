/** Every query of the run database, each in one transaction, and whether it may write. */
import { applyEvents, lastApplied } from './apply.ts';
import { adoptCheckpoint, checkpoints, markCheckpoint, marks } from './checkpoints.ts';
import * as library from './library.ts';
import { lastMetric, meanMetric, metricNames, series } from './metrics.ts';
import type { ReadableDatabase, WritableDatabase } from './open.ts';
import * as references from './reference-curves.ts';
import { hello, log, results, runsWithNotices } from './results.ts';
import * as runs from './runs.ts';
import type { Queries } from './store.ts';

type On<D, K extends keyof Queries> = (database: D, ...args: Parameters<Queries[K]>) => ReturnType<Queries[K]>;

const reads = {
  lastApplied,
  openAttempts: runs.openAttempts,
  replayed: runs.replayed,
  queue: runs.queue,
  runs: runs.runs,
  run: runs.run,
  attempts: runs.attempts,
  checkpoints,
  metricNames,
  lastMetric,
  meanMetric,
  series,
  log,
  runsWithNotices,
  marks,
  hello,
  results,
  datasets: library.datasets,
  plans: library.plans,
  reports: library.reports,
  referenceCurves: references.referenceCurves,
  referenceSeries: references.referenceSeries,
  calibration: library.calibration,
} satisfies { readonly [K in keyof Queries]?: On<ReadableDatabase, K> };

const writes = {
  apply: applyEvents,
  insertRun: runs.insertRun,
  beginAttempt: runs.beginAttempt,
  endAttempt: runs.endAttempt,
  markReplayed: runs.markReplayed,
  markFolder: runs.markFolder,
  setStatus: runs.setStatus,
  rename: runs.rename,
  note: runs.note,
  archive: runs.archive,
  tag: runs.tag,
  markDeleted: runs.markDeleted,
  forget: runs.forget,
  setQueue: runs.setQueue,
  markCheckpoint,
  adoptCheckpoint,
  saveDataset: library.saveDataset,
  forgetDataset: library.forgetDataset,
  forgetPlan: library.forgetPlan,
  savePlan: library.savePlan,
  saveReport: library.saveReport,
  saveReferenceCurves: references.saveReferenceCurves,
  describeReferenceCurves: references.describeReferenceCurves,
  forgetReferenceCurves: references.forgetReferenceCurves,
  saveCalibration: library.saveCalibration,
} satisfies { readonly [K in Exclude<keyof Queries, keyof typeof reads>]: On<WritableDatabase, K> };

type Query = (database: WritableDatabase, ...args: never[]) => unknown;

export function createQueries(database: WritableDatabase): Queries {
  const bound = (query: unknown, begin: 'deferred' | 'immediate') => {
    const transaction = database.transaction((...args: never[]) => (query as Query)(database, ...args));
    return (...args: never[]): unknown => transaction[begin](...args);
  };
  const entries: readonly (readonly [string, unknown])[] = [
    // Reads inside a transaction see one consistent state of all tables.
    ...Object.entries(reads).map(([name, query]) => [name, bound(query, 'deferred')] as const),
    ...Object.entries(writes).map(([name, query]) => [name, bound(query, 'immediate')] as const),
  ];
  return Object.fromEntries(entries) as unknown as Queries;
}
