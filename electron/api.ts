/** PURE. What the window may ask of the main process, and what it hears. Types and one list of names, nothing else. */
import type { PauseTime } from '../trainer/protocol/commands.ts';
import type { Catalogue, Metric } from '../trainer/protocol/catalogue.ts';
import type { WeightsFormat } from '../trainer/protocol/weights.ts';
import type { Fault } from '../trainer/protocol/fault.ts';
import type { Inspection, Thumbnail } from '../trainer/protocol/dataset.ts';
import type { Calibration, Phase } from '../trainer/protocol/events.ts';
import type { Sign } from '../trainer/protocol/health.ts';
import type { DoctorReport, HardwareReading, PrecisionTimings } from '../trainer/protocol/hardware.ts';
import type { Choice } from '../trainer/protocol/options.ts';
import type { Cell } from '../trainer/protocol/paper.ts';
import type { Claim, Plan } from '../trainer/protocol/plan.ts';
import type { Preset, PresetDifference } from '../trainer/protocol/preset.ts';
import type { Protocol, Result } from '../trainer/protocol/results.ts';
import type { ImportedWeights, Origin } from '../trainer/protocol/weights.ts';
import type { Precision, RunConfig, RunKind, RunStatus } from '../trainer/protocol/run.ts';

export type Language = 'en' | 'zh';
export type Theme = 'system' | 'light' | 'dark';

export interface Settings {
  readonly language: Language | 'system';
  readonly theme: Theme;
  /** Resume interrupted runs without asking, when the last attempt made progress. */
  readonly resumeAutomatically: boolean;
  readonly keepAwake: boolean;
  readonly threads: number | null;
}

export interface About {
  readonly version: string;
  /** "-dev" when this runs on the fallback Electron. */
  readonly edition: string;
  readonly home: string;
  readonly platform: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly systemLanguage: Language;
  readonly settings: Settings;
}

/** What a file is chosen as: weights, or a list of names. */
export type FileKind = 'weights' | 'list' | 'bundle';

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
  /** Why a queued run waits: another run holds the device, or a run it depends on is not done. */
  readonly waitsFor: { readonly kind: 'device' | 'run'; readonly run: string } | null;
  readonly method: string;
  readonly dataset: string;
  readonly seed: number;
  readonly plan: string | null;
  readonly planKey: string | null;
  readonly note: string;
  readonly archived: boolean;
  readonly step: number;
  readonly steps: number | null;
  readonly safeStep: number | null;
  readonly attempts: number;
  readonly diskBytes: number;
  readonly headline: { readonly metric: string; readonly value: number | null } | null;
  readonly fault: Fault | null;
}

