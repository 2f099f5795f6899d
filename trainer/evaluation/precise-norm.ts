/**
 * Statistics of batch norm for an evaluation, taken anew with the weights as they are: of each batch the mean and the unbiased
 * variance, and their averages over the batches (precise batch norm; update_bn_stats in facebookresearch/fvcore 1256a64).
 * The running ones lag behind the weights.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Variable } from '@tensorflow/tfjs';
import { objectsOf, pictureTargets } from '../detection/nets/picture-batch.ts';
import { whereNormsTell } from '../detection/nets/told-norms.ts';
import type { Engine } from '../engine/engine.ts';
import { keyed } from '../random.ts';
import type { DetectionTraining, StepContext, Tensors } from '../recipe.ts';
import type { BatchSource } from '../training/training-task.ts';

/** Draws of a step by name: the same in every batch, which are different pictures anyway. */
function drawn(seed: number): StepContext['uniform'] {
  return (name, shape) => {
    const values = new Float32Array(shape.reduce((product, length) => product * length, 1));
    keyed(seed, 'precise norm', name).fillUniform(values);
    return tf.tensor(values, [...shape]);
  };
}

/** @param open batches of the training pictures as in training */
export async function takePreciseNorm(
  engine: Engine,
  { detector, preciseNorm: count }: Pick<DetectionTraining, 'detector' | 'preciseNorm'>,
  open: () => Promise<BatchSource>,
  seed: number,
  progress: (fraction: number) => Promise<void>,
): Promise<void> {
  if (count === 0) return;
  const statistics = new Map<Variable, Tensor>();
  let names: readonly string[] = [];
  const run = engine.inferAll(([images, ...rest], at) => {
    const targets: Tensors = Object.fromEntries(names.map((name, index) => [name, rest[index]!]));
    statistics.clear();
    const telling = whereNormsTell(at, (statistic, ofBatch) => {
      // A norm that is applied again says it of what it is given last.
      statistics.get(statistic)?.dispose();
      statistics.set(statistic, ofBatch);
    });
    const context = { ...telling, uniform: drawn(seed) };
    detector.losses({ images: images!, sizes: targets[pictureTargets.sizes]! }, objectsOf(targets), context);
    return [...statistics.values()].map((kept) => {
      const result = tf.clone(kept);
      kept.dispose();
      return result;
    });
  });
  let sums: readonly Float64Array[] = [];
  const source = await open();
  try {
    for (let done = 0; done < count; done++) {
      const {
        batch: { views, targets },
      } = await source.next();
      names = Object.keys(targets).sort();
      const found = await run(views[0]!, ...names.map((name) => targets[name]!));
      if (done === 0) sums = found.map(({ values }) => new Float64Array(values.length));
      found.forEach(({ values }, at) => values.forEach((value, channel) => (sums[at]![channel]! += value)));
      await progress((done + 1) / count);
    }
  } finally {
    await source.close();
  }
  const net = { weights: [], state: [...statistics.keys()] };
  engine.entries([net]).forEach((entry, at) => entry.write(Float32Array.from(sums[at]!, (sum) => sum / count)));
}
