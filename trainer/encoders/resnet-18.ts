/** ResNet-18, He et al. 2016, torchvision's layout. 11.2 million weights at width 64. */
import * as v from 'valibot';
import { resnet } from '../nn/networks/resnet.ts';
import { defineEncoder } from '../recipe.ts';

export const encoder = defineEncoder({
  id: 'resnet-18',
  title: 'ResNet-18',
  options: v.object({
    /** imagenet: 7x7 at stride 2 and a max-pool. small: one 3x3. */
    stem: v.optional(v.picklist(['small', 'imagenet']), 'small'),
    /** Stride of the small stem. */
    stemStride: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2)), 1),
    /** Zeros around the images of the small stem: 1 keeps their size; solo-learn's 2 makes 34 x 34 of 32 x 32. */
    stemPadding: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2)), 1),
    /** Channels after the stem. */
    width: v.optional(v.pipe(v.number(), v.integer(), v.minValue(4), v.maxValue(512)), 64),
    /** Zero-initialises the residual branches; not torchvision's default. */
    zeroInitResidual: v.optional(v.boolean(), false),
  }),
  build: (builder, options, { channels }) =>
    resnet(builder, {
      block: 'basic',
      depths: [2, 2, 2, 2],
      width: options.width,
      stem:
        options.stem === 'imagenet'
          ? { kind: 'imagenet' }
          : { kind: 'small', stride: options.stemStride, padding: options.stemPadding },
      channels,
      zeroInitResidual: options.zeroInitResidual,
    }),
});
