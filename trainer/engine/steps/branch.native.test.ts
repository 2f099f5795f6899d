/** Work that is left out: the same values and gradients where it is needed, none of it where it is not. */
import * as tf from '@tensorflow/tfjs';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { HostBatch } from '../../host-batch.ts';
import { whereNeeded } from '../../nn/ops/where-needed.ts';
import { Execution } from '../../protocol/run.ts';
import type { Learner } from '../../recipe.ts';
import { optimizers } from '../../registry.ts';
import { openEngine } from './open.ts';

const weights = Float32Array.from([0.5, -1, 2, 0.25]);
const rate = 0.1;

/** A loss of (images x weight)², or of its logarithm's sum, which is not finite, counted only as far as the first pixel says. */
async function stepOf(engineKind: 'eager' | 'traced', values: readonly number[], compute: (x: Tensor) => Tensor) {
  const engine = await openEngine(v.parse(Execution, { engine: engineKind, threads: 2 }));
  const weight = engine.builder(1).variable('weight', [2, 2], { kind: 'given', values: weights });
  const learner: Learner = {
    trainable: [{ weights: [weight], state: [] }],
    embed: ({ views }) => ({ images: views[0]! }),
    loss({ images }, _targets, at) {
      const rows = images!.reshape([-1, 2]);
      const count = tf.slice(rows, [0, 0], [1, 1]).reshape([]);
      const needed = tf.greater<Scalar>(count, 0);
      const squares = whereNeeded(at, needed, [rows, weight], ([x, w]) => tf.sum(compute(tf.matMul(x!, w!))));
      const loss = tf.add<Scalar>(squares, tf.sum(tf.abs(weight)));
      return { loss, metrics: { squares: squares } };
    },
  };
  const optimizer = { recipe: optimizers.get('sgd'), options: { rate, momentum: 0, weightDecay: 0 } };
  const stepper = engine.stepper(learner, optimizer, 1);
  const images = Float32Array.from(values);
  const batch: HostBatch = {
    views: [{ shape: [1, 2, 1, 2], values: images }],
    index: Int32Array.of(0),
    targets: {},
  };
  const { metrics } = await stepper.run(batch, { step: 0, lr: rate }, { metrics: true });
  const after = stepper.state.find(({ name }) => name === 'weight')!.read();
  stepper.dispose();
  return { squares: metrics['squares'], after: [...after] };
}

describe('work that counts only at times', () => {
  it('is done where it is needed, as an engine does it that leaves nothing out', async () => {
    const [eager, traced] = [
      await stepOf('eager', [1, 2, 3, 4], tf.square),
      await stepOf('traced', [1, 2, 3, 4], tf.square),
    ];
    expect(traced).toEqual(eager);
    expect(traced.squares).toBeGreaterThan(0);
  });

  it('is left out elsewhere: its result is zero, and so are its gradients, even where it would not be finite', async () => {
    const { squares, after } = await stepOf('traced', [0, 2, 3, 4], (x) => tf.log(tf.mul(x, 0)));
    expect(squares).toBe(0);
    const expected = [...weights].map((value) => Math.fround(value - Math.fround(rate) * Math.sign(value)));
    after.forEach((value, at) => expect(value).toBeCloseTo(expected[at]!, 6));
  });
});
