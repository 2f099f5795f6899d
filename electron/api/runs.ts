/** Runs as the window sees them: row, details, log, progress, interruption. */
import type { Metric } from '../../trainer/protocol/catalogue.ts';
import type { Phase } from '../../trainer/protocol/events.ts';
import type { Fault } from '../../trainer/protocol/fault.ts';
import type { Sign } from '../../trainer/protocol/health.ts';
import type { Result } from '../../trainer/protocol/results.ts';
import type { RunConfig, RunKind, RunStatus } from '../../trainer/protocol/run.ts';
import type { Said } from '../../trainer/protocol/sentence.ts';
import type { WhenNotFinite } from '../../trainer/protocol/when-not-finite.ts';
import type { Difference } from './comparison.ts';

/** A run in a list. */
export interface RunRow {
  readonly id: string;
  readonly kind: RunKind;
  readonly title: string;
  readonly status: RunStatus;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Place in the queue from 1, null when not queued. */
  readonly queuePosition: number | null;
  /** Why a queued run waits: its plan is paused, another run holds the device, or a run it depends on is not done. */
  readonly waitsFor: { readonly kind: 'device' | 'run'; readonly run: string } | { readonly kind: 'plan' } | null;
  readonly method: string;
  readonly dataset: string;
  readonly seed: number;
  /** Trained or evaluated, as comparisons name it; empty where its run is gone. */
  readonly encoder: string;
  /** Run whose encoder is evaluated. */
  readonly subject: string | null;
  readonly plan: string | null;
  readonly planKey: string | null;
  readonly note: string;
  readonly archived: boolean;
  /** Words that a person gave it, in the order they were given. */
  readonly tags: readonly string[];
  readonly step: number;
  readonly steps: number | null;
  readonly safeStep: number | null;
  readonly attempts: number;
  readonly diskBytes: number;
  readonly headline: {
    readonly metric: string;
    readonly value: number | null;
    readonly unit: Metric['unit'];
  } | null;
  readonly fault: Fault | null;
}

/**
 * What the runs of a workspace differ in, a column each; values in the order of `runs`, null where a run has none.
 * Settings that are the same in all runs that have them are left out.
 */
export interface RunColumns {
  readonly runs: readonly string[];
  /** Fields as comparisons name them: `optimizer.options.rate`, `views.1,2.blur`, `protocol.k`. */
  readonly settings: readonly { readonly field: string; readonly values: readonly Difference['ours'][] }[];
  /** Figures of evaluations: of a head that has two, the last epoch's. */
  readonly figures: readonly {
    readonly evaluator: string;
    readonly metric: string;
    /** Its name in the workspace. */
    readonly dataset: string;
    readonly split: string;
    readonly unit: Metric['unit'];
    readonly values: readonly (number | null)[];
  }[];
}

/** One life of the trainer process inside a run. */
export interface AttemptRow {
  readonly attempt: number;
  readonly fromStep: number;
  readonly startedAt: number;
  readonly lastSeenAt: number | null;
  readonly lastStep: number | null;
  readonly ended: 'done' | 'asked' | 'failed' | 'lost' | null;
  readonly fault: Fault | null;
}

/** A checkpoint of a run; `present`: its folder still exists. */
export interface CheckpointRow {
  readonly attempt: number;
  readonly step: number;
  readonly epoch: number;
  readonly folder: string;
  readonly bytes: number;
  readonly at: number;
  readonly reason: string;
  readonly present: boolean;
}

/** A part of a checkpoint, by the first word of its tensors' names. */
export interface CheckpointPart {
  readonly part: string;
  readonly tensors: number;
  readonly bytes: number;
}

/** A figure over the images that have no copy, exact or near, in a split that the model learned from. */
export interface WithoutCopies {
  /** Images left out. */
  readonly images: number;
  /** In the unit of the figure; null if no image is left. */
  readonly value: number | null;
  /** The splits that hold the copies. */
  readonly splits: readonly string[];
}

/** A result with the unit of its value, as the evaluator declares it. */
export interface ResultRow extends Result {
  readonly unit: Metric['unit'];
  /** Null if there are no such images, or they were not looked for. */
  readonly withoutCopies: WithoutCopies | null;
}

/** A run on its own page. */
/** Images that a run leaves out because their files are damaged. */
export interface LeftOutImages {
  readonly images: number;
  /** By reason, most frequent first; of each the first files by name. */
  readonly reasons: readonly { readonly reason: Said; readonly images: number; readonly files: readonly string[] }[];
}

export interface RunDetail {
  readonly row: RunRow;
  readonly config: RunConfig;
  readonly folder: string;
  readonly attempts: readonly AttemptRow[];
  readonly checkpoints: readonly CheckpointRow[];
  /** Contents of the newest checkpoint that exists; empty if there is none that can be read. */
  readonly holds: readonly CheckpointPart[];
  readonly results: readonly ResultRow[];
  /** Metrics that have points. */
  readonly metrics: readonly Pick<Metric, 'name' | 'unit'>[];
  /** Curves of the spectrum of its representation by rank, the smallest first; not among its metrics. */
  readonly spectrum: readonly { readonly rank: number; readonly name: string }[];
  readonly leftOut: LeftOutImages;
  /** Alarms its metrics are watched for. */
  readonly signs: readonly Sign[];
  readonly hello: {
    readonly device: string;
    readonly threads: number;
    readonly instructionSet: string;
    readonly versions: Readonly<Record<string, string>>;
  } | null;
  /** Checkpoints, resumes, faults on the step axis. */
  readonly marks: readonly {
    readonly step: number;
    readonly kind: 'checkpoint' | 'resume' | 'interrupted' | 'log' | 'result';
    readonly text: string;
  }[];
}

/** A line of a run's log. */
export interface LogLine {
  readonly at: number;
  readonly level: 'info' | 'attention' | 'error';
  readonly code: string;
  readonly text: string;
  readonly values: Readonly<Record<string, string | number>>;
}

/** Progress of the run that is being trained. */
export interface Progress {
  readonly run: string;
  readonly phase: Phase | null;
  /** Why it is paused, where nobody asked for it. */
  readonly pausedBy: Fault | null;
  /** How long silence is normal in this phase, and since when the trainer has been silent. */
  readonly quietForMs: number;
  readonly silentMs: number;
  readonly liveness: 'alive' | 'slow' | 'silent';
  readonly step: number;
  /** Null until the trainer counts steps, and where nothing is trained. */
  readonly steps: number | null;
  readonly epoch: number;
  readonly fraction: number | null;
  readonly samplesPerSecond: number | null;
  readonly waitShare: number | null;
  readonly secondsLeft: number | null;
  readonly secondsLeftSpread: number | null;
  readonly memoryBytes: number | null;
  readonly safeStep: number | null;
  readonly safeAt: number | null;
  readonly device: string;
}

/** A run that was cut off, as the start-up sweep found it. */
export interface Interrupted {
  readonly run: string;
  readonly title: string;
  readonly step: number;
  readonly safeStep: number | null;
  readonly cause: 'trainer-killed' | 'workstation-killed' | 'machine' | 'failed';
  readonly fault: Fault | null;
  /** How a run that stopped to ask went past losses that are not finite: a resume may choose another way. Null for any other. */
  readonly whenNotFinite: WhenNotFinite | null;
  /** Data or machine that is not what it was: named before a resume. */
  readonly changes: readonly Difference[];
}
