/** The manifest beside a checkpoint's tensors. A checkpoint without a valid one does not exist. */
import * as v from 'valibot';
import { Natural, Ordinal } from './numbers.ts';

export const TensorEntry = v.strictObject({
  name: v.string(),
  dtype: v.picklist(['float32', 'int32', 'bool']),
  shape: v.array(Natural),
  offset: Natural,
  bytes: Natural,
  sha256: v.string(),
});
export type TensorEntry = v.InferOutput<typeof TensorEntry>;

export const Manifest = v.strictObject({
  /** 1: of an older version, without a checksum of its own. */
  format: v.picklist([1, 2]),
  run: v.string(),
  attempt: Ordinal,
  step: Natural,
  epoch: v.number(),
  /** Wall seconds of training up to here, all attempts. */
  trainedSeconds: v.number(),
  configHash: v.string(),
  codeVersion: v.string(),
  tensorflow: v.string(),
  /** The engine's own count of changes to its sums. */
  arithmetic: v.optional(v.string(), '1'),
  threads: Natural,
  instructionSet: v.string(),
  /** Of a run on a GPU: the card with its compute capability, and versions of the libraries that compute. */
  gpu: v.optional(v.string()),
  cuda: v.optional(v.string()),
  cudnn: v.optional(v.string()),
  /** Randomness is derived from (seed, epoch, index, view), so the seed and the step are all of its state. */
  seed: Natural,
  /** Small state of the loop and of a learner that is not a tensor: best epoch so far and the like. */
  counters: v.record(v.string(), v.number()),
  tensorBytes: Natural,
  tensors: v.array(TensorEntry),
});
export type Manifest = v.InferOutput<typeof Manifest>;
