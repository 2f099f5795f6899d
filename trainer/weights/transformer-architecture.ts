/** Reads the architecture of a vision transformer from its tensors' names (timm's) and shapes, or says what is unknown. */
import * as v from 'valibot';
import type { Options } from '../protocol/options.ts';
import type { HeadsFrom, PixelsFrom, Resizing } from '../protocol/weights.ts';
import type { EncoderRecipe, Shape } from '../recipe.ts';
import type { FixedPositions } from './fixed-positions.ts';

/** Shapes of a network's tensors by timm's names. */
export type Shapes = ReadonlyMap<string, Shape>;

/** Parts that no encoder here has, by the name of a tensor. */
const unknownParts: readonly (readonly [RegExp, string])[] = [
  [/^patch_embed\.proj\.\d+\./, 'a stem of several convolutions in place of patches (MoCo v3’s ConvStem)'],
  [/^patch_embed\.backbone\./, 'a residual network before it (a hybrid)'],
  [/^(dist_token|distillation_token)$/, 'a distillation token (DeiT)'],
  [/^(norm_pre|ln_pre|pre_layrnorm)\./, 'a norm before its first block (CLIP)'],
  [/^(rope|rope_embed|rotary_emb|storage_tokens)(\.|$)/, 'rotary positions (DINOv3, EVA-02)'],
  [/^blocks_token_only\./, 'blocks of the class token alone (CaiT)'],
  [/^attn_pool\./, 'attention in place of a class token (SigLIP)'],
  [/\.mlp\.(w12|w1|w3|fc1_g|weights_in)\./, 'gated perceptrons (SwiGLU, as DINOv2 ViT-g/14)'],
  [/\.attn\.(q_norm|k_norm|norm)\./, 'norms inside its attention'],
  [/relative_position|rel_pos/, 'relative positions (BEiT, ViTDet)'],
  [/\.attn\.(q_bias|v_bias)$/, 'biases of queries and values alone (BEiT, EVA)'],
];

export function unknownPartOf(name: string): string | null {
  return unknownParts.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

/** Attention heads of the published sizes by width: ViT-Ti, S, B, L, H and g. */
const publishedHeads: Readonly<Record<number, number>> = { 192: 3, 384: 6, 768: 12, 1024: 16, 1280: 16, 1536: 24 };
const headWidth = 64;
/** MoCo v3's ViT-S has twice as many heads as everyone else's. */
const smallWidth = 384;
const mocoHeads = 12;

export interface Heads {
  readonly heads: number;
  readonly from: HeadsFrom;
}

/** Number of attention heads, which no shape tells; null if nothing else does. */
export function headsOf(width: number, program: string, asked: number | null): Heads | null {
  if (asked !== null) return { heads: asked, from: 'asked' };
  if (program === 'MoCo v3' && width === smallWidth) return { heads: mocoHeads, from: 'program' };
  const published = publishedHeads[width];
  if (published !== undefined) return { heads: published, from: 'size' };
  return width % headWidth === 0 ? { heads: width / headWidth, from: 'width' } : null;
}

export interface Program {
  readonly name: string;
  readonly positions: Resizing;
}

interface Signs {
  readonly layout: string;
  readonly prefix: string;
  readonly shapes: Shapes;
  readonly fixed: FixedPositions | null;
  /** Names of all the tensors of the file: iBOT masks images for its student alone. */
  readonly names: readonly string[];
}

/** Whose network it is, by what its programs have beside the plain one, and how that program resizes positions. */
export function programOf({ layout, prefix, shapes, fixed, names }: Signs): Program {
  const has = (name: string): boolean => shapes.has(name);
  if (layout === 'Hugging Face') return { name: layout, positions: has('register_tokens') ? 'antialiased' : 'size' };
  if (layout === 'torchvision') return { name: layout, positions: 'corners' };
  if (fixed === 'moco-v3' || /(^|\.)base_encoder\.$/.test(prefix)) return { name: 'MoCo v3', positions: 'size' };
  if (fixed === 'mae' || has('decoder_embed.weight')) return { name: 'MAE', positions: 'size' };
  if (has('mask_token') && has('blocks.0.ls1.gamma'))
    return has('register_tokens')
      ? { name: 'DINOv2 with registers', positions: 'antialiased' }
      : { name: 'DINOv2', positions: 'dino' };
  if (names.some((name) => /(^|\.)masked_embed$/.test(name))) return { name: 'iBOT', positions: 'dino' };
  const isOfTimm = ['register_tokens', 'blocks.0.ls1.gamma', 'fc_norm.weight', 'head.weight'].some(has);
  return isOfTimm ? { name: 'timm', positions: 'antialiased' } : { name: 'DINO', positions: 'dino' };
}

/** Classes of ImageNet-21k, which Google pretrained on. */
const classesOf21k = 21_843;

/**
 * What tells that pixels were scaled to -1 to 1; null for the usual normalisation. Networks that others trained and converted to
 * Hugging Face's names (DINO, MAE, DINOv2) have no pooler.
 */
export function pixelsFromOf({ layout, prefix, shapes, names }: Omit<Signs, 'fixed'>): PixelsFrom | null {
  if (shapes.get('head.weight')?.[0] === classesOf21k) return 'classes-21k';
  const isOfViT = layout === 'Hugging Face' && !shapes.has('blocks.0.ls1.gamma');
  return isOfViT && names.includes(`${prefix}pooler.dense.weight`) ? 'pooler' : null;
}

/** Patches in a row of the images that the positions are for, and whether the class token has a position; null if neither fits. */
export function gridOf(positions: number): { readonly side: number; readonly hasClass: boolean } | null {
  for (const hasClass of [true, false]) {
    const side = Math.sqrt(positions - (hasClass ? 1 : 0));
    if (side >= 1 && Number.isInteger(side)) return { side, hasClass };
  }
  return null;
}

const countOf = (shapes: Shapes, pattern: RegExp): number =>
  new Set([...shapes.keys()].flatMap((name) => pattern.exec(name)?.[1] ?? [])).size;

/** Where the mean of the patches is the representation, its norm has a name of its own (timm, MAE's fine-tuned networks). */
export const isOfPatches = (shapes: Shapes): boolean => shapes.has('fc_norm.weight') && !shapes.has('norm.weight');

/** Hugging Face's networks divide by another root than the ones they were made from. */
const epsilonOf = (layout: string, shapes: Shapes): number =>
  layout === 'Hugging Face' && !shapes.has('blocks.0.ls1.gamma') ? 1e-12 : 1e-6;

interface Known {
  readonly layout: string;
  readonly program: Program;
  readonly side: number;
  readonly heads: number;
}

/** The encoder's options; null where they are out of its range. */
export function optionsOf(recipe: EncoderRecipe, shapes: Shapes, known: Known): Options | null {
  const [width, , patch] = shapes.get('patch_embed.proj.weight')!;
  const parsed = v.safeParse(recipe.options, {
    patch,
    width,
    depth: countOf(shapes, /^blocks\.(\d+)\./),
    heads: known.heads,
    imageSize: known.side * patch!,
    positions: known.program.positions,
    features: isOfPatches(shapes) ? 'patches' : 'class',
    registers: shapes.get('register_tokens')?.[1] ?? 0,
    layerScale: shapes.has('blocks.0.ls1.gamma'),
    epsilon: epsilonOf(known.layout, shapes),
  });
  return parsed.success ? (parsed.output as Options) : null;
}
