/**
 * What a recipe is: a method, an encoder, a data set, an evaluator. One file each, found by the registry.
 * A recipe may use tfjs ops, valibot and `nn/`, `optim/`, `data/`, `detection/`; never the engine, never another recipe.
 */
import type { CopyPair } from './protocol/copies.ts';
import type { DamagedFile } from './protocol/left-out.ts';
import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs';
import type * as v from 'valibot';
import type { ExaminePicture } from './data/apart/picture-facts.ts';
import type { FoundImages } from './data/found-images.ts';
import type { AnnotatedImage } from './detection/objects.ts';
import type { DetectionRules } from './detection/figures/rules.ts';
import type { Fit, PictureViews } from './detection/pictures/fit.ts';
import type { Margin, Metric } from './protocol/catalogue.ts';
import type { Inspection, Reading } from './protocol/dataset.ts';
import type { Options } from './protocol/options.ts';
import type { Guesses } from './protocol/predictions.ts';
import type { Protocol } from './protocol/results.ts';
import type { Sentence } from './protocol/sentence.ts';
import type { Layer, Subset, View } from './protocol/run.ts';

export type Tensors = Readonly<Record<string, Tensor>>;
export type Shape = readonly number[];

/** Where a step stands. Everything random or time-dependent that a recipe may use is in here. */
export interface StepContext {
  /** Scalar int32: optimisation steps taken before this one. */
  readonly step: Tensor;
  readonly training: boolean;
  /** Uniform in [0, 1), the same for the same (seed, step, name), whatever the engine. */
  uniform(name: string, shape: Shape): Tensor;
  /**
   * Assigns a running statistic after the optimizer, in the same step. Calls to one variable within a step chain:
   * the second sees the value the first gave. Does nothing when not training.
   */
  update(variable: Variable, next: (current: Tensor) => Tensor): void;
  /** The value a running statistic has after the updates of this step so far. */
  current(variable: Variable): Tensor;
  /** Null where all of a network's intermediate results are kept for its gradient. */
  readonly recompute: Recomputation | null;
  /** Null where an engine leaves nothing out. Else begins work that happens only if a scalar of type bool is true. */
  readonly branch: ((needed: Tensor) => Branch) | null;
  /** Who computes the same step on other parts of its batch; null: nobody. */
  readonly peers: StepPeers | null;
  /** Called with what enters each batch norm, [n, height, width, channels], by who looks at a network; absent otherwise. */
  readonly beforeNorm?: (input: Tensor, runningMean: Variable, runningVariance: Variable) => void;
}

export interface StepPeers {
  /** How many there are, this one included. */
  readonly count: number;
  /** Their tensors, all of one shape, below each other; constants. */
  gathered(x: Tensor): Tensor;
}

/**
 * What a network computes again once the gradient of its output is there, instead of keeping it: `norms`, only what a batch
 * norm and a rectifier made of the output of a convolution, which costs little; `blocks`, all but the input of each block.
 */
export interface Recomputation {
  readonly of: 'norms' | 'blocks';
  /** The input that was kept, for the second pass: nothing of it happens before the gradient `dy` of the output is there. */
  input(kept: Tensor, dy: Tensor): Tensor;
  /** Runs the second pass, so that it computes in the precision of the first. */
  network<T>(compute: () => T): T;
}

/** What is computed from what entered happens on one condition; it leaves as zeros if it did not happen, and so do its gradients. */
export interface Branch {
  enter(x: Tensor): Tensor;
  leave(y: Tensor): Tensor;
}

/** A network: what the optimizer trains, and what it keeps beside (running statistics). Names are paths, equal in the checkpoint. */
export interface Net {
  readonly weights: readonly Variable[];
  readonly state: readonly Variable[];
  /** Learning rate of its weights as a multiple of the schedule's; 1 where it says nothing. */
  readonly rate?: number;
  /** Its learning rate stays at the schedule's peak, whatever the schedule does. */
  readonly constantRate?: true;
}

