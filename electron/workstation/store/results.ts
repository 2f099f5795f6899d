/** Evaluation results, and the trainer's log. */
import * as v from 'valibot';
import { ByClass, Protocol, Spread, type Result } from '../../../trainer/protocol/results.ts';
import type { LogLine, RunDetail } from '../../api/runs.ts';
import type { ReadableDatabase } from './open.ts';
import { statement } from './statement.ts';
import type { StoredResult } from './store.ts';

interface ResultRecord {
  readonly run_id: string;
  readonly attempt: number;
  readonly evaluator: string;
  readonly dataset: string;
  readonly fingerprint: string | null;
  readonly split: string;
  readonly metric: string;
  readonly value: number | null;
  readonly n: number;
  readonly which: Result['which'];
  readonly epoch: number | null;
  readonly protocol: string;
  readonly per_image: string | null;
  readonly predictions: string | null;
  readonly by_class: string | null;
  readonly ranking: string | null;
  readonly detections: string | null;
  readonly spread: string | null;
}

/** @param runs null: of every run that is not deleted */
export function results(database: ReadableDatabase, runs: readonly string[] | null): readonly StoredResult[] {
  const records = statement<ResultRecord>(
    database,
    `SELECT * FROM results WHERE run_id IN (
       ${runs === null ? 'SELECT id FROM runs WHERE deleted = 0' : 'SELECT value FROM json_each(?)'}
     ) ORDER BY run_id, attempt, sequence, place`,
  ).all(...(runs === null ? [] : [JSON.stringify(runs)]));
  return records.map((record) => ({ run: record.run_id, attempt: record.attempt, result: resultOf(record) }));
}

function resultOf(record: ResultRecord): Result {
  return {
    evaluator: record.evaluator,
    dataset: record.dataset,
    ...(record.fingerprint === null ? {} : { fingerprint: record.fingerprint }),
    split: record.split,
    metric: record.metric,
    value: record.value,
    n: record.n,
    which: record.which,
    ...(record.epoch === null ? {} : { epoch: record.epoch }),
    protocol: v.parse(Protocol, JSON.parse(record.protocol)),
    ...(record.per_image === null ? {} : { perImage: record.per_image }),
    ...(record.predictions === null ? {} : { predictions: record.predictions }),
    ...(record.by_class === null ? {} : { byClass: v.parse(ByClass, JSON.parse(record.by_class)) }),
    ...(record.ranking === null ? {} : { ranking: record.ranking }),
    ...(record.detections === null ? {} : { detections: record.detections }),
    ...(record.spread === null ? {} : { spread: v.parse(Spread, JSON.parse(record.spread)) }),
  };
}

const LogValues = v.record(v.string(), v.union([v.string(), v.number()]));

/** Runs whose log has a notice with one of these codes. */
export function runsWithNotices(database: ReadableDatabase, codes: readonly string[]): readonly string[] {
  const found = statement<{ readonly run_id: string }>(
    database,
    'SELECT DISTINCT run_id FROM logs WHERE code IN (SELECT value FROM json_each(?)) ORDER BY run_id',
  ).all(JSON.stringify(codes));
  return found.map((row) => row.run_id);
}

/** The newest lines, oldest of them first. A line's step is one of its values. */
export function log(database: ReadableDatabase, run: string, lines: number): readonly LogLine[] {
  return statement<Omit<LogLine, 'values'> & { readonly step: number | null; readonly vals: string }>(
    database,
    `SELECT at, level, code, text, step, vals FROM logs WHERE run_id = ? ORDER BY attempt DESC, sequence DESC LIMIT ?`,
  )
    .all(run, lines)
    .map(({ step, vals, ...line }) => {
      const values = v.parse(LogValues, JSON.parse(vals));
      return { ...line, values: step === null ? values : { ...values, step } };
    })
    .toReversed();
}

const Versions = v.record(v.string(), v.string());

export function hello(database: ReadableDatabase, run: string): RunDetail['hello'] {
  const row = statement<{
    readonly device: string;
    readonly threads: number;
    readonly instructionSet: string;
    readonly versions: string;
  }>(
    database,
    `SELECT device, threads, instruction_set AS instructionSet, versions FROM hellos
     WHERE run_id = ? ORDER BY attempt DESC LIMIT 1`,
  ).get(run);
  return row === undefined ? null : { ...row, versions: v.parse(Versions, JSON.parse(row.versions)) };
}
