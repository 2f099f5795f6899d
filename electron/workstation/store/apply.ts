/**
 * TrainerEvent → rows, the only reducer: live, on replay and on import. `writesOf` is the pure mapping, `statements`
 * the SQL.
 *
 * Every write is idempotent by its key, and "newest" means by sequence, never by arrival, so any prefix, repetition or
 * order of an attempt's events ends in the same rows.
 */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { asksHowToGoOn } from '../../../trainer/protocol/fault.ts';
import type { Result } from '../../../trainer/protocol/results.ts';
import type { TrainerEvent } from '../../../trainer/protocol/events.ts';
import type { ReadableDatabase, WritableDatabase } from './open.ts';
import { statement } from './statement.ts';

type Value = string | number | null;
export interface Write {
  readonly statement: keyof typeof statements;
  readonly values: Readonly<Record<string, Value>>;
}

const isLatest = `@attempt = (SELECT max(attempt) FROM attempts WHERE run_id = @run)`;
const openAttempt = `${isLatest}
  AND EXISTS (SELECT 1 FROM attempts WHERE run_id = @run AND attempt = @attempt AND ended IS NULL)`;
/** 'lost' is the workstation's guess, replaced by the trainer's own report. */
const endUnknown = `(ended IS NULL OR ended = 'lost')`;

const statements = {
  /** Any event creates its attempt; progress only increases. */
  seen: `
    INSERT INTO attempts (run_id, attempt, from_step, started_at, last_seen_at, last_step, last_sequence)
    VALUES (@run, @attempt, 0, @at, @at, @step, @sequence)
    ON CONFLICT DO UPDATE SET
      last_seen_at = max(coalesce(last_seen_at, 0), excluded.last_seen_at),
      last_step = max(coalesce(last_step, 0), coalesce(excluded.last_step, last_step, 0)),
      last_sequence = max(coalesce(last_sequence, 0), excluded.last_sequence)`,
  /** The trainer's actual start counts, not the requested one: it falls back if a checkpoint does not verify. */
  began: `
    UPDATE attempts SET from_step = @fromStep, started_at = @at, pid = iif(ended IS NULL, coalesce(pid, @pid), NULL)
    WHERE run_id = @run AND attempt = @attempt`,
  running: `
    UPDATE runs SET status = 'running', fault = NULL
    WHERE id = @run AND ${openAttempt}
      AND NOT EXISTS (SELECT 1 FROM hellos WHERE run_id = @run AND attempt = @attempt)`,
  hello: `
    INSERT OR IGNORE INTO hellos (run_id, attempt, device, threads, instruction_set, versions)
    VALUES (@run, @attempt, @device, @threads, @instructionSet, @versions)`,
  phase: `
    UPDATE attempts SET phase = @phase, phase_sequence = @sequence
    WHERE run_id = @run AND attempt = @attempt AND coalesce(phase_sequence, -1) < @sequence`,
  /** After 'phase': a run is paused or running according to its newest phase. */
  phaseStatus: `
    UPDATE runs SET status =
      iif((SELECT phase FROM attempts WHERE run_id = @run AND attempt = @attempt) = 'paused', 'paused', 'running')
    WHERE id = @run AND status IN ('running', 'paused') AND ${openAttempt}`,
  beat: `
    INSERT INTO beats (run_id, attempt, at, step, steps) VALUES (@run, @attempt, @at, @step, @steps)
    ON CONFLICT DO UPDATE SET at = excluded.at, step = excluded.step, steps = excluded.steps
    WHERE excluded.at >= at`,
  metric: `
    INSERT OR IGNORE INTO metrics (run_id, name, attempt, step, value) VALUES (@run, @name, @attempt, @step, @value)`,
  checkpoint: `
    INSERT INTO checkpoints (run_id, attempt, step, epoch, folder, bytes, at, reason, manifest_sha256)
    VALUES (@run, @attempt, @step, @epoch, @folder, @bytes, @at, @reason, @manifestSha256)
    ON CONFLICT DO NOTHING`,
  result: `
    INSERT INTO results (run_id, attempt, sequence, place, at, evaluator, dataset, fingerprint, split, metric, value, n,
      which, epoch, protocol, per_image, predictions, by_class, ranking, detections, spread)
    VALUES (@run, @attempt, @sequence, @place, @at, @evaluator, @dataset, @fingerprint, @split, @metric, @value, @n,
      @which, @epoch, @protocol, @perImage, @predictions, @byClass, @ranking, @detections, @spread)
    ON CONFLICT DO NOTHING`,
  log: `
    INSERT INTO logs (run_id, attempt, sequence, at, level, code, text, step, vals)
    VALUES (@run, @attempt, @sequence, @at, @level, @code, @text, @step, @values)
    ON CONFLICT DO NOTHING`,
  /** Before 'ended': only the newest attempt sets the run's status, and only when its end is first reported. */
  endedStatus: `
    UPDATE runs SET status = @status, fault = @fault WHERE id = @run AND ${isLatest}
      AND EXISTS (SELECT 1 FROM attempts WHERE run_id = @run AND attempt = @attempt AND ${endUnknown})`,
  ended: `
    UPDATE attempts SET ended = @ended, fault = @fault, pid = NULL, pid_started_at = NULL
    WHERE run_id = @run AND attempt = @attempt AND ${endUnknown}`,
} as const;