export interface AttemptRow {
  readonly attempt: number;
  readonly fromStep: number;
  readonly startedAt: number;
  readonly lastSeenAt: number | null;
  readonly lastStep: number | null;
  readonly ended: 'done' | 'asked' | 'failed' | 'lost' | null;
  readonly fault: Fault | null;
}
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
export interface RunDetail {
  readonly row: RunRow;
  readonly config: RunConfig;
  readonly folder: string;
  readonly attempts: readonly AttemptRow[];
  readonly checkpoints: readonly CheckpointRow[];
  /** What the last checkpoint that is there holds; empty where there is none, or none that can be read. */
  readonly holds: readonly CheckpointPart[];
  readonly results: readonly Result[];
  /** Names of the metrics that have points. */
  readonly metrics: readonly string[];
  /** What its metrics are watched for. */
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

/** A curve as it is drawn: at most `points` buckets, each the first step of its bucket with mean, min and max. */
export interface Series {
  readonly name: string;
  readonly steps: readonly number[];
  /** null: not finite somewhere in the bucket. */
  readonly mean: readonly (number | null)[];
  readonly min: readonly (number | null)[];
  readonly max: readonly (number | null)[];
  /** Points a later attempt took over from: drawn grey, never joined to the curve. */
  readonly discarded: readonly {
    readonly attempt: number;
    readonly steps: readonly number[];
    readonly values: readonly (number | null)[];
  }[];
}

export interface LogLine {
  readonly at: number;
  readonly level: 'info' | 'attention' | 'error';
  readonly code: string;
  readonly text: string;
  readonly values: Readonly<Record<string, string | number>>;
}

/** What a run will take, before the button. null = not known, with the reason beside it. */
export interface Estimate {
  readonly steps: number | null;
  readonly seconds: number | null;
  readonly secondsSpread: number | null;
  /** measured: a calibration of real steps on this machine; recorded: from an earlier run of the same shape; none: not known yet. */
  readonly basis: 'measured' | 'recorded' | 'none';
  readonly diskBytes: number | null;
  readonly diskFreeBytes: number | null;
  readonly memoryBytes: number | null;
  readonly memoryFreeBytes: number | null;
  readonly warnings: readonly Fault[];
  /** Where the memory does not suffice: what of it would, and about how much it takes. */
  readonly fits: readonly (
    | {
        /** So many samples at once, with the gradient of the whole batch. */
        readonly kind: 'chunk';
        readonly value: number;
        readonly memoryBytes: number;
      }
    | {
        /** A smaller batch, at the base learning rate that the paper has for it. */
        readonly kind: 'batch';
        readonly value: number;
        readonly baseRate: number;
        readonly where: string;
        readonly memoryBytes: number;
      }
  )[];
}

export interface Progress {
  readonly run: string;
  readonly phase: Phase | null;
  /** How long silence is normal in this phase, and since when the trainer has been silent. */
  readonly quietForMs: number;
  readonly silentMs: number;
  readonly liveness: 'alive' | 'slow' | 'silent';
  readonly step: number;
  readonly steps: number;
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

export interface DatasetRow {
  readonly fingerprint: string;
  readonly name: string;
  readonly path: string;
  readonly inspection: Inspection;
  readonly inspectedAt: number;
  /** The folder still stands and its quick signature is unchanged. */
  readonly state: 'ready' | 'missing' | 'changed';
  readonly builtIn: boolean;
  /** Ids of the evaluators that can measure on it. */
  readonly evaluators: readonly string[];
}
/** Data that the machine has without the user picking anything. */
export interface KnownData {
  readonly name: string;
  readonly dataset: string;
  readonly path: string | null;
  /** Why it is not there, where it is not. */
  readonly missing: string | null;
}

/** A plan from elsewhere, and what it gave there. */
export interface AddedPlan {
  readonly plan: string;
  /** By the key of the plan's run. */
  readonly results: readonly (Pick<Result, 'evaluator' | 'dataset' | 'split' | 'metric' | 'value' | 'which' | 'n'> & {
    readonly run: string;
  })[];
  readonly environment: {
    readonly version: string;
    readonly platform: string;
    readonly versions: Readonly<Record<string, string>>;
    readonly instructionSets: readonly string[];
  };
}
export interface PlanRow {
  readonly plan: Plan;
  /** Needs with this machine's answers. */
  readonly needs: readonly {
    readonly kind: 'data' | 'disk' | 'memory' | 'time';
    readonly ok: boolean | null;
    readonly values: Readonly<Record<string, string | number>>;
  }[];
  readonly runs: readonly { readonly key: string; readonly run: string | null; readonly status: RunStatus | null }[];
  readonly state: 'ready' | 'running' | 'paused' | 'done' | 'blocked';
  readonly secondsLeft: number | null;
  /** The claim rules as stored when the plan was started: later edits do not count. */
  readonly startedAt: number | null;
  /** How many seeds its runs have. */
  readonly seeds: number;
  /** Came with the program. One that was taken in can be removed. */
  readonly isShipped: boolean;
}

export type Verdict = 'reproduced' | 'not-reproduced' | 'inconclusive' | 'not-comparable' | 'pending';

/** Why two numbers are or are not comparable: a field that differs. */
export interface Reason {
  readonly field: string;
  readonly theirs: string | number | boolean | null;
  readonly ours: string | number | boolean | null;
  /** breaks: no verdict is possible; deviation: stated beside it. */
  readonly kind: 'breaks' | 'deviation';
  /** What the paper found where it changed this alone: its figure, what it became (or a remark), at which value, and where that stands. */
  readonly effect?:
    | {
        readonly from: number;
        readonly to: number | string | null;
        readonly at: Reason['theirs'];
        readonly where: string;
      }
    | undefined;
}
export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
  /** t over seeds, Wilson over images, paired bootstrap over images … */
  readonly method: 't-seeds' | 'wilson' | 'bootstrap' | 'paired-bootstrap' | 'welch';
}
export interface ComparisonRow {
  readonly key: string;
  /** What was measured, on what. */
  readonly subject: {
    readonly label: string;
    readonly role: 'main' | 'ablation' | 'control' | 'other';
    readonly method: string;
    readonly encoder: string;
  };
  readonly evaluator: string;
  readonly dataset: string;
  readonly split: string;
  readonly metric: string;
  /** As the evaluator declares it: a share of images and other percentages, or a number on a scale of its own. */
  readonly unit: Metric['unit'];
  readonly protocol: Protocol;
  readonly paper: Cell | null;
  readonly earlier: Cell | null;
  readonly ours: {
    readonly mean: number | null;
    readonly n: number;
    readonly images: number;
    readonly interval: Interval | null;
    readonly values: readonly {
      readonly run: string;
      readonly seed: number;
      readonly value: number | null;
      readonly which: 'last' | 'best' | 'only';
    }[];
  } | null;
  readonly difference: { readonly value: number; readonly interval: Interval | null; readonly margin: number } | null;
  readonly verdict: Verdict;
  /** The same words the verdict opens to. */
  readonly reasons: readonly Reason[];
  readonly notes: readonly ('single-run' | 'paper-uncertainty-unknown' | 'paper-single-run' | 'best-epoch-on-test')[];
}
export interface ClaimVerdict {
  readonly claim: Claim;
  readonly verdict: 'holds' | 'does-not-hold' | 'inconclusive' | 'pending';
  /** The figures the rule looked at, by name. */
  readonly evidence: readonly {
    readonly name: string;
    readonly value: number | null;
    readonly limit: number | null;
    readonly interval: Interval | null;
  }[];
}
export interface Comparison {
  readonly selection: Selection;
  readonly rows: readonly ComparisonRow[];
  readonly claims: readonly ClaimVerdict[];
  /** Differences on the same images: "VICReg above raw pixels". */
  readonly pairs: readonly {
    readonly better: string;
    readonly worse: string;
    readonly evaluator: string;
    readonly metric: string;
    readonly difference: number;
    readonly interval: Interval;
    readonly images: number;
    /** Exact McNemar test, where each side is one run; `adjusted` by Holm over all pairs of the comparison that have one. */
    readonly test?: { readonly pValue: number; readonly adjusted: number };
  }[];
  /** Only what differs, between the pretraining runs where there are two or more; values by run id. */
  readonly parameters: readonly { readonly path: string; readonly values: Readonly<Record<string, string>> }[];
  /** Experiments of the earlier reproduction beside the paper's cell; `ours` in their reasons is the earlier figure's side. */
  readonly references?: readonly ComparisonRow[];
}
export type Selection = (
  { readonly kind: 'plan'; readonly plan: string } | { readonly kind: 'runs'; readonly runs: readonly string[] }
) & {
  /** The subject that all others are held against on the same images; left out: the main one, or the highest. */
  readonly baseline?: string | undefined;
  /** Of the epochs of a trained head; left out: the last. The best was chosen on the test images, which flatters it. */
  readonly epoch?: 'last' | 'best' | undefined;
};

export type ReportFormat = 'html' | 'pdf' | 'markdown' | 'latex' | 'svg' | 'csv' | 'json' | 'bundle';
export interface ReportRow {
  readonly id: string;
  readonly title: string;
  readonly language: Language;
  readonly createdAt: number;
  readonly folder: string;
  readonly files: readonly {
    readonly format: ReportFormat;
    readonly path: string;
    readonly bytes: number;
    readonly sha256: string;
  }[];
  /** Formats that could not be written, with why. */
  readonly missing: readonly { readonly format: ReportFormat; readonly reason: string }[];
}

/** A run that was cut off, as the start-up sweep found it. */
export interface Interrupted {
  readonly run: string;
  readonly title: string;
  readonly step: number;
  readonly safeStep: number | null;
  readonly cause: 'trainer-killed' | 'workstation-killed' | 'machine' | 'failed';
  readonly fault: Fault | null;
  /** Data or machine that is not what it was: named before a resume. */
  readonly changes: readonly Reason[];
}

/** What an evaluation is to look at. */
export type Evaluated =
  /** Of two encoders that share no weights the first, unless `branch` says the other. */
  | { readonly kind: 'run'; readonly run: string; readonly branch?: 0 | 1 | undefined }
  | { readonly kind: 'weights'; readonly weights: string };

export interface Precisions {
  readonly timings: PrecisionTimings['timings'];
  /** What a new run is given: float32, unless a narrower type is `leastGain` times as fast. */
  readonly preferred: Precision;
  readonly leastGain: number;
}

export interface Requests {
  about: () => About;
  changeSettings: (settings: Settings) => Settings;
  chooseHome: () => string | null;

