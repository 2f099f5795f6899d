/** Runs, attempts and the queue. */
import * as v from 'valibot';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { Fault } from '../../../trainer/protocol/fault.ts';
import { RunConfig, type RunStatus } from '../../../trainer/protocol/run.ts';
import type { AttemptRow } from '../../api/runs.ts';
import type { ReadableDatabase, WritableDatabase } from './open.ts';
import { statement } from './statement.ts';
import type { Queries, StoredRun } from './store.ts';

export function insertRun(database: WritableDatabase, run: Parameters<Queries['insertRun']>[0]): void {
  const { config } = run;
  statement(
    database,
    `INSERT INTO runs (id, kind, title, status, created_at, method, dataset, seed, subject_run, plan, plan_key, folder, config)
     VALUES (@id, @kind, @title, @status, @createdAt, @method, @dataset, @seed, @subjectRun, @plan, @planKey, @folder, @config)`,
  ).run({
    id: run.id,
    kind: config.kind,
    title: config.title,
    status: run.status,
    createdAt: run.createdAt,
    seed: config.seed,
    plan: run.plan,
    planKey: run.planKey,
    folder: run.folder,
    config: JSON.stringify(config),
    ...subjectOf(config),
  });
}

/**
 * The method and data set under which a configuration is listed; an evaluation of a run takes that run's method on
 * reading.
 */
function subjectOf(config: RunConfig): { method: string; dataset: string; subjectRun: string | null } {
  if (config.kind === 'pretrain') return { method: config.method.id, dataset: config.data.dataset, subjectRun: null };
  const { subject } = config;
  const dataset = config.test.dataset;
  if (subject.kind === 'run') return { method: '', dataset, subjectRun: subject.run };
  const method = subject.kind === 'weights' ? subject.origin.method : null;
  return { method: method ?? subject.kind, dataset, subjectRun: null };
}

interface RunRecord {
  readonly id: string;
  readonly kind: 'pretrain' | 'evaluate';
  readonly title: string;
  readonly status: RunStatus;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly last_seen_at: number | null;
  readonly position: number | null;
  readonly method: string;
  readonly dataset: string;
  readonly seed: number;
  readonly plan: string | null;
  readonly plan_key: string | null;
  readonly note: string;
  readonly archived: number;
  readonly tags: string;
  readonly deleted: number;
  readonly folder: string;
  readonly config: string;
  readonly fault: string | null;
  readonly step: number;
  readonly steps: number | null;
  readonly safe_step: number | null;
  readonly saved_step: number | null;
  readonly attempts: number;
  readonly headline_evaluator: string | null;
  readonly headline_metric: string | null;
  readonly headline_value: number | null;
}

/** Headline: an evaluation's first metric at the last epoch, a pretraining's last loss. */
const selectRuns = `
  SELECT r.id, r.kind, r.title, r.status, r.created_at, r.dataset, r.seed, r.plan, r.plan_key, r.note, r.archived, r.tags,
    r.deleted, r.folder, r.config, r.fault,
    coalesce(subject.method, r.method) AS method,
    (SELECT count(*) FROM queue WHERE position <= q.position) AS position,
    (SELECT min(started_at) FROM attempts WHERE run_id = r.id) AS started_at,
    max(coalesce(a.last_seen_at, 0), coalesce(b.at, 0), coalesce(a.started_at, 0)) AS last_seen_at,
    coalesce(a.attempt, 0) AS attempts,
    max(coalesce(a.last_step, a.from_step, 0), coalesce(b.step, 0)) AS step,
    (SELECT steps FROM beats WHERE run_id = r.id ORDER BY attempt DESC LIMIT 1) AS steps,
    (SELECT max(step) FROM kept_checkpoints WHERE run_id = r.id AND present = 1) AS safe_step,
    (SELECT max(step) FROM kept_checkpoints WHERE run_id = r.id) AS saved_step,
    h.evaluator AS headline_evaluator,
    h.metric AS headline_metric,
    h.value AS headline_value
  FROM runs r
  LEFT JOIN runs subject ON subject.id = r.subject_run
  LEFT JOIN queue q ON q.run_id = r.id
  LEFT JOIN attempts a ON a.run_id = r.id AND a.attempt = (SELECT max(attempt) FROM attempts WHERE run_id = r.id)
  LEFT JOIN beats b ON b.run_id = r.id AND b.attempt = a.attempt
  LEFT JOIN results h ON h.run_id = r.id AND (h.attempt, h.sequence, h.place) = (
    SELECT attempt, sequence, place FROM results WHERE run_id = r.id
    ORDER BY which = 'best', attempt DESC, sequence DESC, place LIMIT 1
  )`;

const Tags = v.array(v.string());

