/** A step that would make weights anything but finite is not taken, in any engine and precision, though its loss is finite; the weights are named. */
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
    const { loss, weightsNotFinite } = await step(stepper, 0, 1, clipNorm);
    expect(Number.isFinite(loss)).toBe(true);
    expect(weightsNotFinite).toEqual(['root/weight']);
    expect(read(stepper)).toEqual(before);
    // Nothing is left of it, as sums of gradients or statistics would be.
    for (const each of [stepper, straight]) {
      const good = await step(each, 0.25, 2, clipNorm);
      expect(good.weightsNotFinite).toBeUndefined();
    }
    expect(read(stepper)).toEqual(read(straight));
    expect(read(stepper)).not.toEqual(before);
  });
});

describe.each(engines)('%o, at a rate beyond all numbers', (given) => {
  it('names the weights that the step would take there', async () => {
    const stepper = await stepperIn(given);
    const before = read(stepper);
    const { weightsNotFinite } = await stepper.run(batchOf(0.5), { step: 0, lr: 3e38 }, { metrics: false });
    expect(weightsNotFinite).toContain('sound/1/weight');
    expect(read(stepper)).toEqual(before);
  });
});