  catalogue: () => Catalogue;
  presets: () => readonly Preset[];
  /** A complete configuration from a preset and a data set; the form edits it. */
  draftRun: (preset: string, fingerprint: string, seed: number) => RunConfig;
  comparePresets: (left: string, right: string) => readonly PresetDifference[];
  /** What each precision takes on a device. Measured once a machine: some seconds then, with progress by `job`. */
  precisions: (device: string) => Precisions;
  estimate: (config: RunConfig) => Estimate;
  /** Times a few real steps. Progress comes by `job`. */
  calibrate: (config: RunConfig) => Calibration;

  createRun: (config: RunConfig) => string;
  draftEvaluation: (of: Evaluated, evaluator: Choice, fingerprint: string) => RunConfig;
  runs: () => readonly RunRow[];
  run: (run: string) => RunDetail;
  metric: (run: string, name: string, points: number) => Series;
  log: (run: string, lines: number) => readonly LogLine[];
  pauseRun: (run: string, when: PauseTime) => void;
  continueRun: (run: string) => void;
  stopRun: (run: string, how: 'safely' | 'now') => void;
  resumeRun: (run: string) => void;
  checkpointNow: (run: string) => void;
  discardRun: (run: string) => void;
  renameRun: (run: string, title: string) => void;
  noteRun: (run: string, note: string) => void;
  archiveRun: (run: string, archived: boolean) => void;
  deleteRun: (run: string) => void;
  undoDelete: (run: string) => void;
  moveInQueue: (run: string, position: number) => void;
  importRun: (folder: string) => string;
  /** Writes the encoder of the newest checkpoint into the run's folder, and gives the file. */
  exportWeights: (run: string, branch: 0 | 1, format: WeightsFormat) => string;

