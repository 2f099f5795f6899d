/**
 * Interface of the run database. `queries` in the child implement it with better-sqlite3; `client.ts` offers it
 * asynchronously. Every function is one transaction.
 */
import type { Series } from '../../api/curves.ts';
import type { AttemptRow, CheckpointRow, LogLine, RunDetail, RunRow } from '../../api/runs.ts';
import type { Inspection } from '../../../trainer/protocol/dataset.ts';
import type { TrainerEvent } from '../../../trainer/protocol/events.ts';
import type { ReferencePoints, ReferenceRecord } from '../../../trainer/protocol/reference-curves.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import type { Result } from '../../../trainer/protocol/results.ts';
import type { RunConfig, RunStatus } from '../../../trainer/protocol/run.ts';

/** A run as stored: RunRow without what only the live workstation knows (queue waits, disk use, units, names of encoders). */
export type StoredRun = Omit<RunRow, 'waitsFor' | 'diskBytes' | 'headline' | 'subject' | 'encoder'> & {
  /** `evaluator`: null for a figure of the training. */
  readonly headline: {
    readonly evaluator: string | null;
    readonly metric: string;
    readonly value: number | null;
  } | null;
  readonly config: RunConfig;
  readonly folder: string;
  readonly deleted: boolean;
  /** Step of the newest checkpoint of the life the run stands on, whether or not its folder is still there. */
  readonly savedStep: number | null;
};

export interface StoredCheckpoint extends CheckpointRow {
  /** As it was saved, or found. */
  readonly manifestSha256: string;
}

export interface StoredResult {
  readonly run: string;
  readonly attempt: number;
  readonly result: Result;
}

export interface StoredDataset {
  readonly fingerprint: string;
  readonly name: string;
  readonly path: string;
  readonly inspection: Inspection;
  /** Cheap hash of names, sizes and times, to notice a change without hashing contents. */
  readonly signature: string;
  readonly inspectedAt: number;
  readonly builtIn: boolean;
}

export interface StoredPlan {
  readonly id: string;
  /** The plan as it stood when started: its rules count, later edits do not. */
  readonly plan: string;
  readonly startedAt: number;
  readonly paused: boolean;
}

export interface StoredReport {
  readonly id: string;
  readonly title: string;
  readonly language: 'en' | 'zh';
  readonly createdAt: number;
  readonly folder: string;
}

export interface Queries {
  /** Events → rows. Idempotent in (run, attempt, sequence); unknown runs are refused. Used live, on replay and on import. */
  apply(events: readonly TrainerEvent[]): void;
  /** Highest applied (attempt, sequence) of a run. */
  lastApplied(run: string): { readonly attempt: number; readonly sequence: number } | null;

  insertRun(run: {
    readonly id: string;
    readonly config: RunConfig;
    readonly folder: string;
    readonly createdAt: number;
    readonly plan: string | null;
    readonly planKey: string | null;
    readonly status: RunStatus;
  }): void;
  beginAttempt(
    run: string,
    attempt: {
      readonly attempt: number;
      readonly fromStep: number;
      readonly startedAt: number;
      readonly pid: number;
      readonly pidStartedAt: number;
    },
  ): void;
  endAttempt(
    run: string,
    attempt: number,
    ended: NonNullable<AttemptRow['ended']>,
    fault: Fault | null,
    at: number,
  ): void;
  openAttempts(): readonly {
    readonly run: string;
    readonly attempt: number;
    readonly pid: number;
    readonly pidStartedAt: number;
  }[];
  setStatus(run: string, status: RunStatus, fault: Fault | null): void;
  rename(run: string, title: string): void;
  note(run: string, note: string): void;
  archive(run: string, archived: boolean): void;
  /** Replaces its tags. */
  tag(run: string, tags: readonly string[]): void;
  markDeleted(run: string, deleted: boolean): void;
  /** Removes the rows for good. */
  forget(run: string): void;
  /**
   * How far the start-up sweep has replayed each run's events.ndjson, whether its folder existed, its status, and the folders of the
   * checkpoints that were there.
   */
  replayed(): readonly {
    readonly run: string;
    readonly folder: string;
    readonly bytes: number;
    readonly present: boolean;
    readonly status: RunStatus;
    readonly checkpoints: readonly string[];
  }[];
  markReplayed(run: string, bytes: number): void;
  markFolder(run: string, folder: string, present: boolean): void;
  setQueue(order: readonly string[]): void;
  queue(): readonly string[];

  /** The newest first: those of a status, or all. */
  runs(status?: RunStatus): readonly StoredRun[];
  run(run: string): StoredRun | null;
  attempts(run: string): readonly AttemptRow[];
  checkpoints(run: string): readonly StoredCheckpoint[];
  /** `folder`: one of several of that step; without it, all. */
  markCheckpoint(run: string, step: number, present: boolean, folder?: string): void;
  /** Adds a verified checkpoint folder without an event. */
  adoptCheckpoint(run: string, checkpoint: Omit<StoredCheckpoint, 'reason' | 'present'>): void;
  metricNames(run: string): readonly string[];
  lastMetric(run: string, name: string): number | null;
  /** Mean of a metric over the kept points from a step on, for claim rules. */
  meanMetric(run: string, name: string, fromStep: number): number | null;
  series(run: string, name: string, points: number): Series;
  log(run: string, lines: number): readonly LogLine[];
  runsWithNotices(codes: readonly string[]): readonly string[];
  marks(run: string): RunDetail['marks'];
  hello(run: string): RunDetail['hello'];
  results(runs: readonly string[] | null): readonly StoredResult[];

  saveDataset(dataset: StoredDataset): void;
  forgetDataset(fingerprint: string): void;
  forgetPlan(id: string): void;
  datasets(): readonly StoredDataset[];
  savePlan(plan: StoredPlan): void;
  plans(): readonly StoredPlan[];
  saveReport(report: StoredReport): void;
  reports(): readonly StoredReport[];
  /** Adds them, or puts them in the place of those of the same id. */
  saveReferenceCurves(record: ReferenceRecord, points: ReferencePoints['curves']): void;
  /** Takes over the name and the metrics of a record. */
  describeReferenceCurves(record: ReferenceRecord): void;
  forgetReferenceCurves(id: string): void;
  referenceCurves(): readonly ReferenceRecord[];
  /** A curve by the name in its file; the steps are positions on the record's axis. */
  referenceSeries(id: string, source: string, points: number): Series;
  /** Saves measured seconds per step, by the shape of a run (`calibrationKey`). */
  saveCalibration(key: string, calibration: string, at: number): void;
  calibration(key: string): { readonly calibration: string; readonly at: number } | null;
}

/** The same, over a pipe to the child that owns the database. */
export type Store = {
  readonly [K in keyof Queries]: (...args: Parameters<Queries[K]>) => Promise<ReturnType<Queries[K]>>;
} & { readonly close: () => Promise<void> };
