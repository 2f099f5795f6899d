/** What was drawn for one augmented view of one image. */
import * as v from 'valibot';

/** Part of an image, in pixels from its top left corner. */
export const Box = v.strictObject({ left: v.number(), top: v.number(), width: v.number(), height: v.number() });
export type Box = Readonly<v.InferOutput<typeof Box>>;

export const JitterOperation = v.picklist(['brightness', 'contrast', 'saturation', 'hue']);
export type JitterOperation = v.InferOutput<typeof JitterOperation>;

/** In the order of application. Everything about a view that is random. */
export const ViewParameters = v.strictObject({
  /** Of the image as decoded; it is then resized to the size of the view, or to that of `part`. */
  crop: Box,
  /** Where only a part of what the crop was resized to is shown: that size in pixels, and the part. */
  part: v.optional(v.strictObject({ width: v.number(), height: v.number(), box: Box })),
  flip: v.boolean(),
  /**
   * In the order of application; empty when the jitter was not drawn. `amount`: a factor, of hue a shift in turns of the
   * colour circle. On one channel saturation and hue change nothing.
   */
  jitter: v.array(v.strictObject({ operation: JitterOperation, amount: v.number() })),
  grayscale: v.boolean(),
  /** Standard deviation in pixels, or null. */
  blurSigma: v.nullable(v.number()),
  solarize: v.boolean(),
});
type Parameters = v.InferOutput<typeof ViewParameters>;
export type ViewParameters = Readonly<Omit<Parameters, 'jitter'>> & {
  readonly jitter: readonly Readonly<Parameters['jitter'][number]>[];
};