const endedStates: readonly RunStatus[] = ['done', 'stopped', 'failed', 'interrupted'];

export function runs(database: ReadableDatabase, status: RunStatus | null = null): readonly StoredRun[] {
  return statement<RunRecord>(
    database,
    `${selectRuns} WHERE @status IS NULL OR r.status = @status ORDER BY r.created_at DESC, r.id DESC`,
  )
    .all({ status })
    .map((record) => storedRun(database, record));
}

export function run(database: ReadableDatabase, id: string): StoredRun | null {
  const record = statement<RunRecord>(database, `${selectRuns} WHERE r.id = ?`).get(id);
  return record === undefined ? null : storedRun(database, record);
}

function storedRun(database: ReadableDatabase, record: RunRecord): StoredRun {
  return {
    id: record.id,
    kind: record.kind,
    title: record.title,
    status: record.status,
    createdAt: record.created_at,
    startedAt: record.started_at,
    endedAt: endedStates.includes(record.status) && record.attempts > 0 ? record.last_seen_at : null,
    queuePosition: record.position === 0 ? null : record.position,
    method: record.method,
    dataset: record.dataset,
    seed: record.seed,
    plan: record.plan,
    planKey: record.plan_key,
    note: record.note,
    archived: record.archived === 1,
    tags: v.parse(Tags, JSON.parse(record.tags)),
    deleted: record.deleted === 1,
    folder: record.folder,
    step: record.step,
    steps: record.status === 'done' ? record.step : record.steps,
    safeStep: record.safe_step,
    savedStep: record.saved_step,
    attempts: record.attempts,
    headline: headlineOf(database, record),
    config: parseConfig(record.id, record.config),
    fault: parseFault(record.fault),
  };
}

function headlineOf(database: ReadableDatabase, record: RunRecord): StoredRun['headline'] {
  const { headline_evaluator: evaluator, headline_metric: metric, headline_value: value } = record;
  if (metric !== null) return { evaluator, metric, value };
  const loss = statement<{ readonly value: number | null }>(
    database,
    `SELECT value FROM metrics WHERE run_id = ? AND name = 'loss' ORDER BY attempt DESC, step DESC LIMIT 1`,
  ).get(record.id);
  return loss === undefined ? null : { evaluator: null, metric: 'loss', value: loss.value };
}

/** A run's configuration never changes, so each text is parsed once. */
const parsedConfigs = new Map<string, RunConfig>();

function parseConfig(id: string, text: string): RunConfig {
  const known = parsedConfigs.get(text);
  if (known !== undefined) return known;
  const parsed = v.safeParse(RunConfig, JSON.parse(text));
  if (!parsed.success)
    throw new FaultError(
      'internal',
      `The stored configuration of run "${id}" is not valid: ${parsed.issues[0].message}`,
    );
  parsedConfigs.set(text, parsed.output);
  return parsed.output;
}

export function parseFault(text: string | null): Fault | null {
  return text === null ? null : v.parse(Fault, JSON.parse(text));
}

export function beginAttempt(
  database: WritableDatabase,
  run: string,
  attempt: Parameters<Queries['beginAttempt']>[1],
): void {
  expectRun(database, run);
  statement(
    database,
    `INSERT INTO attempts (run_id, attempt, from_step, started_at, pid, pid_started_at)
     VALUES (@run, @attempt, @fromStep, @startedAt, @pid, @pidStartedAt)
     ON CONFLICT DO UPDATE SET pid = excluded.pid, pid_started_at = excluded.pid_started_at WHERE ended IS NULL`,
  ).run({ run, ...attempt });
  statement(
    database,
    `UPDATE runs SET status = 'running', fault = NULL
     WHERE id = ? AND EXISTS (SELECT 1 FROM attempts WHERE run_id = id AND attempt = ? AND ended IS NULL)`,
  ).run(run, attempt.attempt);
}

/** The trainer's own report takes precedence; only an attempt without an end gets this one. */
export function endAttempt(
  database: WritableDatabase,
  run: string,
  attempt: number,
  ended: NonNullable<AttemptRow['ended']>,
  fault: Fault | null,
  at: number,
): void {
  expectRun(database, run);
  statement(
    database,
    `UPDATE attempts SET ended = @ended, fault = @fault, pid = NULL, pid_started_at = NULL,
       last_seen_at = max(coalesce(last_seen_at, 0), @at)
     WHERE run_id = @run AND attempt = @attempt AND ended IS NULL`,
  ).run({ run, attempt, ended, fault: fault === null ? null : JSON.stringify(fault), at: Math.round(at) });
}

