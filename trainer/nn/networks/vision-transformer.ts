/**
 * Vision transformers, Dosovitskiy et al. 2021, with the norm before each part of a block. Paths of the variables are the names of
 * timm and DINO with slashes for dots, and weights are initialised as in DINO's code.
 *
 * The representation is the class token after the last norm, as DINO and MoCo v3 evaluate it, or the mean of the patches' tokens
 * before that norm, as MAE's fine-tuned networks have it. No dropout and no stochastic depth.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Variable } from '@tensorflow/tfjs';
import { FaultError } from '../../durable/fault-error.ts';
import type { Resizing } from '../../protocol/weights.ts';
import type { Builder, Encoder, Initial } from '../../recipe.ts';
import { attention } from '../layers/attention.ts';
import { conv2d } from '../ops/conv.ts';
import { gelu } from '../ops/gelu.ts';
import { uniformFanIn } from '../layers/init.ts';
import { layerNorm, type LayerNorm } from '../layers/layer-norm.ts';
import { linear } from '../layers/linear.ts';
import { lowGradient } from '../ops/low-gradient.ts';
import { resizedPositions } from './resize-positions.ts';
import { recomputable, type Layer } from '../ops/recompute.ts';

export interface VisionTransformerShape {
  /** Patch size in pixels. */
  readonly patch: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** Side of the images that the learned positions are for, in pixels. For other sizes they are interpolated. */
  readonly imageSize: number;
  readonly channels: number;
  /** Way in which positions are interpolated. */
  readonly positions?: Resizing;
  /** What is added to a variance before its root. */
  readonly epsilon?: number;
  /** A learned factor for each channel of what a block adds, Touvron et al. 2021 ("Going deeper"). */
  readonly layerScale?: boolean;
  /** Learned tokens without a position beside the class token, Darcet et al. 2024. */
  readonly registers?: number;
  /** The class token, or the mean over the tokens of patches. */
  readonly features?: Features;
}

export const featureKinds = ['class', 'patches'] as const;
export type Features = (typeof featureKinds)[number];

const small: Initial = { kind: 'normal', std: 0.02 };
const initial = { weight: small, bias: { kind: 'zeros' } } as const;
/** Hidden width of a block's MLP, as a multiple of the token width. */
const expansion = 4;

/** Factors of a block's two parts, where it has them. They start small, so that a block starts near the identity. */
function factorsOf(builder: Builder, { width, layerScale = false }: VisionTransformerShape): readonly Variable[] {
  const first: Initial = { kind: 'given', values: new Float32Array(width).fill(1e-5) };
  return layerScale ? ['ls1', 'ls2'].map((name) => builder.at(name).variable('gamma', [width], first)) : [];
}

/** y = x + attention(norm(x)), then y + perceptron(norm(y)). */
function block(builder: Builder, shape: VisionTransformerShape): Layer {
  const { width, heads, epsilon } = shape;
  const [before, between] = ['norm1', 'norm2'].map((name) => layerNorm(builder.at(name), width, epsilon)) as [
    LayerNorm,
    LayerNorm,
  ];
  const factors = factorsOf(builder, shape);
  const scaled = (part: Tensor, index: 0 | 1): Tensor => {
    const factor = factors[index];
    return factor === undefined ? part : tf.mul(part, factor);
  };
  const attend = attention(builder.at('attn'), width, heads, initial);
  const widen = linear(builder.at('mlp/fc1'), width, expansion * width, { initial });
  const narrow = linear(builder.at('mlp/fc2'), expansion * width, width, { initial });
  const perceptron = (tokens: Tensor): Tensor => {
    const rows = tf.reshape(tokens, [-1, width]);
    return tf.reshape(lowGradient(narrow.apply(gelu(lowGradient(widen.apply(rows))))), tokens.shape);
  };
  return {
    weights: [...[before, attend, between, widen, narrow].flatMap(({ weights }) => weights), ...factors],
    state: [],
    apply(x) {
      const mixed = tf.add(x, scaled(attend.apply(before.apply(x)), 0));
      return tf.add(mixed, scaled(perceptron(between.apply(mixed)), 1));
    },
  };
}

