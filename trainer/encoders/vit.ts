/**
 * Vision transformers of other programs, for the weights that are imported: of any size, and with what DINOv2, timm and
 * Hugging Face have beyond the plain network. ViT-S/16 is the one that is trained here. Defaults are ViT-B/16's.
 */
import * as v from 'valibot';
import { whole } from '../nn/ssl/option-schemas.ts';
import { featureKinds, visionTransformer } from '../nn/networks/vision-transformer.ts';
import { resizings } from '../protocol/weights.ts';
import { defineEncoder } from '../recipe.ts';

export const encoder = defineEncoder({
  id: 'vit',
  title: 'ViT',
  options: v.object({
    /** Patch size in pixels. */
    patch: v.optional(whole(1, 64), 16),
    /** Width of the tokens and of the representation; a multiple of `heads`. */
    width: v.optional(whole(1, 4096), 768),
    /** Number of blocks. */
    depth: v.optional(whole(1, 64), 12),
    heads: v.optional(whole(1, 64), 12),
    /** Image size of the position embeddings; for other sizes they are interpolated bicubically. */
    imageSize: v.optional(whole(1, 4096), 224),
    /** How they are: as MAE, DINO, timm or torchvision do it. */
    positions: v.optional(v.picklist(resizings), 'dino'),
    /** The class token after the last norm, or the mean of the patches' tokens before it. */
    features: v.optional(v.picklist(featureKinds), 'class'),
    /** Learned tokens beside the class token. */
    registers: v.optional(whole(0, 64), 0),
    layerScale: v.optional(v.boolean(), false),
    /** Layer norm's epsilon. */
    epsilon: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 1e-6),
  }),
  evaluationOnly: true,
  build: (builder, options, { channels }) => visionTransformer(builder, { ...options, channels }),
});
