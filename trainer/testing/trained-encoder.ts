/** A small encoder trained with labels on pictures of the sample set, for tests that need weights that know something. */
import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import type { Engine, StateEntry } from '../engine/engine.ts';
import { buildEncoder } from '../evaluation/evaluated-encoder.ts';
import { samplePictures } from '../evaluation/sample-pictures.ts';
import { optimizer as sgd } from '../optim/optimizers/sgd.ts';
import { pixelScalings } from '../protocol/weights.ts';
import type { Encoder } from '../recipe.ts';

const [classes, batch] = [10, 50];
/** The last third leaves the weights alone, so that the running statistics become those of the weights. */
const [steps, trained] = [90, 60];

export const trainedSize = 32;
export const trainedChoice = { id: 'resnet-18', options: { stem: 'small', width: 8 } };
export const trainedNormalization = {
  mean: [...pixelScalings.imagenet.mean],
  std: [...pixelScalings.imagenet.std],
};

export interface TrainedEncoder {
  readonly encoder: Encoder;
  /** Its variables, which hold what was learned. */
  readonly entries: readonly StateEntry[];
}

/** Trains for a few seconds on `images` pictures, a multiple of 50. */
export async function trainedEncoder(engine: Engine, images: number): Promise<TrainedEncoder> {
  const builder = engine.builder(1);
  const encoder = buildEncoder(builder.at('encoder'), trainedChoice, 3);
  const head = builder.at('head').variable('weight', [encoder.outputs, classes], { kind: 'normal', std: 0.05 });
  const shape = { count: images, size: trainedSize, channels: 3 } as const;
  const pictures = await samplePictures(shape, () => Promise.resolve());
  const values = pictures.normalized(trainedNormalization).values;
  const stepper = engine.stepper(
    {
      trainable: [encoder, { weights: [head], state: [] }],
      embed: ({ views: [views] }, at) => ({ z: tf.matMul(encoder.forward(views!, at).pooled, head) }),
      loss: ({ z }, { label }) => ({
        loss: tf.losses.softmaxCrossEntropy<tf.Tensor, tf.Scalar>(tf.oneHot(label!, classes), z!),
        metrics: {},
      }),
    },
    { recipe: sgd, options: v.parse(sgd.options, {}) },
    1,
  );
  const floats = 3 * trainedSize ** 2;
  for (let step = 0; step < steps; step++) {
    const first = (step * batch) % images;
    const index = Int32Array.from({ length: batch }, (_, at) => first + at);
    const shown = values.slice(first * floats, (first + batch) * floats);
    const label = { shape: [batch], values: index.map((at) => at % classes) };
    const view = { shape: [batch, trainedSize, trainedSize, 3], values: shown };
    const lr = step < trained ? 0.05 : 0;
    await stepper.run({ views: [view], index, targets: { label } }, { step, lr }, { metrics: false });
  }
  stepper.dispose();
  return { encoder, entries: engine.entries([encoder]) };
}