export function openAttempts(database: ReadableDatabase): ReturnType<Queries['openAttempts']> {
  return statement<ReturnType<Queries['openAttempts']>[number]>(
    database,
    `SELECT run_id AS run, attempt, coalesce(pid, 0) AS pid, coalesce(pid_started_at, 0) AS pidStartedAt
     FROM attempts WHERE ended IS NULL ORDER BY run_id, attempt`,
  ).all();
}

export function attempts(database: ReadableDatabase, run: string): readonly AttemptRow[] {
  interface Row extends Omit<AttemptRow, 'fault'> {
    readonly fault: string | null;
  }
  return statement<Row>(
    database,
    `SELECT a.attempt, from_step AS fromStep, started_at AS startedAt,
       nullif(max(coalesce(last_seen_at, 0), coalesce(b.at, 0)), 0) AS lastSeenAt,
       iif(last_step IS NULL AND b.step IS NULL, NULL, max(coalesce(last_step, 0), coalesce(b.step, 0))) AS lastStep,
       ended, fault
     FROM attempts a LEFT JOIN beats b ON b.run_id = a.run_id AND b.attempt = a.attempt
     WHERE a.run_id = ? ORDER BY a.attempt`,
  )
    .all(run)
    .map((row) => ({ ...row, fault: parseFault(row.fault) }));
}

export function setStatus(database: WritableDatabase, run: string, status: RunStatus, fault: Fault | null): void {
  expectRun(database, run);
  statement(database, 'UPDATE runs SET status = ?, fault = ? WHERE id = ?').run(
    status,
    fault === null ? null : JSON.stringify(fault),
    run,
  );
}

export function rename(database: WritableDatabase, run: string, title: string): void {
  expectRun(database, run);
  statement(database, 'UPDATE runs SET title = ? WHERE id = ?').run(title, run);
}

export function note(database: WritableDatabase, run: string, text: string): void {
  expectRun(database, run);
  statement(database, 'UPDATE runs SET note = ? WHERE id = ?').run(text, run);
}

export function archive(database: WritableDatabase, run: string, archived: boolean): void {
  expectRun(database, run);
  statement(database, 'UPDATE runs SET archived = ? WHERE id = ?').run(Number(archived), run);
}

export function tag(database: WritableDatabase, run: string, tags: readonly string[]): void {
  expectRun(database, run);
  statement(database, 'UPDATE runs SET tags = ? WHERE id = ?').run(JSON.stringify(tags), run);
}

export function markDeleted(database: WritableDatabase, run: string, deleted: boolean): void {
  expectRun(database, run);
  statement(database, 'UPDATE runs SET deleted = ? WHERE id = ?').run(Number(deleted), run);
}

export function forget(database: WritableDatabase, run: string): void {
  statement(database, 'DELETE FROM runs WHERE id = ?').run(run);
}

export function setQueue(database: WritableDatabase, order: readonly string[]): void {
  statement(database, 'DELETE FROM queue').run();
  for (const [index, run] of order.entries()) {
    expectRun(database, run);
    statement(database, 'INSERT INTO queue (position, run_id) VALUES (?, ?)').run(index + 1, run);
  }
}

export function queue(database: ReadableDatabase): readonly string[] {
  return statement<{ readonly run: string }>(database, 'SELECT run_id AS run FROM queue ORDER BY position')
    .all()
    .map((row) => row.run);
}

export function expectRun(database: ReadableDatabase, run: string): void {
  if (statement(database, 'SELECT 1 FROM runs WHERE id = ?').get(run) === undefined)
    throw new FaultError('unknown-id', `There is no run "${run}".`, { run });
}

export function replayed(database: ReadableDatabase): ReturnType<Queries['replayed']> {
  type Entry = ReturnType<Queries['replayed']>[number];
  return statement<Omit<Entry, 'present' | 'checkpoints'> & { readonly present: number; readonly checkpoints: string }>(
    database,
    `SELECT id AS run, folder, replayed_bytes AS bytes, folder_present AS present, status,
       (SELECT json_group_array(c.folder) FROM checkpoints c WHERE c.run_id = r.id AND c.present = 1) AS checkpoints
     FROM runs r ORDER BY id`,
  )
    .all()
    .map((row) => ({
      ...row,
      present: row.present === 1,
      checkpoints: JSON.parse(row.checkpoints) as readonly string[],
    }));
}

export function markReplayed(database: WritableDatabase, run: string, bytes: number): void {
  expectRun(database, run);
  statement(database, 'UPDATE runs SET replayed_bytes = ? WHERE id = ?').run(bytes, run);
}

export function markFolder(database: WritableDatabase, run: string, folder: string, present: boolean): void {
  expectRun(database, run);
  statement(database, 'UPDATE runs SET folder = ?, folder_present = ? WHERE id = ?').run(folder, Number(present), run);
}
