/** Bottleneck blocks and options, shared by the deeper residual networks. */
import * as v from 'valibot';
import type { Builder, Encoder } from '../../recipe.ts';
import { resnet, type ResNetShape } from './resnet.ts';

export const bottleneckOptions = v.object({
  /** imagenet: 7x7 at stride 2 and a max-pool. small: one 3x3. */
  stem: v.optional(v.picklist(['imagenet', 'small']), 'imagenet'),
  /** Stride of the small stem. */
  stemStride: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2)), 1),
  /**
   * Channels after the stem; every other width and the representation scale with them. The papers' x2 is 128, their x4
   * 256 (SimCLR and BYOL report 94 and 375 million weights for ResNet-50, 250 million for ResNet-200 x2, as here).
   * torchvision's "wide" networks differ: they widen only the 3x3 convolutions.
   */
  width: v.optional(v.pipe(v.number(), v.integer(), v.minValue(4), v.maxValue(512)), 64),
  /** Zero-initialises the residual branches, as in the official code. */
  zeroInitResidual: v.optional(v.boolean(), true),
});

type BottleneckOptions = v.InferOutput<typeof bottleneckOptions>;

/** `depths`: blocks in each of the four stages. */
export const bottleneckNetwork =
  (depths: ResNetShape['depths']) =>
  (builder: Builder, options: BottleneckOptions, { channels }: { readonly channels: number }): Encoder =>
    resnet(builder, {
      block: 'bottleneck',
      depths,
      width: options.width,
      stem: options.stem === 'imagenet' ? { kind: 'imagenet' } : { kind: 'small', stride: options.stemStride },
      channels,
      zeroInitResidual: options.zeroInitResidual,
    });
