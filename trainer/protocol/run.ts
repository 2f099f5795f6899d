/** What a run is asked to do. A configuration is complete: nothing that changes a result is left to a default elsewhere. */
import * as v from 'valibot';
import { Reading } from './dataset.ts';
import { Choice } from './options.ts';
import { NetworkChoice, NormCheck, Origin, PlannedWeights, WeightsId } from './weights.ts';
import { WhenNotFinite } from './when-not-finite.ts';

export const RunId = v.pipe(v.string(), v.regex(/^[0-9a-z][0-9a-z-]{3,79}$/, 'a run id is 4 to 80 of a-z, 0-9 and -'));
export type RunId = v.InferOutput<typeof RunId>;

const probability = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const range = v.strictTuple([v.number(), v.number()]);

/** Part of a split. */
export const Subset = v.variant('kind', [
  /** A share of every class, drawn by a seed. The images of a small share are among those of a larger one by the same seed. */
  v.strictObject({
    kind: v.literal('share'),
    share: v.pipe(v.number(), v.gtValue(0), v.maxValue(1)),
    seed: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff)),
  }),
  /** The images that a file names, one a line, by their names without folders: SimCLR's lists of ImageNet. */
  v.strictObject({ kind: v.literal('list'), path: v.pipe(v.string(), v.minLength(1)) }),
]);
export type Subset = v.InferOutput<typeof Subset>;

/** A data set on disk: which reader, where, which split. `fingerprint` is the content hash at the time the run was made. */
export const DataSource = v.strictObject({
  dataset: v.string(),
  path: v.pipe(v.string(), v.minLength(1)),
  split: v.string(),
  fingerprint: v.optional(v.string()),
  /** Files the run leaves out, named as in the inspection's rejects. */
  exclude: v.optional(v.array(v.string())),
  /** Left out: as usual. */
  reading: v.optional(Reading),
  /** Left out: all images of the split. */
  subset: v.optional(Subset),
});
export type DataSource = v.InferOutput<typeof DataSource>;

/**
 * Pillow's versions whose resize gives other levels, the newest first. Both passes round, so their order can change a level: 13
 * takes the height first where that loses more than twice the pixels of the width, 12.2 and 12.3 where a picture is over a hundred
 * times as high as wide, all before them the width first.
 */
export const resizings = ['pillow-13', 'pillow-12.2', 'pillow-12.1'] as const;
export const Resizing = v.picklist(resizings);
export type Resizing = v.InferOutput<typeof Resizing>;
/** What new runs resize as. */
export const newestResizing: Resizing = resizings[0];

/** How a configuration resizes; one of before there was a choice has the order of its time. */
export const resizingOf = ({ resizing = 'pillow-12.1' }: { readonly resizing?: Resizing | undefined }): Resizing =>
  resizing;

/** Patches of one picture are cut from so many rows and columns of places. */
export const patchGrid = 3;

/** One augmented view, operations in this order. */
const ViewFields = v.strictObject({
  size: v.pipe(v.number(), v.integer(), v.minValue(8), v.maxValue(1024)),
  /**
   * Above 0, no crop is drawn: the short side of the image becomes this long, and the centre, `size` wide, is shown. Left out: 0.
   */
  resize: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2048))),
  /**
   * Above 0, the view is a patch of a square picture of this side, which is cropped and coloured as a view is. Such views that
   * follow each other are patches of one picture, made as the first of them says, at different places of a grid of 3 x 3.
   * Left out: 0.
   */
  patchOf: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2048))),
  /** Most pixels that a patch lies beyond its place in the grid, drawn for both axes. Left out: 0. */
  patchJitter: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1024))),
  /** Random resized crop: area as a fraction of the image, then aspect ratio (log-uniform). */
  cropArea: range,
  cropRatio: v.optional(range, [3 / 4, 4 / 3]),
  interpolation: v.optional(v.picklist(['bilinear', 'bicubic']), 'bicubic'),
  flip: v.optional(probability, 0.5),
  jitter: v.optional(probability, 0.8),
  /** Jitter and greyscale change the whole image, before it is cropped: W-MSE's official code. Left out: they do not. */
  jitterFirst: v.optional(v.boolean()),
  brightness: v.optional(v.number(), 0.4),
  contrast: v.optional(v.number(), 0.4),
  saturation: v.optional(v.number(), 0.2),
  hue: v.optional(v.number(), 0.1),
  grayscale: v.optional(probability, 0.2),
  blur: v.optional(probability, 0),
  blurSigma: v.optional(range, [0.1, 2]),
  solarize: v.optional(probability, 0),
  solarizeThreshold: v.optional(v.number(), 128),
});
export const View = v.pipe(
  ViewFields,
  v.check(
    ({ size, resize = 0 }) => resize === 0 || resize >= size,
    'the centre of an image cannot be wider than its short side: choose a resize of at least the size',
  ),
  v.check(
    ({ resize = 0, patchOf = 0 }) => resize === 0 || patchOf === 0,
    'a view is the centre of its image or a patch, not both: set resize or the picture of the patch to 0',
  ),
  v.check(
    ({ size, patchOf = 0, patchJitter = 0 }) => patchOf === 0 || patchOf >= size + patchJitter,
    'a patch with its jitter must fit into the picture: choose a larger picture, a smaller size or less jitter',
  ),
);
export type View = v.InferOutput<typeof View>;

