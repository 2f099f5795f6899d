/**
 * Vision transformers, Dosovitskiy et al. 2021, with the norm before each part of a block. Paths of the variables are the names of
 * timm and DINO with slashes for dots, and weights are initialised as in DINO's code.
 *
 * The representation is the class token after the last norm, as DINO and MoCo v3 evaluate it. No dropout and no stochastic depth.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import { FaultError } from '../../durable/fault-error.ts';
import type { Builder, Encoder, Initial } from '../../recipe.ts';
import { attention } from '../layers/attention.ts';
import { conv2d } from '../ops/conv.ts';
import { gelu } from '../ops/gelu.ts';
import { uniformFanIn } from '../layers/init.ts';
import { layerNorm } from '../layers/layer-norm.ts';
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
}

const small: Initial = { kind: 'normal', std: 0.02 };
const initial = { weight: small, bias: { kind: 'zeros' } } as const;
/** Hidden width of a block's MLP, as a multiple of the token width. */
const expansion = 4;

/** y = x + attention(norm(x)), then y + perceptron(norm(y)). */
function block(builder: Builder, { width, heads }: VisionTransformerShape): Layer {
  const [before, between] = [layerNorm(builder.at('norm1'), width), layerNorm(builder.at('norm2'), width)];
  const attend = attention(builder.at('attn'), width, heads, initial);
  const widen = linear(builder.at('mlp/fc1'), width, expansion * width, { initial });
  const narrow = linear(builder.at('mlp/fc2'), expansion * width, width, { initial });
  const perceptron = (tokens: Tensor): Tensor => {
    const rows = tf.reshape(tokens, [-1, width]);
    return tf.reshape(lowGradient(narrow.apply(gelu(lowGradient(widen.apply(rows))))), tokens.shape);
  };
  return {
    weights: [before, attend, between, widen, narrow].flatMap(({ weights }) => weights),
    state: [],
    apply(x) {
      const mixed = tf.add(x, attend.apply(before.apply(x)));
      return tf.add(mixed, perceptron(between.apply(mixed)));
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
  const { patch, width, depth, imageSize, channels } = shape;
  /** Patches in a row of an image; pixels left over at the right and bottom are ignored. */
  const side = Math.floor(imageSize / patch);
  const embedding = builder.at('patch_embed/proj');
  const fanIn = uniformFanIn(patch * patch * channels);
  const kernel = embedding.variable('weight', [patch, patch, channels, width], fanIn);
  const bias = embedding.variable('bias', [width], fanIn);
  const classToken = builder.variable('cls_token', [1, 1, width], small);
  const positions = builder.variable('pos_embed', [1, 1 + side * side, width], small);
  const blocks = Array.from({ length: depth }, (_, index) => recomputable(block(builder.at(`blocks/${index}`), shape)));
  const norm = layerNorm(builder.at('norm'), width);

  /** Tokens of a grid of patches with their positions added, the class token first. */
  function placed(patches: Tensor): Tensor {
    const [n, rows, columns] = patches.shape as [number, number, number, number];
    const [own, others] = [
      tf.slice(positions, [0, 0, 0], [1, 1, width]),
      tf.slice(positions, [0, 1, 0], [1, side * side, width]),
    ];
    const tokens = tf.add(
      tf.reshape(patches, [n, rows * columns, width]),
      resizedPositions(others, side, rows, columns),
    );
    return tf.concat([tf.broadcastTo(tf.add(classToken, own), [n, 1, width]), tokens], 1);
  }

  return {
    weights: [kernel, bias, classToken, positions, ...blocks.flatMap(({ weights }) => weights), ...norm.weights],
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
      const grid = (tokens: Tensor): Tensor =>
        tf.reshape(tf.slice(tokens, [0, 1, 0], [n, rows * columns, width]), [n, rows, columns, width]);
      let tokens = placed(conv1);
      /** Tokens after each quarter of the depth. */
      const quarters = [1, 2, 3, 4].map((quarter) => {
        const [first, end] = [quarter - 1, quarter].map((one) => Math.ceil((depth * one) / 4));
        for (const layer of blocks.slice(first, end)) tokens = layer.apply(tokens, at);
        return tokens;
      });
      const [res2, res3, res4] = quarters.map(grid) as [Tensor, Tensor, Tensor];
      const classes = tf.reshape(tf.slice(tokens, [0, 0, 0], [n, 1, width]), [n, width]);
      return { conv1, res2, res3, res4, res5: norm.apply(grid(tokens)), pooled: norm.apply(classes) };
    },
  };
}
