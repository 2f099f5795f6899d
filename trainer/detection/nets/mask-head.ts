/** The mask of a region for each class (He et al. 2017): four 3x3 convolutions, one that doubles the side, one score a class. */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import { conv2d } from '../../nn/ops/conv.ts';
import { kaimingNormalFanOut } from '../../nn/layers/init.ts';
import { dtype, outputOf } from '../../nn/ops/operation.ts';
import { constant } from '../../nn/ops/stop-gradient.ts';
import { relu } from '../../nn/ops/relu.ts';
import { whereNeeded } from '../../nn/ops/where-needed.ts';
import type { Builder, Findings, Net, Objects, StepContext } from '../../recipe.ts';
import { rowsAt } from './choose.ts';
import { binaryCrossEntropySum } from './losses.ts';
import { partOf, partsOf } from './region-parts.ts';
import { roiAlign } from './roi-align.ts';
import type { Regions } from './sampled-regions.ts';

export interface MaskHead extends Net {
  /** Logits, [k, 2 side, 2 side, classes]. @param features [k, side, side, channels] @param weights in place of its own */
  apply(features: Tensor, weights?: readonly Tensor[]): Tensor;
  /** @param features of the first regions of each picture, which are those that may stand for objects: [n, first, side, side, channels] */
  loss(
    features: Tensor,
    regions: Regions,
    objects: Required<Objects>,
    at: StepContext,
  ): { readonly loss: Scalar; readonly right: Scalar };
  /**
   * Of each finding the mask of its class: [n, k, 2 side, 2 side], zeros where nothing was found.
   * @param featuresOf of boxes [n, k, 4], as far as they are wanted [n, k]: [n, k, side, side, channels]
   */
  find(featuresOf: (boxes: Tensor, wanted: Tensor) => Tensor, found: Findings, at: StepContext): Tensor;
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

  const weights = layers.flatMap(({ weight, bias }) => [weight, bias]);

  function apply(features: Tensor, given: readonly Tensor[] = weights): Tensor {
    const pairs = layers.map((_, index) => [given[2 * index]!, given[2 * index + 1]!] as const);
    const [doublingPair, predictorPair] = pairs.slice(-2) as [(typeof pairs)[number], (typeof pairs)[number]];
    const hidden = pairs
      .slice(0, -2)
      .reduce((x, [weight, bias]) => relu(tf.add(conv2d(x, weight, { stride: 1, padding: 1 }), bias)), features);
    return tf.add(
      conv2d(doubled(hidden, ...doublingPair), predictorPair[0], { stride: 1, padding: 0 }),
      predictorPair[1],
    );
  }

  /** Of regions [n, k]: the sum of the losses of all places, and the number of places that are right. [2] */
  function sumsOf(logits: Tensor, masks: Tensor, [boxes, object, labels, positive]: readonly Tensor[]): Tensor {
    const [k, side] = [logits.shape[0], logits.shape[1]!];
    const truths = maskTargets(boxes!, object!, masks, side).reshape([k, side, side]);
    const own = ofOneClass(logits, tf.minimum(labels!, tf.scalar(classes - 1, 'int32')), classes);
    const weight = tf.broadcastTo(positive!.reshape([k, 1, 1]), own.shape);
    const agrees = constant(
      (scores) => tf.cast(tf.equal(tf.cast(tf.greater(scores, 0), 'float32'), truths), 'float32'),
      own,
    );
    return tf.stack([binaryCrossEntropySum(own, truths, weight), tf.sum(tf.mul(agrees, weight))]);
  }

  return {
    weights,
    state: [],
    apply,
    loss(features, regions, objects, at) {
      const [n, first, side, , channelCount] = features.shape as [number, number, number, number, number];
      const sums = partsOf(first).map((part) => {
        const tables = [regions.boxes, regions.object, regions.labels, regions.positive];
        const [own, ...about] = [features, ...tables].map((table) => partOf(table, part)) as [Tensor, ...Tensor[]];
        const needed = tf.greater<Scalar>(tf.max(about[3]!), 0);
        return whereNeeded(at, needed, [own, ...about, ...weights], ([pooled, ...rest]) => {
          const logits = apply(pooled!.reshape([n * part.count, side, side, channelCount]), rest.slice(about.length));
          return sumsOf(logits, objects.masks, rest);
        });
      });
      const places = tf.mul(tf.sum(partOf(regions.positive, { from: 0, count: first })), (2 * side) ** 2);
      const [loss, right] = tf.unstack(tf.div(tf.addN(sums), tf.maximum(places, 1))) as [Scalar, Scalar];
      return { loss, right };
    },
    find(featuresOf, found, at) {
      const masks = partsOf(found.boxes.shape[1]!).map((part) => {
        const tables = [found.boxes, found.classes, found.scores].map((table) => partOf(table, part));
        const [boxes, ofClass, scores] = tables as [Tensor, Tensor, Tensor];
        return whereNeeded(at, tf.greater<Scalar>(tf.max(scores), 0), [boxes, ofClass], ([own, classOfEach]) => {
          const features = featuresOf(own!, tf.onesLike(classOfEach!));
          const [n, k, ...rest] = features.shape as [number, number, ...number[]];
          const logits = apply(features.reshape([n * k, ...rest]));
          return tf.sigmoid(ofOneClass(logits, classOfEach!, classes)).reshape([n, k, ...logits.shape.slice(1, 3)]);
        });
      });
      return tf.concat(masks, 1);
    },
  };
}

/** A layer that makes 2 x 2 places of each. */
function doubled(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const [k, height, rowWidth] = x.shape as [number, number, number, number];
  const width = bias.shape[0];
  const places = conv2d(x, weight, { stride: 1, padding: 0 }).reshape([k, height, rowWidth, 2, 2, width]);
  const shuffled = tf.transpose(places, [0, 1, 3, 2, 4, 5]).reshape([k, 2 * height, 2 * rowWidth, width]);
  return relu(tf.add(shuffled, bias));
}

/** Of logits [k, side, side, classes] those of one class each: [k, side, side]. @param chosen k whole numbers */
function ofOneClass(logits: Tensor, chosen: Tensor, classes: number): Tensor {
  const k = logits.shape[0];
  const places = tf.cast(tf.oneHot(tf.cast(chosen, 'int32').reshape([k]), classes), 'float32');
  return tf.sum(tf.mul(logits, places.reshape([k, 1, 1, classes])), 3);
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
