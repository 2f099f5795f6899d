import type { Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import {
  classificationLoss,
  headFigures,
  officialAugmentation,
  officialInitial,
  onlyView,
} from '../evaluation/figures/classifier.ts';
import { accuracies, accuraciesOf } from '../evaluation/figures/top-k.ts';
import { linear } from '../nn/layers/linear.ts';
import { defineEvaluator, type StepContext } from '../recipe.ts';

/**
 * Fine-tuning: the encoder and a linear head are trained on part of the labels, or on all of them. The defaults are the
 * official recipe for 1 % (evaluate.py; paper, appendix C.2): SGD 0.9 without weight decay, batch 256, 20 epochs,
 * cosine per epoch, batch norm by the batch, the encoder at 0.03 and the head at 0.08; for 10 % 0.01 and 0.1. The
 * official labels are SimCLR's lists (`1percent.txt`), which a user may choose; otherwise a fraction of every class is
 * drawn from a seed, and the protocol states this.
 */
export const evaluator = defineEvaluator({
  id: 'semi-supervised',
  title: 'Semi-supervised fine-tuning',
  options: v.object({
    /** Fraction of the training labels used; 1 is all. With a list, it only describes the list. */
    fraction: v.optional(v.pipe(v.number(), v.minValue(0.0001), v.maxValue(1)), 0.01),
    /** Seed for drawing the fraction. */
    drawnBy: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff), v.metadata({ draws: true })),
      0,
    ),
    /** A file with the names of the labelled images, one per line, such as SimCLR's lists; replaces the fraction. */
    list: v.optional(v.pipe(v.string(), v.maxLength(4096), v.metadata({ kind: 'file' })), ''),
    rate: v.optional(v.pipe(v.number(), v.minValue(1e-6)), 0.03),
    headRate: v.optional(v.pipe(v.number(), v.minValue(0)), 0.08),
    weightDecay: v.optional(v.pipe(v.number(), v.minValue(0)), 0),
    batch: v.optional(v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(65536)), 256),
    epochs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10000)), 20),
  }),
  metrics: accuracies,
  margin: { points: 0.7, where: [{ field: 'fraction', is: 0.01, points: 1 }] },
  protocol: ({ list, fraction, drawnBy, ...options }) => ({
    head: 'linear',
    optimizer: 'sgd',
    schedule: 'cosine-per-epoch',
    ...options,
    ...(list === '' ? { fraction, drawnBy } : { list: list.slice(list.lastIndexOf('/') + 1), fraction }),
  }),
  head: {
    figures: accuraciesOf,
    inputs: () => 'images',
    subset: ({ list, fraction, drawnBy }) =>
      list === '' ? { kind: 'share', share: fraction, seed: drawnBy } : { kind: 'list', path: list },
    build({ rate, headRate, weightDecay, batch, epochs }, builder, { columns, classes, encoder }) {
      if (encoder === null) throw new Error('Fine-tuning needs an encoder, but none was given.');
      const head = linear(builder, columns, classes, { initial: officialInitial });
      const scores = (images: Tensor, at: StepContext): Tensor => head.apply(encoder.forward(images, at).pooled);
      return {
        learner: {
          trainable: [encoder, { ...head, rate: headRate / rate }],
          embed: ({ views }, at) => ({ scores: scores(onlyView(views), at) }),
          loss: classificationLoss,
        },
        scores,
        augmentation: officialAugmentation,
        batch,
        epochs,
        optimizer: { id: 'sgd', options: { rate, weightDecay } },
        schedule: { id: 'cosine-per-epoch', options: {} },
      };
    },
  },
  measure: headFigures,
});