/** Stages of an encoder; `pooled` is the representation, [n, outputs]. Images are [n, height, width, channels], normalised. */
export interface Stages {
  readonly conv1: Tensor;
  readonly res2: Tensor;
  readonly res3: Tensor;
  readonly res4: Tensor;
  readonly res5: Tensor;
  readonly pooled: Tensor;
  /** Of a vision transformer: class tokens after each of the last four blocks and the last norm, [n, outputs], in their order. */
  readonly classTokens?: () => readonly Tensor[];
}
/** A residual network in parts: nothing of a stage that is not asked for is computed, running statistics neither. */
export interface ResidualStages {
  /** Pixels a feature of res2 to res5. */
  readonly strides: readonly [number, number, number, number];
  /** Channels of res2 to res5. */
  readonly channels: readonly [number, number, number, number];
  /** The outputs of res2 up to the stage `last`, 2 to 5. */
  upTo(last: number, images: Tensor, at: StepContext): readonly Tensor[];
  /** res5 on features of res4, wherever they come from. */
  last(features: Tensor, at: StepContext): Tensor;
}
export interface Encoder extends Net {
  readonly outputs: number;
  /** Channels of `res4`; those of `res5` are the outputs. */
  readonly res4Outputs: number;
  forward(images: Tensor, at: StepContext): Stages;
  /** Of a residual network: its stages one by one, for detectors. */
  readonly stages?: ResidualStages;
}

/** `views[i]` is [n, size, size, channels]; `index` the int32 positions in the data set; `targets.label` int32 [n] where there are labels. */
export interface Batch {
  readonly views: readonly Tensor[];
  readonly index: Tensor;
  readonly targets: Tensors;
}

/** See `BetweenEpochs`. */
export interface RepresentedViews {
  readonly index: Int32Array;
  readonly views: readonly Float32Array[];
}

/** What a method may do between two epochs, on the host. */
export interface BetweenEpochs {
  /** Of the epoch that is about to begin, from 0. */
  readonly epoch: number;
  read(variable: Variable): Float32Array;
  write(variable: Variable, values: Float32Array): void;
  /** Seed of the run. */
  readonly seed: number;
  /** What a function gives for every image of the training set, one row each in their order, without augmentation. */
  represent(compute: (images: Tensor, at: StepContext) => Tensor): Promise<Float32Array>;
  /**
   * What a function gives for the first `count` views of every image in the batches of the first epoch, augmented anew: for each
   * view one row an image of the training set in their order, zeros where an image is in no batch. `index` tells which are.
   */
  representViews(compute: (images: Tensor, at: StepContext) => Tensor, count: number): Promise<RepresentedViews>;
  /** To be awaited between pieces of long work: says how far it is, 0 to 1. */
  progress(fraction: number): Promise<void>;
}

/** One optimisation problem: pretraining, a head, fine-tuning, a detector. All but beforeEpoch may be traced: no host reads, no branch on values. */
export interface Learner {
  readonly trainable: readonly Net[];
  /** Saved with the checkpoint, not trained: a teacher, a queue, prototypes. */
  readonly state?: Readonly<Record<string, Variable>>;
  /** Per sample but for batch norm. The engine may run it in chunks and joins the outputs, with gradient. */
  embed(batch: Batch, at: StepContext): Tensors;
  /**
   * The part that needs the whole batch. `loss` is a scalar; `metrics` are scalars by name. `targets.index`, int32 [n], tells
   * which samples these are, `targets.label` of which class where there are labels.
   */
  loss(embeddings: Tensors, targets: Tensors, at: StepContext): { loss: Tensor; metrics: Tensors };
  /** Figures too dear for every step (an SVD, say): computed at recorded steps only, outside the gradient. */
  monitor?(embeddings: Tensors): Tensors;
  /** New values of state, or of weights that are kept in bounds, after the optimizer; sees the weights that gave. */
  updates?(embeddings: Tensors, targets: Tensors, at: StepContext): readonly (readonly [Variable, Tensor])[];
  /** Must come to the same whenever it is called on the same state: a resume at the end of an epoch calls it again. */
  beforeEpoch?(between: BetweenEpochs): Promise<void>;
}

/** Initial weights come from (seed, path of the variable), so two nets of one name are equal and order does not matter. */
export interface Builder {
  /** A builder whose variables are named below this one: `encoder` → `encoder/layer1`. */
  at(name: string): Builder;
  /** As `at`, but initial values are those the variables would have had without it: a teacher begins as what it follows. */
  twin(name: string): Builder;
  readonly path: string;
  variable(name: string, shape: Shape, initial: Initial, trainable?: boolean): Variable;
}
/**
 * `normal` has the given standard deviation, what is below `least` raised to it; `directions` are rows of length 1 in random
 * directions; `uniform` is U(-bound, bound); `given` has its values in row-major order.
 */
