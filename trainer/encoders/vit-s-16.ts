/**
 * ViT-S/16, as in DeiT (Touvron et al. 2021): 384 wide, 12 blocks of 6 heads, patches of 16 px. 21.7 million weights for images of
 * 224 px.
 */
import * as v from 'valibot';
import { whole } from '../nn/ssl/option-schemas.ts';
import { visionTransformer } from '../nn/networks/vision-transformer.ts';
import { defineEncoder } from '../recipe.ts';

export const encoder = defineEncoder({
  id: 'vit-s-16',
  title: 'ViT-S/16',
  options: v.object({
    /** Side of a patch, in pixels. */
    patch: v.optional(whole(1, 64), 16),
    /** Of the tokens and the representation: a multiple of the heads. */
    width: v.optional(whole(1, 4096), 384),
    /** Blocks. */
    depth: v.optional(whole(1, 64), 12),
    heads: v.optional(whole(1, 64), 6),
    /** Side of the images its positions are learned for. Images of other sizes get them by bicubic interpolation. */
    imageSize: v.optional(whole(1, 2048), 224),
  }),
  build: (builder, options, { channels }) => visionTransformer(builder, { ...options, channels }),
});
