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
    /** Patch size in pixels. */
    patch: v.optional(whole(1, 64), 16),
    /** Width of the tokens and of the representation; a multiple of `heads`. */
    width: v.optional(whole(1, 4096), 384),
    /** Number of blocks. */
    depth: v.optional(whole(1, 64), 12),
    heads: v.optional(whole(1, 64), 6),
    /** Image size of the learned position embeddings; for other sizes they are interpolated bicubically. */
    imageSize: v.optional(whole(1, 2048), 224),
  }),
  build: (builder, options, { channels }) => visionTransformer(builder, { ...options, channels }),
});
