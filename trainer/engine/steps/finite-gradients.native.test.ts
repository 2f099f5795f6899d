/** A gradient that is not finite stops its step in every engine and precision, though the loss is finite, and is named. */
import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { linear } from '../../nn/layers/linear.ts';
import { mlp } from '../../nn/layers/mlp.ts';
import { optimizer as sgd } from '../../optim/optimizers/sgd.ts';
import { Execution } from '../../protocol/run.ts';
import type { Learner } from '../../recipe.ts';
import { precisionsHere } from '../../testing/precision.ts';
import type { Engine, Stepper } from '../engine.ts';
import { openEngine } from './open.ts';

const rows = 4;
const columns = 3;

/** A network with running statistics, and beside it a root, whose gradient at 0 is not a number. */
function withRoot(engine: Engine): Learner {
  const builder = engine.builder(1);
  const sound = mlp(builder.at('sound'), columns, [4, 2]);
  const root = linear(builder.at('root'), 1, 1, { bias: false });
  return {
    trainable: [sound, root],
    embed({ views: [x] }, at) {
      const first = tf.slice(x!, [0, 0], [-1, 1]);
      return { sound: sound.apply(x!, at), root: tf.sqrt(tf.abs(root.apply(first))) };
    },
    loss: ({ sound: one, root: other }) => ({ loss: tf.add(tf.sum(one!), tf.sum(other!)), metrics: {} }),
  };
}

/** @param first of the first row: the root is of it */
function batchOf(first: number) {
  const values = Float32Array.from({ length: rows * columns }, (_, at) => (at === 0 ? first : Math.sin(at) / 2));
  return { views: [{ shape: [rows, columns], values }], index: new Int32Array(rows), targets: {} };
}

async function stepperIn(given: object): Promise<Stepper> {
  const engine = await openEngine(v.parse(Execution, { threads: 2, ...given }));
  return engine.stepper(withRoot(engine), { recipe: sgd, options: {}, clips: true }, 1);
}
const step = (stepper: Stepper, first: number, number: number, clipNorm?: number) =>
  stepper.run(
    batchOf(first),
    { step: number, lr: 0.1, ...(clipNorm !== undefined && { clipNorm }) },
    { metrics: false },
  );
const read = ({ state }: Stepper) => Object.fromEntries(state.map((entry) => [entry.name, [...entry.read()]]));

const engines = [
  { engine: 'eager' },
  ...(await precisionsHere()).flatMap((precision) => [
    { engine: 'traced', precision },
    { engine: 'traced', precision, chunk: 2 },
  ]),
];

describe.each(engines)('%o', (given) => {
  it.each([undefined, 0.5])('with gradients clipped to %s', async (clipNorm) => {
    const [stepper, straight] = [await stepperIn(given), await stepperIn(given)];
    for (const each of [stepper, straight]) await step(each, 0.5, 0, clipNorm);
    const before = read(stepper);
    const { loss, gradientsNotFinite } = await step(stepper, 0, 1, clipNorm);
    expect(Number.isFinite(loss)).toBe(true);
    expect(gradientsNotFinite).toEqual(['root/weight']);
    expect(read(stepper)).toEqual(before);
    // Nothing is left of it, as sums of gradients or statistics would be.
    for (const each of [stepper, straight]) {
      const good = await step(each, 0.25, 2, clipNorm);
      expect(good.gradientsNotFinite).toBeUndefined();
    }
    expect(read(stepper)).toEqual(read(straight));
    expect(read(stepper)).not.toEqual(before);
  });
});

it('judges each by itself: together they may leave the range of float32', async () => {
  const engine = await openEngine(v.parse(Execution, { threads: 2 }));
  const nets = ['one', 'other'].map((name) => linear(engine.builder(1).at(name), 1, 1, { bias: false }));
  const learner: Learner = {
    trainable: nets,
    embed: ({ views: [x] }) => Object.fromEntries(nets.map((net, at) => [`y${at}`, net.apply(x!)])),
    loss: ({ y0, y1 }) => ({ loss: tf.mul(tf.sum(tf.add(y0!, y1!)), 3e38), metrics: {} }),
  };
  const stepper = engine.stepper(learner, { recipe: sgd, options: { weightDecay: 0 } }, 1);
  const batch = { views: [{ shape: [1, 1], values: Float32Array.of(1) }], index: new Int32Array(1), targets: {} };
  const found = await stepper.run(batch, { step: 0, lr: 1e-38 }, { metrics: false });
  expect(found.gradientsNotFinite).toBeUndefined();
});
