/** Bags of visual words: the vocabulary words nearest to the positions of a feature map (OBoW). */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs';

/** Side of the window that a word is averaged over, if the map is that large; official code. */
const side = 3;

/** Smaller than any meaningful mean distance; avoids division by 0 if the teacher collapses. */
const leastDistance = 1e-12;

/** Smaller than any fraction that matters. */
const leastShare = 1e-30;

/** Drops the outermost positions, which see the padding, if a window fits into the rest; official code. */
function inner(map: Tensor): Tensor {
  const [n, height, width, channels] = map.shape as [number, number, number, number];
  if (Math.min(height, width) < side + 2) return map;
  return tf.slice(map, [0, 1, 1, 0], [n, height - 2, width - 2, channels]);
}

/** Flattens rows and columns: [n, places, channels]. */
function placesOf(map: Tensor): Tensor {
  const [n, height, width, channels] = map.shape as [number, number, number, number];
  return map.reshape([n, height * width, channels]);
}

/** The features of a map that are described by words, [n, places, channels]. map: [n, height, width, channels]. */
export function toldPlaces(map: Tensor): Tensor {
  return placesOf(inner(map));
}

/**
 * One word per image, [n, channels]: the mean over a 3 x 3 window of its map, or over the whole of a shorter side.
 * uniform: [n], in [0, 1), chooses the window.
 */
export function wordsOf(map: Tensor, uniform: Tensor): Tensor {
  const told = inner(map);
  const [, height, width] = told.shape as [number, number, number, number];
  const means = placesOf(tf.avgPool(told as Tensor4D, [Math.min(side, height), Math.min(side, width)], 1, 'valid'));
  const count = means.shape[1]!;
  // A product that is rounded up must not exceed the last position.
  const chosen = tf.minimum(tf.floor(tf.mul(uniform, count)), count - 1);
  const isChosen = tf.cast(tf.equal(chosen.expandDims(1), tf.range(0, count)), 'float32');
  return tf.sum(tf.mul(means, isChosen.expandDims(2)), 1);
}

/** Squared distances of positions from words, [n * places, words]. */
function distancesOf(places: Tensor, vocabulary: Tensor): Tensor {
  const [n, count, channels] = places.shape as [number, number, number];
  const features = places.reshape([n * count, channels]);
  // Distances do not depend on the origin; relative to the mean, their terms are no larger than they are, so little
  // is lost to rounding.
  const middle = tf.mean(features, 0);
  const [rows, words] = [tf.sub(features, middle), tf.sub(vocabulary, middle)];
  const products = tf.matMul(rows, words, false, true);
  const squares = tf.add(tf.sum(tf.square(rows), 1, true), tf.sum(tf.square(words), 1));
  // Rounding can leave a difference of equal sums just below 0.
  return tf.maximum(tf.sub(squares, tf.mul(products, 2)), 0);
}

const nearestIn = (distances: Tensor): Scalar => tf.mean<Scalar>(tf.min(distances, 1));

/** Mean over all positions of the squared distance from the nearest word. Not differentiable. */
export function nearestDistance(places: Tensor, vocabulary: Tensor): Scalar {
  return nearestIn(distancesOf(places, vocabulary));
}

/**
 * Bags as targets, always constant. With d the squared distance of a position from a word, and m the mean over all
 * positions of that to the nearest word, or what `meanOf` makes of it:
 *
 *     a position's weights: softmax over words of -inverseDelta d / m
 *     a bag: for each word the largest weight over the image's positions, normalised to sum 1
 *
 * places: [n, places, channels]; vocabulary: [words, channels]; bags: [n, words].
 */
export function bagsOf(
  places: Tensor,
  vocabulary: Tensor,
  inverseDelta: number,
  meanOf: (nearest: Scalar) => Scalar = (nearest) => nearest,
): Tensor {
  const [n, count, channels] = places.shape as [number, number, number];
  return tf.customGrad((given) => {
    const distances = distancesOf(given as Tensor, vocabulary);
    const nearest = tf.maximum(meanOf(nearestIn(distances)), leastDistance);
    const shares = tf.softmax(tf.mul(distances, tf.div(-inverseDelta, nearest)));
    const largest = tf.max(shares.reshape([n, count, vocabulary.shape[0]]), 1);
    const value = tf.div(largest, tf.sum(largest, 1, true));
    return { value, gradFunc: () => tf.zeros([n, count, channels]) };
  })(places);
}

/** Mean entropy of the bags in nats: 0 if each is one word, the logarithm of the number of words if each is uniform. */
export function entropyOf(bags: Tensor): Scalar {
  return tf.neg(tf.mean(tf.sum(tf.mul(bags, tf.log(tf.maximum(bags, leastShare))), 1)));
}

/** Kullback-Leibler divergence of predictions from bags, mean over images and crops. bags: [n, words]; scores: [n, crops, words]. */
export function divergence(bags: Tensor, scores: Tensor): Scalar {
  const crossEntropy = tf.neg(tf.mean(tf.sum(tf.mul(bags.expandDims(1), tf.logSoftmax(scores)), 2)));
  return tf.sub<Scalar>(crossEntropy, entropyOf(bags));
}
