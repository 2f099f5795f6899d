/** Region proposal network (Ren et al. 2015), as detectron2's: one head over all levels, anchors, proposals, losses. */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import { conv2d } from '../../nn/ops/conv.ts';
import { constant, stopGradient } from '../../nn/ops/stop-gradient.ts';
import { relu } from '../../nn/ops/relu.ts';
import type { Builder, Net, Objects, StepContext } from '../../recipe.ts';
import { anchorsOf, type AnchorShapes } from './anchors.ts';
import { clipped, deltasOf, hasArea, moved, overlaps, proposalCoding, sidesOf } from './boxes.ts';
import { balancedSample, highest, marked, rowsAt } from './choose.ts';
import { absoluteSum, binaryCrossEntropySum } from './losses.ts';
import { matched } from './matcher.ts';
import { notThere, suppressed } from './suppression.ts';

export interface FeatureLevel {
  /** [n, rows, columns, channels] */
  readonly features: Tensor;
  readonly stride: number;
}

export interface ProposalOptions {
  /** Anchors of each level. */
  readonly anchors: readonly AnchorShapes[];
  /** Highest scores of a level that suppression looks at, and proposals a picture that remain. */
  readonly before: number;
  readonly after: number;
  readonly threshold: number;
}

export interface Proposals {
  /** [n, k, 4] */
  readonly boxes: Tensor;
  /** 1 where there is one, [n, k]. */
  readonly present: Tensor;
  /** Logits, [n, k]. */
  readonly scores: Tensor;
}

/** Of all anchors of all levels, in the order of the levels. */
export interface Predictions {
  readonly anchors: readonly Tensor[];
  readonly scores: readonly Tensor[];
  readonly deltas: readonly Tensor[];
}

export interface ProposalNetwork extends Net {
  predict(levels: readonly FeatureLevel[]): Predictions;
  /** As constants. @param sizes [n, 2] */
  propose(predictions: Predictions, sizes: Tensor, options: Omit<ProposalOptions, 'anchors'>): Proposals;
  losses(
    predictions: Predictions,
    sizes: Tensor,
    objects: Objects,
    at: StepContext,
  ): { readonly objectness: Scalar; readonly location: Scalar; readonly positives: Scalar; readonly found: Scalar };
}

/** Anchors a picture that the loss looks at, and the most of them that stand for objects. */
const sampled = 256;
const mostPositive = 128;
const thresholds = { low: 0.3, high: 0.7, bestOfEachObject: true } as const;

const initial = { kind: 'normal', std: 0.01 } as const;
const zeros = { kind: 'zeros' } as const;

export function proposalNetwork(builder: Builder, channels: number, shapes: readonly AnchorShapes[]): ProposalNetwork {
  const perPlace = shapes[0]!.sizes.length * shapes[0]!.ratios.length;
  const layer = (name: string, size: number, outputs: number) => {
    const at = builder.at(name);
    return {
      weight: at.variable('weight', [size, size, channels, outputs], initial),
      bias: at.variable('bias', [outputs], zeros),
    };
  };
  const hidden = layer('conv', 3, channels);
  const objectness = layer('objectness_logits', 1, perPlace);
  const location = layer('anchor_deltas', 1, 4 * perPlace);
  const applied = (x: Tensor, { weight, bias }: ReturnType<typeof layer>, padding = 0): Tensor =>
    tf.add(conv2d(x, weight, { stride: 1, padding }), bias);

  return {
    weights: [hidden, objectness, location].flatMap(({ weight, bias }) => [weight, bias]),
    state: [],
    predict(levels) {
      const each = levels.map(({ features, stride }, level) => {
        const [n, rows, columns] = features.shape as [number, number, number, number];
        const anchors = anchorsOf({ rows, columns, stride }, shapes[level]!);
        const count = anchors.length / 4;
        const shared = relu(applied(features, hidden, 1));
        return {
          anchors: tf.tensor(anchors, [1, count, 4]),
          scores: applied(shared, objectness).reshape([n, count]),
          deltas: applied(shared, location).reshape([n, count, 4]),
        };
      });
      return {
        anchors: each.map(({ anchors }) => anchors),
        scores: each.map(({ scores }) => scores),
        deltas: each.map(({ deltas }) => deltas),
      };
    },
    propose: (predictions, sizes, options) => proposalsOf(predictions, sizes, options),
    losses: (predictions, sizes, objects, at) => lossesOf(predictions, sizes, objects, at),
  };
}