  weights: () => readonly ImportedWeights[];
  /** Takes the encoder out of a file of weights. The same tensors are taken once. Progress comes by `job`. */
  importWeights: (file: string) => ImportedWeights;
  describeWeights: (weights: string, name: string, origin: Origin) => ImportedWeights;
  /** Moves them where the system keeps deleted things. */
  removeWeights: (weights: string) => void;
  /** Asks the user for a file of weights. */
  chooseFile: (kind: FileKind) => string | null;
  interrupted: () => readonly Interrupted[];
  progress: () => readonly Progress[];

  plans: () => readonly PlanRow[];
  /** `seeds`: how many its runs shall have; null: as many as they have. */
  startPlan: (plan: string, seeds: number | null) => void;
  pausePlan: (plan: string) => void;
  /** Times a few real steps of each kind of run in the plan. */
  calibratePlan: (plan: string) => PlanRow;
  /** Takes in the plan of a report's bundle, to be carried through here; starts nothing. */
  addPlan: (file: string) => AddedPlan;
  /** Of a plan that was taken in; its runs stay. */
  removePlan: (plan: string) => void;
  undoRemovePlan: (plan: string) => void;

  datasets: () => readonly DatasetRow[];
  knownData: () => readonly KnownData[];
  chooseFolder: () => string | null;
  /**
   * Scans a folder; progress comes by `job`; cancelled by `cancelJob`. Of a large data set names and sizes are taken, and its
   * contents are checked only when `contents` asks for it.
   */
  inspect: (path: string, contents: boolean) => Inspection;
  addDataset: (inspection: Inspection, name: string) => DatasetRow;
  removeDataset: (fingerprint: string) => void;
  thumbnails: (fingerprint: string, split: string, count: number) => readonly Thumbnail[];
  writeSampleSet: () => Inspection;
  cancelJob: () => void;