export type Initial =
  | { readonly kind: 'zeros' }
  | { readonly kind: 'ones' }
  | { readonly kind: 'normal'; readonly std: number; readonly least?: number }
  | { readonly kind: 'directions' }
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'given'; readonly values: Float32Array };

type OptionsSchema = v.GenericSchema<Options, Options> | v.GenericSchema<unknown, object>;

/** What a method is built for. */
export interface MethodData {
  /** 0 without labels. */
  readonly classes: number;
  readonly batch: number;
  /** Images of the training set. */
  readonly samples: number;
  readonly steps: number;
  readonly stepsPerEpoch: number;
  /** Another encoder like that of the first branch, for a teacher. */
  encoder(builder: Builder): Encoder;
}

export interface MethodRecipe<S extends OptionsSchema = OptionsSchema> {
  readonly id: string;
  readonly title: string;
  /** Paper and section it follows; null for a control. */
  readonly paper: { readonly id: string; readonly section: string } | null;
  readonly options: S;
  /** Encoders it can train: with 2, its branches may be apart. */
  readonly branches: 1 | 2;
  /** Views a sample is shown in, and the most there may be where that is not all. Labels: whether they are needed. */
  readonly views: number;
  readonly mostViews?: number;
  readonly labels: boolean;
  /** Both branches are the same object when shared. */
  build(branches: readonly [Encoder, Encoder], options: v.InferOutput<S>, builder: Builder, data: MethodData): Learner;
}
export function defineMethod<S extends OptionsSchema>(method: MethodRecipe<S>): MethodRecipe<S> {
  return method;
}

export interface EncoderRecipe<S extends OptionsSchema = OptionsSchema> {
  readonly id: string;
  readonly title: string;
  readonly options: S;
  /** For imported weights: no pretraining offers it. */
  readonly evaluationOnly?: true;
  build(builder: Builder, options: v.InferOutput<S>, input: { readonly channels: number }): Encoder;
}
export function defineEncoder<S extends OptionsSchema>(encoder: EncoderRecipe<S>): EncoderRecipe<S> {
  return encoder;
}

/** Encoded bytes (a picture file) or raw pixels, 8 bit, interleaved, row by row. */
export type Image =
  | { readonly kind: 'encoded'; readonly bytes: Uint8Array; readonly deepGrey?: Reading['deepGrey'] }
  | {
      readonly kind: 'raw';
      readonly pixels: Uint8Array;
      readonly width: number;
      readonly height: number;
      readonly channels: number;
    };

/** What a data set says of one image: nothing, or the class it is of. Boxes and masks: `OpenDataset.objects`. */
export type Target = { readonly kind: 'none' } | { readonly kind: 'class'; readonly class: number };

/** The target of a split whose images have one class each, or none. */
export const classTarget = (label: number | null | undefined): Target =>
  typeof label === 'number' ? { kind: 'class', class: label } : { kind: 'none' };

export interface Sample {
  readonly image: Image;
  readonly target: Target;
  /** Names the sample in an error or a reject list. */
  readonly name: string;
  /** When the file it lies in was last written, where that was looked at: milliseconds since 1970. */
  readonly writtenAt?: number;
}

export interface OpenDataset {
  readonly count: number;
  readonly classes: readonly string[];
  /** Channels of the stored images (1 or 3); decoding gives every sample this many. */
  readonly channels: number;
  /** Labels of all samples without decoding one, or null in an unlabeled split. */
  labels(): Promise<Int32Array | null>;
  /**
   * Where an image shows several classes: [count, classes], 1 there, 0 not, -1 there but marked difficult, which no measure counts.
   * Absent where an image has one class or none.
   */
  presence?(): Promise<Int8Array>;
  /** What is annotated in an image; absent where the data set has no boxes. Each call reads or unpacks it. */
  objects?(index: number): Promise<AnnotatedImage>;
  /** Where its images lie, if that had to be looked for. Another thread's `open` takes it in place of looking again. */
  readonly found?: FoundImages;
  sample(index: number): Promise<Sample>;
  close(): Promise<void>;
}

export type InspectProgress = (done: number, total: number | null) => void;

/** Told of what an inspection's record does not list in full. */
export interface InspectionDetails {
  /** An image that cannot be used. */
  damaged(image: DamagedFile): void;
  /** All copies, exact ones too, once they have been looked for. */
  copies(pairs: readonly CopyPair[]): void;
}

