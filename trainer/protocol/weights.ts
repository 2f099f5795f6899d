/** An encoder that another program trained, taken into a workspace. */
import * as v from 'valibot';
import { Choice } from './options.ts';

/** Sixteen digits of the hash of its tensors: the same weights have the same id, whatever file they come in. */
export const WeightsId = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, 'an id of weights is 16 of 0-9 and a-f'));

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
  networks: v.optional(v.array(v.strictObject({ name: v.string(), tensors: v.number() })), []),
  why: v.optional(v.string(), ''),
  encoder: Choice,
  channels: v.number(),
  /** Of vision transformers. */
  headsFrom: v.optional(HeadsFrom),
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
});
export type FoundWeights = v.InferOutput<typeof FoundWeights>;

export const ImportedWeights = v.strictObject({
  ...FoundWeights.entries,
  version: v.literal(1),
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
  origin: Origin,
  /** Other files in which the same encoder was found, oldest first. */
  sameAs: v.optional(v.array(v.string()), []),
  importedAt: v.number(),
});
export type ImportedWeights = v.InferOutput<typeof ImportedWeights>;
