/** ResNet-50, He et al. 2016, torchvision's layout v1.5: the paper's encoder. 23.5 million weights at width 64. */
import * as v from 'valibot';
import { resnet } from '../nn/resnet.ts';
import { defineEncoder } from '../recipe.ts';

export const encoder = defineEncoder({
  id: 'resnet-50',
  title: 'ResNet-50',
  options: v.object({
    /** imagenet: 7x7 at stride 2 and a max-pool. small: one 3x3. */
    stem: v.optional(v.picklist(['imagenet', 'small']), 'imagenet'),
    /** Of the small stem. */
    stemStride: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2)), 1),
    /** Channels after the stem. */
    width: v.optional(v.pipe(v.number(), v.integer(), v.minValue(4), v.maxValue(512)), 64),
    /** Residual branches begin at zero, as in the official code. */
    zeroInitResidual: v.optional(v.boolean(), true),
  }),
  build: (builder, options, { channels }) =>
    resnet(builder, {
      block: 'bottleneck',
      depths: [3, 4, 6, 3],
      width: options.width,
      stem: options.stem === 'imagenet' ? { kind: 'imagenet' } : { kind: 'small', stride: options.stemStride },
      channels,
      zeroInitResidual: options.zeroInitResidual,
    }),
});