export interface ScanOptions {
  /** Check the contents of every image, also where there are so many that a list of them is all that is made unasked. */
  readonly contents?: boolean;
  /** Number of images up to which contents are checked unasked; default: what takes minutes. */
  readonly checkedUnasked?: number | undefined;
  readonly reading?: Reading | undefined;
  readonly details?: InspectionDetails | undefined;
  /** How a picture is examined; default: in this thread, which a decoder that hangs or crashes takes with it. */
  readonly examine?: ExaminePicture | undefined;
}

export interface OpenOptions {
  /** Files to leave out, named as in an inspection's rejects. */
  readonly exclude?: readonly string[] | undefined;
  readonly reading?: Reading | undefined;
  /** See `OpenDataset`. */
  readonly found?: FoundImages | undefined;
}

export interface DatasetRecipe<S extends OptionsSchema = OptionsSchema> {
  readonly id: string;
  readonly title: string;
  readonly licence: string | null;
  readonly homepage: string | null;
  readonly splits: readonly string[];
  readonly channels: number | null;
  readonly options: S;
  /** What a folder of this kind holds, in words for "expected". */
  readonly expected: readonly Sentence[];
  /** Readers are asked from the least general, 0, to the most: a folder that one recognises may be a special kind of it. */
  readonly generality?: number;
  /** It also takes a tar archive, gzipped or not, where a folder is given: in `recognises`, `inspect` and `open`. */
  readonly archives?: true;
  /** Quick look at names and magic numbers: is this folder of this kind? */
  recognises(folder: string): Promise<boolean>;
  inspect(folder: string, progress: InspectProgress, signal: AbortSignal, options?: ScanOptions): Promise<Inspection>;
  open(folder: string, split: string, options?: OpenOptions): Promise<OpenDataset>;
}
export function defineDataset<S extends OptionsSchema>(dataset: DatasetRecipe<S>): DatasetRecipe<S> {
  return dataset;
}

/** Features of one split, row by row, and the truth about each row, of the kind its evaluator asked for. */
export interface FeatureSet {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
  /** -1 where the class is not known, or there are several. */
  readonly labels: Int32Array;
  /** [rows, classes], as a data set gives it. */
  readonly presence?: Int8Array;
}

/** One figure of an evaluation. `correct` has one byte an image (1 right), so that results can be paired. */
export interface Measure {
  readonly metric: string;
  readonly value: number;
  readonly n: number;
  readonly which: 'last' | 'best' | 'only';
  readonly epoch?: number;
  readonly correct?: Uint8Array;
  /** Of the figure that counts right guesses: what each sample was taken for. */
  readonly guesses?: Guesses;
  /** What it is the mean of, a class each: null where nothing of the class is there. `cost`: the C chosen for it. */
  readonly byClass?: readonly { readonly value: number | null; readonly cost: number }[];
  /** [n, classes], with the truth, so that a mean of average precisions can be resampled. */
  readonly ranking?: { readonly scores: Float32Array; readonly presence: Int8Array };
}

/** What an evaluator reads: frozen features (labels alone where there are none), and the scores of its trained head. */
export interface EvaluationModel {
  readonly train: FeatureSet;
  readonly test: FeatureSet;
  readonly classes: number;
  /** For errors; numbers take their place. */
  readonly classNames?: readonly string[];
  /** Where the recipe asks for them: row by row two views of one image. */
  readonly pairs?: readonly [FeatureSet, FeatureSet];
  /** Scores of the head on the test split, [rows, classes], for the last and the best epoch. */
  readonly heads?: {
    readonly last: Float32Array;
    readonly best: Float32Array;
    readonly bestEpoch: number;
    readonly lastEpoch: number;
  };
  /** Progress of slow measuring, 0 to 1. Lets commands in; await it. */
  progress(fraction: number): Promise<void>;
}

/**
 * What the head of an evaluator learns from: features extracted once; features of images augmented anew every epoch, by an
 * encoder that stays as it is; or images augmented anew, while the encoder learns too.
 */
export type HeadInputs = 'features' | 'augmented-features' | 'images';

/** How the head of an evaluator is trained; the loop runs it with checkpoints and resume like any other learner. */
export interface HeadTraining {
  readonly learner: Learner;
  /** Scores of a batch of inputs, [n, classes]. */
  scores(inputs: Tensor, at: StepContext): Tensor;
  /** How images are shown where they are augmented; their size is the evaluation's crop. */
  readonly augmentation?: Omit<View, 'size'>;
  readonly batch: number;
  readonly epochs: number;
  readonly optimizer: { readonly id: string; readonly options: Options };
  readonly schedule: { readonly id: string; readonly options: Options };
}

