/** An encoder that another program trained, taken into a workspace. */
import * as v from 'valibot';
import { Integer } from './numbers.ts';
import { Choice, Options } from './options.ts';
import { Said } from './said.ts';

/** Sixteen digits of the hash of its tensors: the same weights have the same id, whatever file they come in. */
export const WeightsId = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, 'an id of weights is 16 of 0-9 and a-f'));
/** In a plan, until it is started: `$` and a name that the plan gives the weights. */
export const PlannedWeights = v.pipe(v.string(), v.regex(/^\$[a-z0-9-]+$/, 'planned weights are $ and a name'));

/** `safetensors`, or a state dict as `torch.save` writes it. */
export const WeightsFormat = v.picklist(['safetensors', 'pth']);
export type WeightsFormat = v.InferOutput<typeof WeightsFormat>;

/** How it was trained, as whoever took it in says: nothing in a file of weights proves it. Null: not said. */
export const Origin = v.strictObject({
  method: v.nullable(v.pipe(v.string(), v.minLength(1), v.maxLength(80))),
  pretrainedOn: v.nullable(v.pipe(v.string(), v.minLength(1), v.maxLength(80))),
  epochs: v.nullable(v.pipe(v.number(), v.minValue(0))),
  batch: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1))),
});
export type Origin = v.InferOutput<typeof Origin>;

/**
 * How a program resizes the position embeddings of a vision transformer, always bicubically. `size`: by the sizes of the grids (MAE, DeiT, Hugging Face). `dino`: by a scale factor for a
 * tenth of a patch more than there is, so that it never comes out one patch short (DINO, iBOT, DINOv2 without
 * registers). `antialiased`: by the sizes, with a wider kernel where the grid becomes smaller (timm, DINOv2 with
 * registers). `corners`: with the outermost patches of both grids at the same place (torchvision).
 */
export const resizings = ['size', 'dino', 'antialiased', 'corners'] as const;
export type Resizing = (typeof resizings)[number];

/**
 * How the number of attention heads is known, which no file of weights tells: as it was asked for; as the program has it;
 * as all published networks of the size have it; or one for each 64 channels.
 */
export const HeadsFrom = v.picklist(['asked', 'program', 'size', 'width']);
export type HeadsFrom = v.InferOutput<typeof HeadsFrom>;
/**
 * What tells that a vision transformer sees pixels from -1 to 1: a head of ImageNet-21k's 21,843 classes, which Google's networks have (timm's `augreg`), or
 * the pooler of Hugging Face's ViT.
 */
export const PixelsFrom = v.picklist(['classes-21k', 'pooler']);
export type PixelsFrom = v.InferOutput<typeof PixelsFrom>;
/**
 * How detectron2's residual networks see pictures, which no shape tells. `caffe2`: MSRA's networks, blue first, levels around
 * the mean, the stride of a bottleneck in its first 1x1. `torchvision`: red first, ImageNet's mean and deviation, the stride in
 * the 3x3.
 */
export const Convention = v.picklist(['caffe2', 'torchvision']);
export type Convention = v.InferOutput<typeof Convention>;
/**
 * How it is known: as it was asked for; by the mean and deviation of pixels in the file; by batch norms whose statistics are 0 and
 * 1, which networks from Caffe alone have; or nothing tells, and most networks see pictures so.
 */
export const ConventionFrom = v.picklist(['asked', 'pixels', 'norms', 'usual']);
export type ConventionFrom = v.InferOutput<typeof ConventionFrom>;

/** A detector that was found around an encoder. */
export const DetectorInFile = v.strictObject({
  /** The evaluator that measures it. */
  evaluator: v.picklist(['detection-c4', 'detection-fpn']),
  /** What stands before its tensors in the file. */
  prefix: v.string(),
  /** Without the one of no object. */
  classes: v.number(),
  /** Options of the evaluator that its tensors tell. */
  options: Options,
  /** Tensors taken besides the encoder's. */
  tensors: v.number(),
});
export type DetectorInFile = v.InferOutput<typeof DetectorInFile>;

/** What a person wants of a file of weights. */
export const WantedWeights = v.strictObject({
  /** Name of the network to take; without it the one that its method evaluates. */
  network: v.optional(v.pipe(v.string(), v.maxLength(200))),
  /** Attention heads of a vision transformer; without it as many as programs have at its width. */
  heads: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(64))),
  /** Without it as the file tells. */
  convention: v.optional(Convention),
  /** Takes weights matched by shape although their statistics say that the order is wrong. */
  anyway: v.optional(v.boolean()),
});
export type WantedWeights = v.InferOutput<typeof WantedWeights>;