/** The first of the views that are patches of one picture with view `number`; `number` itself where it is no patch. */
export function firstOfPatches(views: readonly Pick<View, 'patchOf'>[], number: number): number {
  const side = views[number]?.patchOf ?? 0;
  let first = number;
  while (side > 0 && views[first - 1]?.patchOf === side) first -= 1;
  return first;
}

/** Channel statistics the image is normalised with, on the 0 to 1 scale; one entry a channel the encoder sees. */
export const Normalization = v.strictObject({ mean: v.array(v.number()), std: v.array(v.number()) });
export type Normalization = v.InferOutput<typeof Normalization>;

/**
 * Deterministic preprocessing for evaluation: resize the short side to `resize`, then take `crop` x `crop` of it: the centre, or
 * all of it, squashed. `resize` null: the image is `crop` wide already, or is squashed as it is.
 */
export const Preprocessing = v.strictObject({
  resize: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(8), v.maxValue(2048))),
  crop: v.pipe(v.number(), v.integer(), v.minValue(8), v.maxValue(1024)),
  interpolation: v.optional(v.picklist(['bilinear', 'bicubic']), 'bilinear'),
  /** Left out: the centre is cut out. */
  fit: v.optional(v.literal('squash')),
});
export type Preprocessing = v.InferOutput<typeof Preprocessing>;

/**
 * What networks may compute in; weights and statistics stay in float32. The first is the exact one. TensorFloat-32 rounds the
 * factors of every product and convolution to 10 of float32's 23 bits, those of the loss too; with the two narrower types the
 * loss stays in float32.
 */
export const precisions = ['float32', 'tf32', 'bfloat16', 'float16'] as const;
export type Precision = (typeof precisions)[number];

/** Those that a kind of device may have: TensorFloat-32 is a format of NVIDIA's tensor cores. */
export const precisionsOn = (device: string): readonly Precision[] =>
  device === 'cpu' ? precisions.filter((one) => one !== 'tf32') : precisions;

/** The processor, or a GPU by its number. */
export const Device = v.pipe(v.string(), v.regex(/^(cpu|gpu:\d{1,3})$/));

/** What makes the arithmetic repeatable: recorded with the run, restored on resume. */
export const Execution = v.strictObject({
  engine: v.optional(v.picklist(['eager', 'traced']), 'traced'),
  device: v.optional(Device, 'cpu'),
  precision: v.optional(v.picklist(precisions), 'float32'),
  /** Threads inside an operation. Changes results in the last bits, so it is part of the run. */
  threads: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(256)),
  /** Samples a network sees at once, null for the whole batch. A divisor of the batch; batch norm's statistics are then a chunk's. */
  chunk: v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(2))), null),
  /** Keeps only what enters each block of a network and computes the rest again for its gradient: less memory, more time, the same numbers. */
  recompute: v.optional(v.boolean(), false),
  /** Worker threads that decode and augment. Never changes results. */
  loaderWorkers: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(64)), 1),
});
export type Execution = v.InferOutput<typeof Execution>;

export const CheckpointPolicy = v.strictObject({
  everySeconds: v.optional(v.pipe(v.number(), v.minValue(1)), 300),
  /** Also every so many steps, exactly (0: only by time). Tests and plans that must be repeatable use it. */
  everySteps: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  keepLast: v.optional(v.pipe(v.number(), v.integer(), v.minValue(2)), 3),
});
export type CheckpointPolicy = v.InferOutput<typeof CheckpointPolicy>;

const common = {
  version: v.literal(1),
  title: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
  seed: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff)),
  /** The preset the values came from, for the record; the values below are what counts. */
  preset: v.optional(v.string()),
  /** Left out: as in `resizingOf`. */
  resizing: v.optional(Resizing),
  /** Left out: as in `whenNotFiniteOf`. */
  whenNotFinite: v.optional(WhenNotFinite),
  execution: Execution,
  checkpoint: v.optional(CheckpointPolicy, {}),
  /** A metric point every so many steps, by step number and never by time. */
  logEvery: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 10),
};

/** The k-NN probe during pretraining. */
export const Probe = v.strictObject({
  evaluator: Choice,
  everyEpochs: v.pipe(v.number(), v.minValue(0.01)),
  train: DataSource,
  test: DataSource,
  preprocessing: Preprocessing,
});
export type Probe = v.InferOutput<typeof Probe>;

