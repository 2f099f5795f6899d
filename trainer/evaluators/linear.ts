import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { FaultError } from '../durable/fault-error.ts';
import {
  classificationLoss,
  headFigures,
  officialAugmentation,
  officialInitial,
  onlyView,
} from '../evaluation/figures/classifier.ts';
import { accuracies, accuraciesOf } from '../evaluation/figures/top-k.ts';
import { batchNorm } from '../nn/layers/batch-norm.ts';
import { linear } from '../nn/layers/linear.ts';
import type { Options } from '../protocol/options.ts';
import { defineEvaluator, type FeatureSet, type Initial, type StepContext } from '../recipe.ts';

/**
 * Linear classification on frozen features. The defaults are the official recipe (evaluate.py; paper, appendix C.2):
 * SGD 0.9 at 0.02 for a batch of 256, weight decay 1e-6, 100 epochs, cosine per epoch, features extracted anew from
 * augmented images. `inputs: features` extracts once without augmentation, which is many times faster and is stated in
 * its protocol. The paper's transfer to Places205 and iNaturalist18 (appendix C.3) is `schedule: steps`; which head
 * VISSL's figures in Table 2 used is not stated, so both are available.
 */
export const evaluator = defineEvaluator({
  id: 'linear',
  title: 'Linear evaluation',
  options: v.object({
    inputs: v.optional(v.picklist(['images', 'features']), 'images'),
    /**
     * Standardises the features by the mean and standard deviation of the training features, which are only all known where they
     * are extracted once.
     */
    standardize: v.optional(v.pipe(v.boolean(), v.metadata({ needs: { option: 'inputs', is: 'features' } })), false),
    optimizer: v.optional(v.picklist(['sgd', 'adamw']), 'sgd'),
    rate: v.optional(v.pipe(v.number(), v.minValue(0)), 0.02),
    weightDecay: v.optional(v.pipe(v.number(), v.minValue(0)), 1e-6),
    schedule: v.optional(v.picklist(['cosine-per-epoch', 'warmup-cosine', 'steps', 'constant']), 'cosine-per-epoch'),
    /** Epochs at the start of which the learning rate drops to a tenth, with the schedule `steps`. */
    fallsAt: v.optional(v.array(v.pipe(v.number(), v.minValue(0))), [60, 80]),
    /** `batch-norm-linear`: batch norm before the linear layer, as in VISSL. */
    head: v.optional(v.picklist(['linear', 'batch-norm-linear']), 'linear'),
    batch: v.optional(v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(65536)), 256),
    epochs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10000)), 100),
  }),
  metrics: accuracies,
  margin: { points: 0.5 },
  protocol: ({ fallsAt, schedule, ...options }) => ({
    ...options,
    // In the paper's notation: x0.1 at 4, 8, 12.
    schedule: schedule === 'steps' ? `x0.1 at ${fallsAt.join(', ')}` : schedule,
  }),

  head: {
    figures: accuraciesOf,
    inputs: ({ inputs }) => (inputs === 'features' ? 'features' : 'augmented-features'),
    build(options, builder, { columns, classes, train }) {
      const head = linear(builder, columns, classes, { initial: officialInitial });
      const statistics = options.standardize ? columnStatistics(expectFeatures(train)) : null;
      const given = (values: Float32Array | undefined, otherwise: Initial): Initial =>
        values === undefined ? otherwise : { kind: 'given', values };
      const mean = builder.variable('mean', [columns], given(statistics?.mean, { kind: 'zeros' }), false);
      const inverse = statistics?.std.map((std) => 1 / Math.max(std, 1e-6));
      const scale = builder.variable('scale', [columns], given(inverse, { kind: 'ones' }), false);
      const norm = options.head === 'batch-norm-linear' ? batchNorm(builder.at('norm'), columns) : null;
      const scores = (features: tf.Tensor, at: StepContext): tf.Tensor => {
        const standard = options.standardize ? tf.mul(tf.sub(features, mean), scale) : features;
        return head.apply(norm ? norm.apply(standard, at) : standard);
      };
      return {
        learner: {
          trainable: [{ weights: head.weights, state: [mean, scale] }, ...(norm ? [norm] : [])],
          embed: ({ views }, at) => ({ scores: scores(onlyView(views), at) }),
          loss: classificationLoss,
        },
        scores,
        augmentation: officialAugmentation,
        batch: options.batch,
        epochs: options.epochs,
        optimizer: {
          id: options.optimizer,
          options: { rate: options.rate, weightDecay: options.weightDecay },
        },
        schedule: {
          id: options.schedule,
          options: scheduleOptions(options),
        },
      };
    },
  },
  measure: headFigures,
});

function scheduleOptions({ schedule, fallsAt }: { readonly schedule: string; readonly fallsAt: number[] }): Options {
  if (schedule === 'warmup-cosine') return { warmupEpochs: 0, finalFactor: 0 };
  return schedule === 'steps' ? { at: fallsAt, factor: 0.1 } : {};
}

/** @throws FaultError `bad-argument` where features are extracted anew in every epoch */
function expectFeatures(train: FeatureSet | null): FeatureSet {
  if (train !== null) return train;
  throw new FaultError(
    'bad-argument',
    'Features can be standardised where they are extracted once: choose "inputs": "features", or leave them as they are.',
    { inputs: 'images' },
  );
}

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