/** What a head is built for. */
export interface HeadData {
  /** Width of the representation. */
  readonly columns: number;
  readonly classes: number;
  /** The training features, where it learns from features extracted once. */
  readonly train: FeatureSet | null;
  /** The encoder, where it learns too. */
  readonly encoder: Encoder | null;
}

export interface HeadRecipe<O> {
  /** Figures of the head by its scores on the test split, [labels.length, classes], under names that the evaluator declares. */
  figures(
    scores: Float32Array,
    labels: Int32Array,
    classes: number,
  ): readonly { readonly metric: string; readonly value: number }[];
  inputs(options: O): HeadInputs;
  /** The part of the training split whose labels it may see, where that is not all. */
  subset?(options: O): Subset;
  build(options: O, builder: Builder, data: HeadData): HeadTraining;
}

/** Pictures on one canvas, as a detector is given them. */
export interface Pictures {
  /** [n, height, width, channels], normalised; pictures lie in the upper left corner, zeros fill the rest. */
  readonly images: Tensor;
  /** [n, 2], height and width of each picture. */
  readonly sizes: Tensor;
}

/** The objects in them. */
export interface Objects {
  /** [n, g, 4] in pixels of the canvas; zeros where there is none. */
  readonly boxes: Tensor;
  /** int32 [n, g] */
  readonly classes: Tensor;
  /** [n, g], 1 where there is one. */
  readonly present: Tensor;
  /** A bit a pixel, the lowest first: int32 [n, g, height, width / 32]. */
  readonly masks?: Tensor;
}

interface DetectorLosses {
  readonly objectness: Scalar;
  /** Of proposals. */
  readonly location: Scalar;
  readonly classes: Scalar;
  readonly boxes: Scalar;
  readonly masks?: Scalar;
}

/** What tells whether it learns: shares, 0 to 1, but for `anchors`. */
interface DetectorHealth {
  /** Anchors a picture that stand for an object. */
  readonly anchors: Scalar;
  /** Objects that a proposal overlaps by half or more. */
  readonly recall: Scalar;
  /** Regions of the sample that stand for an object. */
  readonly foreground: Scalar;
  /** Of these, the ones that the head gives their class. */
  readonly accuracy: Scalar;
}

export interface Findings {
  /** [n, most, 4] */
  readonly boxes: Tensor;
  /** Probabilities, [n, most]; 0 where there is nothing. */
  readonly scores: Tensor;
  /** Numbers of classes as float32, [n, most]. */
  readonly classes: Tensor;
  /** Probabilities, [n, most, side, side]: what of a box is the object. */
  readonly masks?: Tensor;
}

/** A detector: what it learns by, and what it finds in pictures. */
export interface Detector extends Net {
  losses(
    pictures: Pictures,
    objects: Objects,
    at: StepContext,
  ): { readonly losses: DetectorLosses; readonly health: DetectorHealth };
  find(pictures: Pictures, at: StepContext): Findings;
}

/** A detector and how it is trained: by the loop, for a number of steps. */
export interface DetectionTraining {
  readonly detector: Detector;
  /** Multiplies the losses of the proposal network. */
  readonly proposalWeight: number;
  readonly batch: number;
  /** 0: it is measured as it is. */
  readonly steps: number;
  /** Batches over which the statistics of batch norm are taken anew before the last evaluation. */
  readonly preciseNorm: number;
  /** What of imported weights it begins with: the encoder, or the detector around it too. */
  readonly startFrom: 'encoder' | 'detector';
  readonly views: PictureViews;
  /** How pictures are shown when objects are looked for. */
  readonly fit: Fit;
  readonly optimizer: { readonly id: string; readonly options: Options };
  readonly schedule: { readonly id: string; readonly options: Options };
}

export interface DetectionRecipe<O> {
  /** It learns masks too. */
  readonly masks: boolean;
  rules(options: O): DetectionRules;
  build(options: O, builder: Builder, data: { readonly encoder: Encoder; readonly classes: number }): DetectionTraining;
}