const statusAfter = { done: 'done', asked: 'stopped', failed: 'failed' } as const;

type EventOf<Type extends TrainerEvent['type']> = Extract<TrainerEvent, { type: Type }>;

interface AttemptKey {
  readonly run: string;
  readonly attempt: number;
}

function keyOf({ run, attempt }: TrainerEvent): AttemptKey {
  return { run, attempt };
}

function timedKeyOf(event: TrainerEvent): AttemptKey & { readonly at: number } {
  return { ...keyOf(event), at: Math.round(event.at) };
}

/** The rows an event becomes. Pure. */
export function writesOf(event: TrainerEvent): readonly Write[] {
  switch (event.type) {
    case 'hello':
      return writesOfHello(event);
    case 'phase':
      return writesOfPhase(event);
    case 'metrics':
      return writesOfMetrics(event);
    case 'beat':
      return [{ statement: 'beat', values: { ...timedKeyOf(event), step: event.step, steps: event.steps } }];
    case 'checkpoint':
      return writesOfCheckpoint(event);
    case 'result':
      return writesOfResult(event);
    case 'log':
      return writesOfLog(event);
    case 'stopped':
      return writesOfEnd(event);
  }
}

function seenAt(event: TrainerEvent, step: number | null): Write {
  return { statement: 'seen', values: { ...timedKeyOf(event), sequence: event.sequence, step } };
}

function writesOfHello(event: EventOf<'hello'>): readonly Write[] {
  return [
    seenAt(event, event.fromStep),
    { statement: 'began', values: { ...timedKeyOf(event), fromStep: event.fromStep, pid: event.pid } },
    { statement: 'running', values: { ...keyOf(event) } },
    {
      statement: 'hello',
      values: {
        ...keyOf(event),
        device: event.device,
        threads: event.threads,
        instructionSet: event.instructionSet,
        versions: JSON.stringify(event.versions),
      },
    },
  ];
}

function writesOfPhase(event: EventOf<'phase'>): readonly Write[] {
  return [
    seenAt(event, null),
    { statement: 'phase', values: { ...keyOf(event), phase: event.phase, sequence: event.sequence } },
    { statement: 'phaseStatus', values: { ...keyOf(event) } },
  ];
}

function writesOfMetrics(event: EventOf<'metrics'>): readonly Write[] {
  return [
    seenAt(event, event.points.length === 0 ? null : Math.max(...event.points.map((point) => point.step))),
    ...event.points.map((point): Write => ({
      statement: 'metric',
      values: { ...keyOf(event), name: point.name, step: point.step, value: finite(point.value) },
    })),
  ];
}