export const PretrainConfig = v.strictObject({
  ...common,
  kind: v.literal('pretrain'),
  method: Choice,
  /** One entry: both branches share it. Two: no weights are shared, and they may differ. */
  encoders: v.union([v.strictTuple([Choice]), v.strictTuple([Choice, Choice])]),
  data: DataSource,
  /** Where the second view is of another kind of picture of the same thing: as many images, of the same names. Left out: of `data`. */
  paired: v.optional(DataSource),
  views: v.pipe(
    v.array(View),
    v.minLength(1),
    v.check(
      (views) => views.every((_, number) => number - firstOfPatches(views, number) < patchGrid ** 2),
      `a picture has ${patchGrid ** 2} places for patches: fewer views that follow each other may be patches of one`,
    ),
  ),
  normalization: Normalization,
  optimizer: Choice,
  schedule: Choice,
  batch: v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(65536)),
  /** May be fractional: a run of 3.2 epochs stops inside the fourth. */
  epochs: v.pipe(v.number(), v.minValue(0.001), v.maxValue(100000)),
  dropLast: v.optional(v.boolean(), true),
  probe: v.optional(v.nullable(Probe), null),
});
export type PretrainConfig = v.InferOutput<typeof PretrainConfig>;

/** Path of a branch's encoder inside the model. Two branches share one unless two are named. */
export function encoderPath(count: number, branch: number): string {
  return count === 1 ? 'encoder' : `encoder-${branch}`;
}

/** Path of an imported detector's own variables in the checkpoint that keeps it. */
export const detectorPath = 'detector';

/** What an evaluation looks at. */
export const Subject = v.variant('kind', [
  /** A pretrained encoder of another run; `branch` chooses where two are trained. */
  v.strictObject({
    kind: v.literal('run'),
    run: RunId,
    checkpoint: v.union([v.literal('last'), v.pipe(v.number(), v.integer(), v.minValue(0))]),
    branch: v.optional(v.picklist([0, 1]), 0),
  }),
  /** Control: the same architecture with its initial weights. */
  v.strictObject({ kind: v.literal('random'), encoder: Choice, seed: v.pipe(v.number(), v.integer(), v.minValue(0)) }),
  /** An encoder that another program trained; it says itself what is known of it, for the file may go. */
  v.strictObject({
    kind: v.literal('weights'),
    weights: v.union([WeightsId, PlannedWeights]),
    name: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
    encoder: Choice,
    origin: Origin,
    /** Where its file holds several networks. */
    network: v.optional(NetworkChoice),
    /** Where its statistics leave a doubt, or ask for another normalisation than ImageNet's. */
    norms: v.optional(NormCheck),
    /** Where its file has a detector around it. */
    detector: v.optional(v.strictObject({ evaluator: v.string(), classes: v.number() })),
  }),
  /** Control: the pixels themselves, flattened. */
  v.strictObject({ kind: v.literal('pixels') }),
]);
export type Subject = v.InferOutput<typeof Subject>;

/**
 * What of an encoder is its representation of an image: the mean over the last stage (of a vision transformer the class token),
 * or that stage averaged over windows of one less than its side at a stride of 1, which leaves 2 x 2 places; of a vision
 * transformer also the class tokens after the last four blocks, or the class token and the mean of the patches' tokens, which
 * DINO and iBOT give a linear head of ViT-S and of ViT-B.
 */
export const Layer = v.picklist(['pooled', 'res5-2x2', 'class-4', 'class-patches']);
export type Layer = v.InferOutput<typeof Layer>;

export const EvaluateConfig = v.strictObject({
  ...common,
  kind: v.literal('evaluate'),
  subject: Subject,
  /** Left out: the pooled one. */
  layer: v.optional(Layer),
  evaluator: Choice,
  train: DataSource,
  test: DataSource,
  preprocessing: Preprocessing,
  normalization: Normalization,
});
export type EvaluateConfig = v.InferOutput<typeof EvaluateConfig>;

export const RunConfig = v.variant('kind', [PretrainConfig, EvaluateConfig]);
export type RunConfig = v.InferOutput<typeof RunConfig>;
export type RunKind = RunConfig['kind'];

/** The run, or the key of the run of a plan, whose encoder is evaluated; null of a pretraining and of what no run made. */
export const evaluatedRun = (config: RunConfig): string | null =>
  config.kind === 'evaluate' && config.subject.kind === 'run' ? config.subject.run : null;

/** queued → running → done; any running one can become paused, interrupted (its process is gone), stopped (asked) or failed. */
export const RunStatus = v.picklist([
  'draft',
  'queued',
  'running',
  'paused',
  'interrupted',
  'stopped',
  'failed',
  'done',
]);
export type RunStatus = v.InferOutput<typeof RunStatus>;