interface AnyEvaluator<S extends OptionsSchema> {
  readonly id: string;
  readonly title: string;
  readonly options: S;
  /** What it measures. The first stands for a run, and the higher it is, the better a network or an epoch of a head. */
  readonly metrics: readonly [Metric, ...Metric[]];
  /** Fixes, before any run, how far from a paper's figure still counts as the same. */
  readonly margin: Margin;
  /**
   * What it must know of an image: the one class it is of (where this says nothing), of every class whether it is there, the
   * objects in it, or nothing at all, and then the training split is not read either.
   */
  readonly targets?: 'class' | 'presence' | 'objects' | 'none';
  /** Asks for features of so many test images in two views each; their size is the evaluation's crop. */
  readonly pairs?: (options: v.InferOutput<S>) => {
    readonly images: number;
    readonly augmentation: Omit<View, 'size'>;
  };
  /** How its recipe shows images and what it reads of the encoder, where that is not the centre and the pooled representation. */
  readonly shows?: { readonly fit: 'squash'; readonly layer: Layer };
  /** Options that a schedule counted in steps changes with its `batch`: those in proportion to it, and those against it. */
  readonly withBatch?: { readonly grow: readonly string[]; readonly shrink: readonly string[] };
  /** The record two figures must share to be comparable, built from the options marked comparable; the layer goes with it. */
  protocol(options: v.InferOutput<S>): Protocol;
}

/** Measures a representation of images. */
export interface FeatureEvaluator<S extends OptionsSchema = OptionsSchema> extends AnyEvaluator<S> {
  /** Absent where nothing is trained. */
  readonly head?: HeadRecipe<v.InferOutput<S>>;
  readonly detection?: undefined;
  measure(model: EvaluationModel, options: v.InferOutput<S>): AsyncGenerator<Measure>;
}

/** Trains a detector, whose findings are counted by its rules. */
export interface DetectionEvaluator<S extends OptionsSchema = OptionsSchema> extends AnyEvaluator<S> {
  readonly targets: 'objects';
  readonly head?: undefined;
  readonly detection: DetectionRecipe<v.InferOutput<S>>;
}

export type EvaluatorRecipe<S extends OptionsSchema = OptionsSchema> = FeatureEvaluator<S> | DetectionEvaluator<S>;

/** Trains nothing and reads labels: it can look at an encoder while that is pretrained. */
export function canProbe(evaluator: EvaluatorRecipe): evaluator is FeatureEvaluator {
  const { head, detection, targets = 'class' } = evaluator;
  return head === undefined && detection === undefined && targets === 'class';
}
export function defineEvaluator<S extends OptionsSchema>(evaluator: FeatureEvaluator<S>): FeatureEvaluator<S> {
  return evaluator;
}
export function defineDetection<S extends OptionsSchema>(evaluator: DetectionEvaluator<S>): DetectionEvaluator<S> {
  return evaluator;
}

/** `lr` is the peak; the schedule gives the factor's course. A rule turns a gradient into an update of one variable. */
export interface OptimizerRecipe<S extends OptionsSchema = OptionsSchema> {
  readonly id: string;
  readonly title: string;
  readonly options: S;
  /** Names of the state kept for each weight (momentum, second moment …), all shaped like it and starting at zero. */
  readonly slots: readonly string[];
  /** True where a weight of this shape is updated element by element: such weights may be laid end to end and updated together. */
  elementwise?(shape: Shape): boolean;
  /** Pure in tensors: no host read, so it can be traced. `lr` and `step` (1 for the first) are scalars. */
  update(
    weight: Tensor,
    gradient: Tensor,
    slots: Readonly<Record<string, Tensor>>,
    at: { readonly lr: Tensor; readonly step: Tensor; readonly shape: Shape },
    options: v.InferOutput<S>,
  ): { readonly weight: Tensor; readonly slots: Readonly<Record<string, Tensor>> };
  /** Peak learning rate for a batch (base lr * batch / 256 where the method says so). */
  peak(options: v.InferOutput<S>, batch: number): number;
}
export function defineOptimizer<S extends OptionsSchema>(optimizer: OptimizerRecipe<S>): OptimizerRecipe<S> {
  return optimizer;
}

export interface ScheduleRecipe<S extends OptionsSchema = OptionsSchema> {
  readonly id: string;
  readonly title: string;
  readonly options: S;
  /** Learning rate at a step, float64. */
  rate(
    step: number,
    course: { readonly peak: number; readonly steps: number; readonly stepsPerEpoch: number },
    options: v.InferOutput<S>,
  ): number;
}
export function defineSchedule<S extends OptionsSchema>(schedule: ScheduleRecipe<S>): ScheduleRecipe<S> {
  return schedule;
}