function refuseMisfits({ patch, width, heads, imageSize }: VisionTransformerShape): void {
  if (width % heads !== 0)
    throw new FaultError(
      'bad-argument',
      `A width of ${width} is not divisible by ${heads} heads: choose a multiple of ${heads}.`,
      { width, heads },
    );
  if (imageSize < patch)
    throw new FaultError(
      'bad-argument',
      `Images of ${imageSize} px are smaller than a patch of ${patch} px: choose smaller patches or larger images.`,
      { imageSize, patch },
    );
}

export function visionTransformer(builder: Builder, shape: VisionTransformerShape): Encoder {
  refuseMisfits(shape);
  const { patch, width, depth, imageSize, channels, registers = 0, features = 'class' } = shape;
  /** Patches in a row of an image; pixels left over at the right and bottom are ignored. */
  const side = Math.floor(imageSize / patch);
  const embedding = builder.at('patch_embed/proj');
  const fanIn = uniformFanIn(patch * patch * channels);
  const kernel = embedding.variable('weight', [patch, patch, channels, width], fanIn);
  const bias = embedding.variable('bias', [width], fanIn);
  const classToken = builder.variable('cls_token', [1, 1, width], small);
  const positions = builder.variable('pos_embed', [1, 1 + side * side, width], small);
  const registerTokens = registers > 0 ? [builder.variable('register_tokens', [1, registers, width], small)] : [];
  const others = 1 + registers;
  const blocks = Array.from({ length: depth }, (_, index) =>
    recomputable(block(builder.at(`blocks/${index}`), shape), 'blocks'),
  );
  const norm = layerNorm(builder.at('norm'), width, shape.epsilon);

  /** Tokens of a grid of patches with their positions added, after the class token and the registers. */
  function placed(patches: Tensor): Tensor {
    const [n, rows, columns] = patches.shape as [number, number, number, number];
    const own = tf.slice(positions, [0, 0, 0], [1, 1, width]);
    const ofPatches = tf.slice(positions, [0, 1, 0], [1, side * side, width]);
    const tokens = tf.add(
      tf.reshape(patches, [n, rows * columns, width]),
      resizedPositions(ofPatches, side, rows, columns, shape.positions),
    );
    const extra = registerTokens.map((variable) => tf.broadcastTo(variable, [n, registers, width]));
    return tf.concat([tf.broadcastTo(tf.add(classToken, own), [n, 1, width]), ...extra, tokens], 1);
  }

  return {
    weights: [
      kernel,
      bias,
      classToken,
      positions,
      ...registerTokens,
      ...blocks.flatMap(({ weights }) => weights),
      ...norm.weights,
    ],
    state: [],
    outputs: width,
    res4Outputs: width,
    forward(images, at) {
      const patches = conv2d(images, kernel, { stride: patch, padding: 0, inputGradient: false });
      const conv1 = lowGradient(tf.add(patches, bias));
      const [n, rows, columns] = conv1.shape as [number, number, number, number];
      if (rows * columns === 0)
        throw new FaultError(
          'bad-argument',
          `Images of ${images.shape[1]} x ${images.shape[2]} px are smaller than a patch of ${patch} px: choose larger images.`,
          { patch },
        );
      const ofPatches = (tokens: Tensor): Tensor => tf.slice(tokens, [0, others, 0], [n, rows * columns, width]);
      const grid = (tokens: Tensor): Tensor => tf.reshape(ofPatches(tokens), [n, rows, columns, width]);
      let tokens = placed(conv1);
      const after = blocks.map((layer) => (tokens = layer.apply(tokens, at)));
      /** Tokens after each quarter of the depth. */
      const [res2, res3, res4] = [1, 2, 3].map((quarter) => {
        const end = Math.ceil((depth * quarter) / 4);
        return grid(after[end - 1]!);
      }) as [Tensor, Tensor, Tensor];
      const ofClass = (one: Tensor): Tensor => tf.reshape(tf.slice(one, [0, 0, 0], [n, 1, width]), [n, width]);
      const representation = features === 'class' ? ofClass(tokens) : tf.mean(ofPatches(tokens), 1);
      return {
        conv1,
        res2,
        res3,
        res4,
        res5: norm.apply(grid(tokens)),
        pooled: norm.apply(representation),
        classTokens: () => after.slice(-4).map((one) => norm.apply(ofClass(one))),
      };
    },
  };
}