  compare: (selection: Selection) => Comparison;
  exportReport: (selection: Selection, formats: readonly ReportFormat[], language: Language) => ReportRow;
  reports: () => readonly ReportRow[];
  openReport: (id: string, format: ReportFormat) => void;
  showInFolder: (what: { readonly kind: 'run' | 'report' | 'home' | 'dataset'; readonly id: string }) => void;

  hardware: () => HardwareReading;
  doctor: () => DoctorReport;
  openLink: (url: string) => void;
}

/** What the main process tells the window. Small, and safe to miss: the window can always ask again. */
export interface Pushes {
  runsChanged: (runs: readonly string[]) => void;
  /** A plan came, went, was started or was paused. */
  plansChanged: () => void;
  /** Imported weights came, went or were described anew. */
  weightsChanged: () => void;
  progress: (progress: Progress) => void;
  /** A side job (inspection, calibration, sample set, thumbnails, report). fraction null: length unknown. */
  job: (job: {
    readonly kind: string;
    readonly phase: string;
    readonly fraction: number | null;
    readonly secondsLeft: number | null;
    readonly ended: boolean;
  }) => void;
  /** A folder or a file of weights was dropped on the window or handed over by a second instance. */
  pathDropped: (path: string) => void;
  command: (id: CommandId) => void;
}
export const pushNames = [
  'runsChanged',
  'plansChanged',
  'weightsChanged',
  'progress',
  'job',
  'pathDropped',
  'command',
] as const satisfies readonly (keyof Pushes)[];

/** Menu and keyboard commands the window carries out. */
export type CommandId =
  | 'newRun'
  | 'openFolder'
  | 'exportReport'
  | 'plans'
  | 'runs'
  | 'compare'
  | 'datasets'
  | 'weights'
  | 'reports'
  | 'hardware'
  | 'settings';

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Fault };

const every = {
  about: true,
  changeSettings: true,
  chooseHome: true,
  catalogue: true,
  presets: true,
  draftRun: true,
  comparePresets: true,
  precisions: true,
  estimate: true,
  calibrate: true,
  createRun: true,
  draftEvaluation: true,
  runs: true,
  run: true,
  metric: true,
  log: true,
  pauseRun: true,
  continueRun: true,
  stopRun: true,
  resumeRun: true,
  checkpointNow: true,
  discardRun: true,
  renameRun: true,
  noteRun: true,
  archiveRun: true,
  deleteRun: true,
  undoDelete: true,
  moveInQueue: true,
  importRun: true,
  exportWeights: true,
  weights: true,
  importWeights: true,
  describeWeights: true,
  removeWeights: true,
  chooseFile: true,
  interrupted: true,
  progress: true,
  plans: true,
  startPlan: true,
  pausePlan: true,
  calibratePlan: true,
  addPlan: true,
  removePlan: true,
  undoRemovePlan: true,
  datasets: true,
  knownData: true,
  chooseFolder: true,
  inspect: true,
  addDataset: true,
  removeDataset: true,
  thumbnails: true,
  writeSampleSet: true,
  cancelJob: true,
  compare: true,
  exportReport: true,
  reports: true,
  openReport: true,
  showInFolder: true,
  hardware: true,
  doctor: true,
  openLink: true,
} satisfies Record<keyof Requests, true>;
export const requestNames = Object.keys(every) as (keyof Requests)[];

/** `window.workstation`: one function a capability. */
export type Workstation = {
  readonly [K in keyof Requests]: (...args: Parameters<Requests[K]>) => Promise<Answer<ReturnType<Requests[K]>>>;
} & {
  readonly on: <K extends keyof Pushes>(push: K, listener: Pushes[K]) => () => void;
  /** Path of a dropped file, known to the preload only. */
  readonly pathOf: (file: unknown) => string;
};