function writesOfCheckpoint(event: EventOf<'checkpoint'>): readonly Write[] {
  return [
    seenAt(event, event.step),
    {
      statement: 'checkpoint',
      values: {
        ...timedKeyOf(event),
        step: event.step,
        epoch: event.epoch,
        folder: event.folder,
        bytes: event.bytes,
        reason: event.reason,
        manifestSha256: event.manifestSha256,
      },
    },
  ];
}

function writesOfResult(event: EventOf<'result'>): readonly Write[] {
  const results = event.outcome.kind === 'results' ? event.outcome.results : [];
  return [
    seenAt(event, null),
    ...results.map((result, place): Write => ({
      statement: 'result',
      values: { ...timedKeyOf(event), sequence: event.sequence, place, ...resultValues(result) },
    })),
  ];
}

function writesOfLog(event: EventOf<'log'>): readonly Write[] {
  return [
    seenAt(event, event.step ?? null),
    {
      statement: 'log',
      values: {
        ...timedKeyOf(event),
        sequence: event.sequence,
        level: event.level,
        code: event.code,
        text: event.text,
        step: event.step ?? null,
        values: JSON.stringify(event.values),
      },
    },
  ];
}

function writesOfEnd(event: EventOf<'stopped'>): readonly Write[] {
  const fault = event.fault === undefined ? null : JSON.stringify(event.fault);
  const status = asksHowToGoOn(event.fault) ? 'interrupted' : statusAfter[event.why];
  return [
    seenAt(event, event.step),
    { statement: 'endedStatus', values: { ...keyOf(event), status, fault } },
    { statement: 'ended', values: { ...keyOf(event), ended: event.why, fault } },
  ];
}

function resultValues(result: Result): Write['values'] {
  return {
    evaluator: result.evaluator,
    dataset: result.dataset,
    fingerprint: result.fingerprint ?? null,
    split: result.split,
    metric: result.metric,
    value: finite(result.value),
    n: result.n,
    which: result.which,
    epoch: result.epoch ?? null,
    protocol: JSON.stringify(result.protocol),
    perImage: result.perImage ?? null,
    predictions: result.predictions ?? null,
    byClass: result.byClass === undefined ? null : JSON.stringify(result.byClass),
    ranking: result.ranking ?? null,
    detections: result.detections ?? null,
    spread: result.spread === undefined ? null : JSON.stringify(result.spread),
  };
}

/** SQLite distinguishes infinities from NULL; on the pipe and in the file both are null, so both are null here. */
function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}

/** One transaction. An event of a run without a row rejects the whole call. */
export function applyEvents(database: WritableDatabase, events: readonly TrainerEvent[]): void {
  const known = new Set<string>();
  for (const event of events) {
    if (known.has(event.run)) continue;
    if (!runExists(database, event.run))
      throw new FaultError('unknown-id', `An event of run "${event.run}" came, but there is no such run.`, {
        run: event.run,
      });
    known.add(event.run);
  }
  for (const event of events) {
    for (const write of writesOf(event)) statement(database, statements[write.statement]).run(write.values);
  }
}

function runExists(database: ReadableDatabase, run: string): boolean {
  return statement(database, 'SELECT 1 FROM runs WHERE id = ?').get(run) !== undefined;
}

export function lastApplied(
  database: ReadableDatabase,
  run: string,
): { readonly attempt: number; readonly sequence: number } | null {
  const row = statement<{ readonly attempt: number; readonly sequence: number }>(
    database,
    `SELECT attempt, last_sequence AS sequence FROM attempts
     WHERE run_id = ? AND last_sequence IS NOT NULL ORDER BY attempt DESC LIMIT 1`,
  ).get(run);
  return row ?? null;
}