/** Why a network of a file was taken: a role among several, a choice of a person, or the shapes alone. */
export const NetworkReason = v.picklist([
  'only',
  'teacher',
  'query',
  'base',
  'online',
  'trained',
  'first',
  'asked',
  'order',
  'unsaid',
]);
export type NetworkReason = v.InferOutput<typeof NetworkReason>;

/** A network of a file. */
export const FoundNetwork = v.strictObject({
  /** What stands before its tensors. */
  name: v.string(),
  tensors: v.number(),
  /** Why its method evaluates this one; null for the others. */
  why: v.optional(v.nullable(NetworkReason), null),
});
export type FoundNetwork = v.InferOutput<typeof FoundNetwork>;

/** The choice among several networks, as a run and its report state it. */
export const NetworkChoice = v.strictObject({ name: v.string(), why: NetworkReason, others: v.array(v.string()) });
export type NetworkChoice = v.InferOutput<typeof NetworkChoice>;

/** How pixels from 0 to 1 may have been normalised in training; `levels` are those of Caffe, from 0 to 255 around the mean. */
export const pixelScalings = {
  imagenet: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  signed: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  unit: { mean: [0, 0, 0], std: [1, 1, 1] },
  levels: { mean: [0.485, 0.456, 0.406], std: [1 / 255, 1 / 255, 1 / 255] },
} as const;
export type PixelScaling = keyof typeof pixelScalings;

/**
 * Distance of what enters the batch norms, for pictures of the sample set, from the statistics stored for them
 * (`evaluation/norm-distances.ts`).
 */
export const NormCheck = v.strictObject({
  images: v.number(),
  /** The normalisation that fits best: ImageNet's unless another one fits and that does not. */
  scaling: v.picklist(['imagenet', 'signed', 'unit', 'levels']),
  /** The largest of all layers', in nats; null where values overflow. */
  distance: v.nullable(v.number()),
  /** Its batch norm, and the first one beyond the limit of doubt. */
  layer: v.string(),
  first: v.nullable(v.string()),
  verdict: v.picklist(['fits', 'doubtful', 'unlike']),
});
export type NormCheck = v.InferOutput<typeof NormCheck>;

/** What the reader found in a file. */
export const FoundWeights = v.strictObject({
  id: WeightsId,
  file: v.string(),
  format: WeightsFormat,
  bytes: v.number(),
  /** What stands before the encoder's own names in the file. */
  prefix: v.string(),
  /** Whose names the file has; null where its tensors were matched by the order of their shapes. */
  layout: v.optional(v.nullable(v.string()), 'torchvision'),
  /** The network taken, all that the file has, and why it was this one. */
  network: v.optional(v.string(), ''),
  networks: v.optional(v.array(FoundNetwork), []),
  // Records had a sentence here before.
  why: v.optional(v.fallback(NetworkReason, 'unsaid'), 'unsaid'),
  encoder: Choice,
  channels: v.number(),
  /** Of vision transformers. */
  headsFrom: v.optional(HeadsFrom),
  /** Left out: nothing tells another normalisation than ImageNet's. */
  pixelsFrom: v.optional(PixelsFrom),
  /** Of networks in detectron2's names. */
  convention: v.optional(v.strictObject({ is: Convention, from: ConventionFrom })),
  /** Null where there is none, or one that is not like ours: then the reason. */
  detector: v.optional(v.nullable(DetectorInFile), null),
  noDetector: v.optional(v.nullable(Said), null),
  /** Tensors taken, and the names of those that were not: a projector, a classifier, an optimizer. */
  tensors: v.number(),
  unmatched: v.array(v.string()),
  /** Values of the file that are not tensors of numbers, by class, with the names of the first few. */
  passedOver: v.optional(
    v.array(v.strictObject({ what: v.string(), count: v.number(), names: v.array(v.string()) })),
    [],
  ),
  /** Doubts about the tensors taken, as sentences. */
  warnings: v.optional(v.array(v.string()), []),
  /** Null where it was not checked: other channels than 1 or 3, no batch norms. */
  norms: v.optional(v.nullable(NormCheck), null),
});
export type FoundWeights = v.InferOutput<typeof FoundWeights>;

export const ImportedWeights = v.strictObject({
  ...FoundWeights.entries,
  version: v.literal(1),
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
  origin: Origin,
  /** Where the file was, for another network of it; null: not recorded. */
  path: v.optional(v.nullable(v.string()), null),
  /** Other files in which the same encoder was found, oldest first. */
  sameAs: v.optional(v.array(v.string()), []),
  importedAt: Integer,
});
export type ImportedWeights = v.InferOutput<typeof ImportedWeights>;
