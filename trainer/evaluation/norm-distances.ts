/**
 * Compares what enters each batch norm of an encoder with the statistics stored for it. Weights in the wrong order, or
 * pictures normalised otherwise than in training, give statistics far off.
 *
 * The distance of a channel is the Kullback-Leibler divergence of two normal distributions, the batch's from the stored
 * one, in nats: ((m - m')^2 + v) / v' - 1 - ln(v / v') over 2. That of a layer is the median of its channels.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import type { Engine } from '../engine/engine.ts';
import type { HostTensor } from '../host-batch.ts';
import type { Encoder } from '../recipe.ts';

export interface NormDistance {
  /** Name of the batch norm by its path, as in torchvision: `layer2.0.bn1`. */
  readonly layer: string;
  /** In nats; infinite where values overflow. */
  readonly distance: number;
}

/** Batch norm's, so that a channel that is always 0 has a distance. */
const epsilon = 1e-5;

/** [channels] from the means and variances of the batch and of training. */
function divergence(mean: Tensor, variance: Tensor, runningMean: Tensor, runningVariance: Tensor): Tensor {
  const [own, stored] = [tf.add(variance, epsilon), tf.add(runningVariance, epsilon)];
  const moved = tf.add(tf.square(tf.sub(mean, runningMean)), own);
  return tf.mul(tf.sub(tf.sub(tf.div(moved, stored), 1), tf.log(tf.div(own, stored))), 0.5);
}

function medianOf(values: Float32Array): number {
  const sorted = values.map((value) => (Number.isFinite(value) ? value : Infinity)).sort();
  const [low, high] = [sorted[(sorted.length - 1) >> 1]!, sorted[sorted.length >> 1]!];
  return (low + high) / 2;
}

/** `encoder/layer2/0/bn1/running_mean` below `encoder` as `layer2.0.bn1`. */
const layerOf = (name: string, path: string): string =>
  name.slice(path.length + 1, name.lastIndexOf('/')).replaceAll('/', '.');

/**
 * Distances of an encoder's batch norms, in the order in which they compute; empty if it has none.
 * @param path of the encoder's variables
 * @returns a function of images, [n, height, width, channels], normalised
 */
export function normDistances(
  engine: Engine,
  encoder: Encoder,
  path: string,
): (images: HostTensor) => Promise<readonly NormDistance[]> {
  const layers: { readonly layer: string; readonly channels: number }[] = [];
  const distances = engine.infer((images, at) => {
    const found: Tensor[] = [];
    layers.length = 0;
    encoder.forward(images, {
      ...at,
      beforeNorm(x, runningMean, runningVariance) {
        const { mean, variance } = tf.moments(x, [0, 1, 2]);
        layers.push({ layer: layerOf(runningMean.name, path), channels: runningMean.size });
        found.push(divergence(mean, variance, runningMean, runningVariance));
      },
    });
    return found.length === 0 ? tf.zeros([1]) : tf.concat(found);
  });
  return async (images) => {
    const values = (await distances(images)).values as Float32Array;
    let from = 0;
    return layers.map(({ layer, channels }) => {
      const distance = medianOf(values.slice(from, from + channels));
      from += channels;
      return { layer, distance };
    });
  };
}
