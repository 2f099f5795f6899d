import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { percent, topKCorrect } from '../nn/top-k.ts';
import { defineEvaluator, type FeatureSet, type HeadTraining, type Initial } from '../recipe.ts';

/** evaluate.py: RandomResizedCrop at its defaults (area 0.08 to 1, bilinear; the paper has 0.2 to 1) and a flip. */
const augmentation: HeadTraining['augmentation'] = {
  ...{ cropArea: [0.08, 1], cropRatio: [3 / 4, 4 / 3], interpolation: 'bilinear', flip: 0.5 },
  ...{ jitter: 0, brightness: 0, contrast: 0, saturation: 0, hue: 0, grayscale: 0 },
  ...{ blur: 0, blurSigma: [0.1, 2], solarize: 0, solarizeThreshold: 128 },
};

/**
 * Linear classification on frozen features. The defaults are the official recipe (evaluate.py; paper, appendix C.2):
 * SGD 0.9 at 0.02 for a batch of 256, weight decay 1e-6, 100 epochs, cosine per epoch, features taken anew from
 * augmented images. `inputs: features` extracts once without augmentation, which is many times faster and states so in
 * its protocol.
 */
export const evaluator = defineEvaluator({
  id: 'linear',
  title: 'Linear classification',
  options: v.object({
    inputs: v.optional(v.picklist(['images', 'features']), 'images'),
    /** Subtract the training features' mean and divide by their standard deviation first. */
    standardize: v.optional(v.boolean(), false),
    optimizer: v.optional(v.picklist(['sgd', 'adamw']), 'sgd'),
    rate: v.optional(v.pipe(v.number(), v.minValue(0)), 0.02),
    weightDecay: v.optional(v.pipe(v.number(), v.minValue(0)), 1e-6),
    schedule: v.optional(v.picklist(['cosine-per-epoch', 'warmup-cosine', 'constant']), 'cosine-per-epoch'),
    batch: v.optional(v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(65536)), 256),
    epochs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10000)), 100),
  }),
  metrics: ['top1', 'top5'],
  protocol: (options) => ({ head: 'linear', layer: 'pooled', ...options }),

  head(options, builder, { columns, classes, train }) {
    const weight = builder.variable('weight', [columns, classes], { kind: 'normal', std: 0.01 });
    const bias = builder.variable('bias', [classes], { kind: 'zeros' });
    const statistics = options.standardize && train !== null ? columnStatistics(train) : null;
    const given = (values: Float32Array | undefined, otherwise: Initial): Initial =>
      values === undefined ? otherwise : { kind: 'given', values };
    const mean = builder.variable('mean', [columns], given(statistics?.mean, { kind: 'zeros' }), false);
    const inverse = statistics?.std.map((std) => 1 / Math.max(std, 1e-6));
    const scale = builder.variable('scale', [columns], given(inverse, { kind: 'ones' }), false);
    const scores = (features: tf.Tensor): tf.Tensor => {
      const inputs = options.standardize ? tf.mul(tf.sub(features, mean), scale) : features;
      return tf.add(tf.matMul(inputs as tf.Tensor2D, weight as unknown as tf.Tensor2D), bias);
    };
    return {
      learner: {
        trainable: [{ weights: [weight, bias], state: [mean, scale] }],
        embed: ({ views: [features] }) => {
          if (features === undefined) throw new Error('A linear head needs one view of features.');
          return { logits: scores(features) };
        },
        loss({ logits }, { label }) {
          if (logits === undefined || label === undefined) throw new Error('A linear head needs logits and labels.');
          const own = tf.sum(tf.mul(logits, tf.cast(tf.oneHot(label, classes), 'float32')), 1); // [n]
          const loss = tf.mean(tf.sub(tf.logSumExp(logits, 1), own));
          const accuracy = tf.mean(tf.cast(tf.equal(tf.argMax(logits, 1), label), 'float32'));
          return { loss, metrics: { accuracy } };
        },
      },
      scores,
      inputs: options.inputs,
      augmentation,
      batch: options.batch,
      epochs: options.epochs,
      optimizer: {
        id: options.optimizer,
        options: { rate: options.rate, weightDecay: options.weightDecay },
      },
      schedule: {
        id: options.schedule,
        options: options.schedule === 'warmup-cosine' ? { warmupEpochs: 0, finalFactor: 0 } : {},
      },
    };
  },

  // No slow measuring: the head's scores are there.
  async *measure({ heads, test, classes }) {
    if (heads === undefined) throw new Error('Linear classification measures a trained head, and there is none.');
    for (const [which, scores, epoch] of [
      ['last', heads.last, heads.lastEpoch],
      ['best', heads.best, heads.bestEpoch],
    ] as const) {
      for (const [metric, k] of [
        ['top1', 1],
        ['top5', 5],
      ] as const) {
        const correct = topKCorrect(scores, test.labels, classes, k);
        yield { metric, value: percent(correct), n: test.rows, which, epoch, correct };
      }
    }
  },
});

/** Mean and (biased) standard deviation of each column, in float64. */
function columnStatistics(features: FeatureSet): { readonly mean: Float32Array; readonly std: Float32Array } {
  const { rows, columns, values } = features;
  const sum = new Float64Array(columns);
  const squares = new Float64Array(columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      sum[column] = (sum[column] ?? 0) + (values[row * columns + column] ?? 0);
  const mean = sum.map((total) => total / rows);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      squares[column] = (squares[column] ?? 0) + ((values[row * columns + column] ?? 0) - (mean[column] ?? 0)) ** 2;
  return { mean: Float32Array.from(mean), std: Float32Array.from(squares, (total) => Math.sqrt(total / rows)) };
}
