/** The mask of a region for each class (He et al. 2017): four 3x3 convolutions, one that doubles the side, one score a class. */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import { conv2d } from '../../nn/ops/conv.ts';
import { kaimingNormalFanOut } from '../../nn/layers/init.ts';
import { dtype, outputOf } from '../../nn/ops/operation.ts';
import { relu } from '../../nn/ops/relu.ts';
import type { Builder, Net, Objects } from '../../recipe.ts';
import { rowsAt } from './choose.ts';
import { binaryCrossEntropySum } from './losses.ts';
import { roiAlign } from './roi-align.ts';
import type { Regions } from './sampled-regions.ts';

export interface MaskHead extends Net {
  /** Logits, [k, 2 side, 2 side, classes]. @param features [k, side, side, channels] */
  apply(features: Tensor): Tensor;
  /** @param logits of the first regions of each picture, which are those that may stand for objects: [n * first, side, side, classes] */
  loss(logits: Tensor, regions: Regions, objects: Required<Objects>): { readonly loss: Scalar; readonly right: Scalar };
}

const zeros = { kind: 'zeros' } as const;

export function maskHead(builder: Builder, channels: number, classes: number, width: number): MaskHead {
  const layer = (name: string, shape: readonly number[], outputs: number) => ({
    weight: builder.at(name).variable('weight', shape, kaimingNormalFanOut(shape)),
    bias: builder.at(name).variable('bias', [outputs], zeros),
  });
  const convolutions = Array.from({ length: 4 }, (_, index) =>
    layer(`mask_fcn${index + 1}`, [3, 3, index === 0 ? channels : width, width], width),
  );
  // As a product: each place becomes 2 x 2 places.
  const doubling = layer('deconv', [1, 1, width, 4 * width], width);
  const predictor = {
    weight: builder.at('predictor').variable('weight', [1, 1, width, classes], { kind: 'normal', std: 0.001 }),
    bias: builder.at('predictor').variable('bias', [classes], zeros),
  };
  const layers = [...convolutions, doubling, predictor];

  function doubled(x: Tensor): Tensor {
    const [k, height, rowWidth] = x.shape as [number, number, number, number];
    const places = conv2d(x, doubling.weight, { stride: 1, padding: 0 }).reshape([k, height, rowWidth, 2, 2, width]);
    const shuffled = tf.transpose(places, [0, 1, 3, 2, 4, 5]).reshape([k, 2 * height, 2 * rowWidth, width]);
    return relu(tf.add(shuffled, doubling.bias));
  }

  return {
    weights: layers.flatMap(({ weight, bias }) => [weight, bias]),
    state: [],
    apply(features) {
      const hidden = convolutions.reduce(
        (x, { weight, bias }) => relu(tf.add(conv2d(x, weight, { stride: 1, padding: 1 }), bias)),
        features,
      );
      return tf.add(conv2d(doubled(hidden), predictor.weight, { stride: 1, padding: 0 }), predictor.bias);
    },
    loss(logits, regions, objects) {
      const side = logits.shape[1]!;
      const [n, first] = [objects.present.shape[0], logits.shape[0] / objects.present.shape[0]];
      const firstOf = (table: Tensor): Tensor =>
        tf.slice(
          table,
          table.shape.map(() => 0),
          [n, first, ...table.shape.slice(2)],
        );
      const positive = firstOf(regions.positive);
      const truths = maskTargets(firstOf(regions.boxes), firstOf(regions.object), objects.masks, side);
      const labels = tf.minimum(firstOf(regions.labels), tf.scalar(classes - 1, 'int32'));
      const ofClass = tf
        .cast(tf.oneHot(labels.reshape([n * first]), classes), 'float32')
        .reshape([n * first, 1, 1, classes]);
      const own = tf.sum(tf.mul(logits, ofClass), 3);
      const weight = tf.broadcastTo(positive.reshape([n * first, 1, 1]), own.shape);
      const counted = tf.maximum(tf.sum(weight), 1);
      const flat = truths.reshape(own.shape);
      const agrees = tf.cast(tf.equal(tf.cast(tf.greater(own, 0), 'float32'), flat), 'float32');
      return {
        loss: tf.div(binaryCrossEntropySum(own, flat, weight), counted),
        right: tf.div(tf.sum(tf.mul(agrees, weight)), counted),
      };
    },
  };
}

/**
 * Masks of objects in the frames of regions: 0 or 1, [n, k, side, side] (detectron2's BitMasks.crop_and_resize).
 * @param object places among the objects, int32 [n, k]
 * @param masks a bit a pixel, int32 [n, g, height, width / 32]
 */
export function maskTargets(boxes: Tensor, object: Tensor, masks: Tensor, side: number): Tensor {
  const [n, k] = object.shape as [number, number];
  const own = unpacked(rowsAt(masks, object));
  const [, , height, width] = own.shape as [number, number, number, number];
  const pooled = roiAlign(own.reshape([n * k, height, width, 1]), boxes.reshape([n * k, 1, 4]), tf.ones([n * k, 1]), {
    bins: side,
    scale: 1,
    samples: 0,
  });
  return tf.cast(tf.greaterEqual(pooled, 0.5), 'float32').reshape([n, k, side, side]);
}

const whole = [dtype('T', 'int32')];

/** Bits as numbers, 0 or 1: int32 [..., words] to float32 [..., 32 words]. */
function unpacked(words: Tensor): Tensor {
  const places = tf.range(0, 32, 1, 'int32');
  const shifted = outputOf('RightShift', whole, [tf.expandDims(words, words.rank), places]);
  const bits = outputOf('BitwiseAnd', whole, [shifted, tf.scalar(1, 'int32')]);
  return tf.cast(bits, 'float32').reshape([...words.shape.slice(0, -1), 32 * words.shape.at(-1)!]);
}
