/** What a trainer is told. One job a process. */
import * as v from 'valibot';
import { PictureQuestion } from './browse.ts';
import { Reading, Reject } from './dataset.ts';
import { DetectionRules } from './detections.ts';
import { mostPoints } from './maps.ts';
import {
  DataSource,
  Execution,
  Normalization,
  precisions,
  Preprocessing,
  Resizing,
  RunConfig,
  RunId,
  Subject,
} from './run.ts';
import { NotFiniteChoices } from './when-not-finite.ts';
import { WantedWeights, WeightsFormat } from './weights.ts';
import { Wheel } from './wheels.ts';

/** Where an evaluation finds what it evaluates: resolved by the workstation, which knows the runs. */
export const ResolvedSubject = v.strictObject({
  subject: Subject,
  /** Folder of the checkpoint, for a subject of kind 'run'. */
  checkpointFolder: v.nullable(v.string()),
  /** Configuration of the run it came from. */
  config: v.nullable(RunConfig),
});
export type ResolvedSubject = v.InferOutput<typeof ResolvedSubject>;

export const Job = v.variant('kind', [
  v.strictObject({
    kind: v.literal('train'),
    run: RunId,
    attempt: v.pipe(v.number(), v.integer(), v.minValue(1)),
    runFolder: v.string(),
    cacheFolder: v.string(),
    /** Folder of the workspace's data sets, with the damaged images that inspections found; null: none are known. */
    datasetsFolder: v.optional(v.nullable(v.string()), null),
    config: RunConfig,
    /** Step of the newest checkpoint that the run has had; null: none is known. The newest that is whole counts. */
    from: v.nullable(v.number()),
    /** Begins again at step 0 if none of its checkpoints is whole. */
    startOver: v.optional(v.boolean(), false),
    /** Goes on also where this machine computes other last bits than the checkpoint's did. */
    anyArithmetic: v.optional(v.boolean(), false),
    /** What the user accepted of the data's changes since its inspection, a sentence each. */
    dataChanges: v.optional(v.array(v.string()), []),
    /** Goes on although more images are damaged than the limit allows. */
    moreDamaged: v.optional(v.boolean(), false),
    /** Evaluates imported weights although their features are no better than random ones. */
    noBetter: v.optional(v.boolean(), false),
    /** What the user chose each time the run had paused because going back did not help. */
    whenNotFinite: v.optional(NotFiniteChoices, []),
    subject: v.optional(v.nullable(ResolvedSubject), null),
  }),
  v.strictObject({
    kind: v.literal('inspect'),
    path: v.string(),
    /** Which reader to use; null: whichever recognises the folder. */
    dataset: v.nullable(v.string()),
    /** Checks the contents of every image, however many there are. */
    contents: v.boolean(),
    /** Of up to so many images the contents are checked unasked; left out: as usual. */
    checkedUnasked: v.optional(v.number()),
    /** Leaves the processor to whatever else wants it. */
    background: v.optional(v.boolean(), false),
    /** Left out: as usual. */
    reading: v.optional(Reading),
    datasetsFolder: v.optional(v.nullable(v.string()), null),
  }),
  v.strictObject({ kind: v.literal('probe'), device: v.string(), threads: v.number() }),
  /** Times a training step in these precisions. */
  v.strictObject({
    kind: v.literal('precisions'),
    device: v.string(),
    threads: v.number(),
    precisions: v.array(v.picklist(precisions)),
  }),
  v.strictObject({
    kind: v.literal('calibrate'),
    config: RunConfig,
    cacheFolder: v.string(),
    datasetsFolder: v.optional(v.nullable(v.string()), null),
    subject: v.optional(v.nullable(ResolvedSubject), null),
  }),
  v.strictObject({
    kind: v.literal('features'),
    subject: ResolvedSubject,
    data: DataSource,
    preprocessing: Preprocessing,
    normalization: Normalization,
    resizing: Resizing,
    execution: Execution,
    seed: v.number(),
    datasetsFolder: v.optional(v.nullable(v.string()), null),
    file: v.string(),
  }),
  /** Draws the images of a split as points, by their features. Those of an evaluation of the encoder are found again. */
  v.strictObject({
    kind: v.literal('map'),
    subject: ResolvedSubject,
    data: DataSource,
    preprocessing: Preprocessing,
    normalization: Normalization,
    resizing: Resizing,
    execution: Execution,
    seed: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff)),
    points: v.pipe(v.number(), v.integer(), v.minValue(3), v.maxValue(mostPoints)),
    datasetsFolder: v.optional(v.nullable(v.string()), null),
    cacheFolder: v.string(),
    file: v.string(),
  }),
  /** Lays a map's points out by their neighbours, with UMAP, and writes the layout beside it. */
  v.strictObject({
    kind: v.literal('layout'),
    map: v.string(),
    seed: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff)),
    file: v.string(),
  }),
  /** Writes the encoder of a checkpoint for other programs. */
  v.strictObject({
    kind: v.literal('export'),
    checkpointFolder: v.string(),
    /** Path of the encoder inside the model. */
    path: v.string(),
    file: v.string(),
    format: WeightsFormat,
    /** Said in the file, where its format has room for it. */
    about: v.record(v.string(), v.string()),
  }),
  /** Takes the encoder of a file of weights into a folder, as its checkpoint. */
  v.strictObject({
    kind: v.literal('importWeights'),
    file: v.string(),
    folder: v.string(),
    ...WantedWeights.entries,
    threads: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
  }),
  v.strictObject({
    kind: v.literal('thumbnails'),
    data: DataSource,
    indexes: v.array(v.number()),
    size: v.number(),
    datasetsFolder: v.optional(v.nullable(v.string()), null),
  }),
  /** Counts what anyone's detector found in the pictures of a split: COCO's result file, or a folder of PASCAL VOC's. */
  v.strictObject({
    kind: v.literal('evaluateDetections'),
    file: v.string(),
    data: DataSource,
    /** Null: PASCAL VOC's of 2007 on such a data set, COCO's on any other. */
    rules: v.nullable(DetectionRules),
  }),
  /** Writes what a run found as PASCAL VOC's result files, a file a class, into a folder. */
  v.strictObject({
    kind: v.literal('vocDetections'),
    /** In COCO's result format, as the run kept it. */
    file: v.string(),
    folder: v.string(),
    split: v.string(),
    classes: v.array(v.strictObject({ name: v.string(), category: v.number() })),
  }),
  /** Answers questions about the pictures of a data set until it is stopped. */
  v.strictObject({
    kind: v.literal('browse'),
    data: v.omit(DataSource, ['split']),
    splits: v.array(v.string()),
    /** As its inspection lists them. */
    leaks: v.array(v.tuple([v.string(), v.string()])),
    rejects: v.array(Reject),
    datasetsFolder: v.nullable(v.string()),
    cacheFolder: v.nullable(v.string()),
  }),
  /** Downloads a build of TensorFlow, or takes it from files, into a folder that is there once it is whole. */
  v.strictObject({
    kind: v.literal('installBuild'),
    wheels: v.pipe(v.array(Wheel), v.minLength(1)),
    folder: v.string(),
    /** Address of the index of packages. */
    index: v.string(),
    /** Wheels, or folders that hold them, which are taken in place of downloads; null: downloads. */
    from: v.nullable(v.array(v.string())),
  }),
  /** Writes the built-in sample set as an image folder. */
  v.strictObject({
    kind: v.literal('sample'),
    folder: v.string(),
    seed: v.number(),
    train: v.number(),
    val: v.number(),
  }),
]);
export type Job = v.InferOutput<typeof Job>;

export const PauseTime = v.picklist(['now', 'epoch-end']);
export type PauseTime = v.InferOutput<typeof PauseTime>;

export const Command = v.variant('type', [
  v.strictObject({ type: v.literal('start'), job: Job }),
  /** Save at the next step boundary, then exit. */
  v.strictObject({ type: v.literal('stop') }),
  /** At the next step boundary, or when the epoch that is going on ends: `resume` takes that back. */
  v.strictObject({ type: v.literal('pause'), when: PauseTime }),
  v.strictObject({ type: v.literal('resume') }),
  v.strictObject({ type: v.literal('checkpointNow') }),
  /** A question for the job of that kind; the answer has the same number. */
  v.strictObject({ type: v.literal('browse'), id: v.number(), question: PictureQuestion }),
  /** The checkpoint's row is committed: older folders may go. */
  v.strictObject({ type: v.literal('recorded'), step: v.number() }),
]);
export type Command = v.InferOutput<typeof Command>;