function proposalsOf(
  { anchors, scores, deltas }: Predictions,
  sizes: Tensor,
  { before, after, threshold }: Omit<ProposalOptions, 'anchors'>,
): Proposals {
  const n = sizes.shape[0];
  const levels = anchors.map((all, level) => {
    const count = Math.min(before, all.shape[1]!);
    const top = highest(stopGradient(scores[level]!), count);
    const from = rowsAt(tf.tile(all, [n, 1, 1]), top.index);
    const boxes = clipped(moved(from, rowsAt(stopGradient(deltas[level]!), top.index), proposalCoding), sizes);
    const there = hasArea(boxes);
    return { boxes, scores: tf.where(tf.greater(there, 0), top.values, tf.fill(there.shape, notThere)), count };
  });
  const pictures = Array.from({ length: n }, (_, picture) => {
    const kept = levels.map(({ boxes, scores: level, count }) => {
      const own = {
        boxes: tf.slice(boxes, [picture, 0, 0], [1, count, 4]),
        scores: tf.slice(level, [picture, 0], [1, count]),
      };
      const most = Math.min(after, count);
      const { index, used } = suppressed(own.boxes.reshape([count, 4]), own.scores.reshape([count]), threshold, most);
      const places = index.reshape([1, most]);
      const there = used.reshape([1, most]);
      return {
        boxes: rowsAt(own.boxes, places),
        scores: tf.where(tf.greater(there, 0), rowsAt(own.scores, places), tf.fill([1, most], notThere)),
      };
    });
    const boxes = tf.concat(
      kept.map((level) => level.boxes),
      1,
    );
    const joined = tf.concat(
      kept.map((level) => level.scores),
      1,
    );
    const top = highest(joined, Math.min(after, joined.shape[1]!));
    return { boxes: rowsAt(boxes, top.index), scores: top.values };
  });
  const scoresOfAll = tf.concat(
    pictures.map((picture) => picture.scores),
    0,
  );
  return {
    boxes: tf.concat(
      pictures.map((picture) => picture.boxes),
      0,
    ),
    scores: scoresOfAll,
    present: tf.cast(tf.greater(scoresOfAll, notThere), 'float32'),
  };
}

/** 1 for anchors whose place lies on the picture: those on the rest of the canvas show nothing. [n, a] */
function onPicture(anchors: Tensor, sizes: Tensor): Tensor {
  const { left, top, right, bottom } = sidesOf(anchors);
  const [height, width] = tf.split(sizes, 2, 1) as [Tensor, Tensor];
  const middle = (low: Tensor, high: Tensor): Tensor => tf.mul(tf.add(low, high), 0.5);
  return tf.cast(tf.logicalAnd(tf.less(middle(left, right), width), tf.less(middle(top, bottom), height)), 'float32');
}

function lossesOf(predictions: Predictions, sizes: Tensor, objects: Objects, at: StepContext) {
  const n = sizes.shape[0];
  const scores = tf.concat([...predictions.scores], 1);
  const deltas = tf.concat([...predictions.deltas], 1);
  const anchors = tf.concat([...predictions.anchors], 1);
  const count = anchors.shape[1]!;
  const matching = matched(overlaps(anchors, objects.boxes), objects.present, thresholds);
  const usable = onPicture(anchors, sizes);
  const { index, positive, drawn } = balancedSample(
    tf.mul(matching.positive, usable),
    tf.mul(matching.negative, usable),
    at.uniform('proposals/sample', [n, count]),
    { count: Math.min(sampled, count), mostPositive },
  );
  const isPositive = marked(index, positive, count);
  const isDrawn = marked(index, drawn, count);
  const wanted = constant(
    (boxes) => deltasOf(tf.tile(anchors, [n, 1, 1]), rowsAt(boxes, matching.object), proposalCoding),
    objects.boxes,
  );
  const perPicture = sampled * n;
  return {
    objectness: tf.div<Scalar>(binaryCrossEntropySum(scores, isPositive, isDrawn), perPicture),
    location: tf.div<Scalar>(absoluteSum(deltas, wanted, isPositive), perPicture),
    positives: tf.div<Scalar>(tf.sum(isPositive), n),
    found: tf.div<Scalar>(
      tf.sum(tf.mul(isPositive, tf.cast(tf.greater(scores, 0), 'float32'))),
      tf.maximum(tf.sum(isPositive), 1),
    ),
  };
}
