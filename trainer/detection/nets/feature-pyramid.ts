/** Feature pyramid (Lin et al. 2017), as detectron2's: 1x1 from each stage, sums from the coarse to the fine, a 3x3 on each, and one coarser level. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { batchNorm } from '../../nn/layers/batch-norm.ts';
import { conv2d } from '../../nn/ops/conv.ts';
import type { Builder, Initial, Net, StepContext } from '../../recipe.ts';
import { sidesOf } from './boxes.ts';
import type { FeatureLevel } from './proposal-network.ts';

export interface FeaturePyramid extends Net {
  /** @param stages res2 to res5 @returns levels 2 to 6 */
  apply(stages: readonly FeatureLevel[], at: StepContext): readonly FeatureLevel[];
}

/** Caffe2's XavierFill: uniform, of variance 1 / inputs. */
const xavier = (inputs: number): Initial => ({ kind: 'uniform', bound: Math.sqrt(3 / inputs) });

/** @param inputs channels of res2 to res5 @param norm batch norm after each convolution, which then has no bias */
export function featurePyramid(
  builder: Builder,
  inputs: readonly number[],
  channels: number,
  norm: boolean,
): FeaturePyramid {
  function layer(name: string, size: number, from: number) {
    const at = builder.at(name);
    const weight = at.variable('weight', [size, size, from, channels], xavier(size * size * from));
    const normed = norm ? batchNorm(at.at('norm'), channels) : null;
    const bias = norm ? null : at.variable('bias', [channels], { kind: 'zeros' });
    return {
      weights: [weight, ...(bias ? [bias] : []), ...(normed?.weights ?? [])],
      state: normed?.state ?? [],
      apply(x: Tensor, context: StepContext): Tensor {
        const y = conv2d(x, weight, { stride: 1, padding: (size - 1) / 2 });
        return normed ? normed.apply(y, context) : tf.add(y, bias!);
      },
    };
  }
  const lateral = inputs.map((from, index) => layer(`fpn_lateral${index + 2}`, 1, from));
  const output = inputs.map((_, index) => layer(`fpn_output${index + 2}`, 3, channels));
  const layers = [...lateral, ...output];

  return {
    weights: layers.flatMap(({ weights }) => weights),
    state: layers.flatMap(({ state }) => state),
    apply(stages, at) {
      const levels: FeatureLevel[] = [];
      let coarser: Tensor | null = null;
      for (let index = stages.length - 1; index >= 0; index--) {
        const { features, stride } = stages[index]!;
        const own = lateral[index]!.apply(features, at);
        const joined: Tensor = coarser === null ? own : tf.add(own, doubled(coarser, own));
        levels.unshift({ features: output[index]!.apply(joined, at), stride });
        coarser = joined;
      }
      const last = levels.at(-1)!;
      return [...levels, { features: thinned(last.features), stride: 2 * last.stride }];
    },
  };
}

/** Each place becomes 2 x 2 places, cut to the size of `like`: a stage of odd size has one row less. */
function doubled(x: Tensor, like: Tensor): Tensor {
  const [n, rows, columns, channels] = x.shape as [number, number, number, number];
  const twice = (part: Tensor, axis: number): Tensor => tf.concat([part, part], axis);
  const wide = twice(x.reshape([n, rows, columns, 1, channels]), 3);
  const high = twice(wide.reshape([n, rows, 1, 2 * columns, channels]), 2);
  return tf.slice(high.reshape([n, 2 * rows, 2 * columns, channels]), [0, 0, 0, 0], [...like.shape]);
}

/** Every second place of every second row. */
const thinned = (x: Tensor): Tensor => tf.maxPool(x as Tensor4D, 1, 2, 'valid');

/**
 * Which level a box belongs to: 1 or 0, [n, k], for each level. A box belongs to the third from a side of 56 strides of the first
 * on (224 pixels for a stride of 4), and each level before or after it to half or twice the side.
 */
export function levelWeights(boxes: Tensor, levels: readonly FeatureLevel[]): readonly Tensor[] {
  const { left, top, right, bottom } = sidesOf(boxes);
  const side = tf.sqrt(tf.mul(tf.sub(right, left), tf.sub(bottom, top)));
  const size = tf.add(tf.div(side, 56 * levels[0]!.stride), 1e-8);
  const reaches = levels.map((_, index) =>
    tf.cast(tf.greaterEqual(size, index === 0 ? 0 : 2 ** (index - 2)), 'float32'),
  );
  return reaches.map((reached, index) => {
    const next = reaches[index + 1];
    return next ? tf.sub(reached, next) : reached;
  });
}
