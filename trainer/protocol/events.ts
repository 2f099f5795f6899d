/** What a trainer says. The same objects go down the pipe and into events.ndjson. */
import * as v from 'valibot';
import { PictureAnswer } from './browse.ts';
import { Fault } from './fault.ts';
import { EvaluatedDetections, Result } from './results.ts';
import { Inspection, Thumbnail } from './dataset.ts';
import { DeviceProbe, PrecisionTimings } from './hardware.ts';
import { Natural } from './numbers.ts';
import { FoundWeights } from './weights.ts';

export const protocolVersion = 1;

/** null = not finite: a diverged loss is data, not a gap. */
export const MetricPoint = v.strictObject({ step: Natural, name: v.string(), value: v.nullable(v.number()) });
export type MetricPoint = v.InferOutput<typeof MetricPoint>;

export const Phase = v.picklist([
  'loading',
  'preparing',
  'training',
  'between-epochs',
  'probing',
  'extracting',
  'evaluating',
  'saving',
  'paused',
  'stopping',
  'scanning',
  'calibrating',
  'neighbours',
  'principal',
  'layout',
  'downloading',
  'unpacking',
  'checking',
]);
export type Phase = v.InferOutput<typeof Phase>;

/** Seconds of a few real steps, for an estimate. */
export const Calibration = v.strictObject({
  secondsPerStep: v.number(),
  /** Median absolute deviation of the measured steps. */
  spreadSeconds: v.number(),
  steps: v.number(),
  stepsTotal: v.number(),
  loadSeconds: v.number(),
  /** On the device; null where a GPU's driver does not tell. */
  peakMemoryBytes: v.nullable(v.number()),
  checkpointBytes: v.number(),
});
export type Calibration = v.InferOutput<typeof Calibration>;

/** What a job leaves behind besides files. */
export const Outcome = v.variant('kind', [
  v.strictObject({ kind: v.literal('results'), results: v.array(Result) }),
  v.strictObject({ kind: v.literal('inspection'), inspection: Inspection }),
  v.strictObject({ kind: v.literal('thumbnails'), thumbnails: v.array(Thumbnail) }),
  v.strictObject({
    kind: v.literal('browsed'),
    /** Of the question. */
    id: v.number(),
    answer: v.variant('kind', [...PictureAnswer.options, v.strictObject({ kind: v.literal('fault'), fault: Fault })]),
  }),
  v.strictObject({ kind: v.literal('probe'), probe: DeviceProbe }),
  v.strictObject({ kind: v.literal('precisions'), precisions: PrecisionTimings }),
  v.strictObject({ kind: v.literal('calibration'), calibration: Calibration }),
  v.strictObject({
    kind: v.literal('features'),
    file: v.string(),
    rows: v.number(),
    columns: v.number(),
    /** Patches that position embeddings were for, and are resized to; left out where they are used as they are. */
    resized: v.optional(v.strictObject({ from: v.string(), to: v.string() })),
  }),
  v.strictObject({ kind: v.literal('map'), file: v.string() }),
  v.strictObject({ kind: v.literal('weights'), found: FoundWeights }),
  v.strictObject({ kind: v.literal('export'), file: v.string(), tensors: v.number() }),
  v.strictObject({ kind: v.literal('evaluatedDetections'), evaluated: EvaluatedDetections }),
  v.strictObject({ kind: v.literal('vocDetections'), folder: v.string(), files: v.number() }),
  v.strictObject({ kind: v.literal('installedBuild'), folder: v.string() }),
  v.strictObject({ kind: v.literal('sample'), path: v.string(), images: v.number() }),
]);
export type Outcome = v.InferOutput<typeof Outcome>;

const head = {
  run: v.string(),
  /** 0 of a job that belongs to no run. */
  attempt: Natural,
  /** Increases by one an event within an attempt; (attempt, sequence) makes `apply` idempotent. */
  sequence: Natural,
  /** Wall clock, for display only. */
  at: v.number(),
};

export const TrainerEvent = v.variant('type', [
  v.strictObject({
    ...head,
    type: v.literal('hello'),
    protocol: v.number(),
    pid: Natural,
    versions: v.record(v.string(), v.string()),
    device: v.string(),
    threads: Natural,
    instructionSet: v.string(),
    /** Resumed from here; 0 for a fresh start. */
    fromStep: Natural,
  }),
  /** Sent before something slow; `quietForMs` is how long silence is normal from here on. */
  v.strictObject({
    ...head,
    type: v.literal('phase'),
    phase: Phase,
    quietForMs: v.number(),
    detail: v.optional(v.string()),
    /** Why it is paused, where nobody asked for it. */
    reason: v.optional(Fault),
  }),
  v.strictObject({ ...head, type: v.literal('metrics'), points: v.array(MetricPoint) }),
  /** From the step loop, so it proves that training lives. May be dropped on the pipe and is never written to the file. */
  v.strictObject({
    ...head,
    type: v.literal('beat'),
    step: Natural,
    steps: Natural,
    epoch: v.number(),
    /** Work left of the current phase where it is no training step (scan, features): 0 to 1. */
    fraction: v.nullable(v.number()),
    /** Of a download. */
    bytesPerSecond: v.optional(v.number()),
    samplesPerSecond: v.nullable(v.number()),
    /** Share of the last steps spent waiting for data, 0 to 1. */
    waitShare: v.nullable(v.number()),
    secondsLeft: v.nullable(v.number()),
    secondsLeftSpread: v.nullable(v.number()),
    memoryBytes: v.number(),
    tensors: v.number(),
    safeStep: v.nullable(v.number()),
  }),
  v.strictObject({
    ...head,
    type: v.literal('checkpoint'),
    step: Natural,
    epoch: v.number(),
    folder: v.string(),
    bytes: Natural,
    seconds: v.number(),
    reason: v.picklist(['time', 'steps', 'asked', 'stop', 'end', 'disconnect']),
    manifestSha256: v.string(),
  }),
  v.strictObject({ ...head, type: v.literal('result'), outcome: Outcome }),
  v.strictObject({
    ...head,
    type: v.literal('log'),
    level: v.picklist(['info', 'attention', 'error']),
    /** A code the window words; `text` is the English of it. */
    code: v.string(),
    text: v.string(),
    step: v.optional(Natural),
    values: v.optional(v.record(v.string(), v.union([v.string(), v.number()])), {}),
  }),
  v.strictObject({
    ...head,
    type: v.literal('stopped'),
    why: v.picklist(['done', 'asked', 'failed']),
    step: Natural,
    safeStep: v.nullable(Natural),
    fault: v.optional(Fault),
  }),
]);
export type TrainerEvent = v.InferOutput<typeof TrainerEvent>;
export type TrainerEventOf<T extends TrainerEvent['type']> = Extract<TrainerEvent, { type: T }>;
