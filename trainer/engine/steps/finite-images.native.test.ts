/** An image that is not finite stops its step in every engine, though a rectifier hides it from the loss. */
import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { linear } from '../../nn/layers/linear.ts';
import { relu } from '../../nn/ops/relu.ts';
import { optimizer as sgd } from '../../optim/optimizers/sgd.ts';
import { Execution } from '../../protocol/run.ts';
import type { Learner } from '../../recipe.ts';
import type { Engine } from '../engine.ts';
import { openEngine } from './open.ts';

function rectified(engine: Engine): Learner {
  const layer = linear(engine.builder(1).at('layer'), 3, 2);
  return {
    trainable: [layer],
    embed: ({ views: [x] }) => ({ x: relu(layer.apply(x!)) }),
    loss: ({ x }) => ({ loss: tf.sum(x!), metrics: {} }),
  };
}

const batchOf = (first: number) => ({
  views: [{ shape: [4, 3], values: Float32Array.from({ length: 12 }, (_, at) => (at === 0 ? first : at / 10)) }],
  index: new Int32Array(4),
  targets: {},
});

it.each([
  ['eager', { engine: 'eager' }],
  ['traced', { engine: 'traced' }],
  ['traced, in chunks', { engine: 'traced', chunk: 2 }],
])('%s', async (_name, given) => {
  const engine = await openEngine(v.parse(Execution, { threads: 1, ...given }));
  const stepper = engine.stepper(rectified(engine), { recipe: sgd, options: {} }, 1);
  const read = () => stepper.state.map((entry) => Array.from(entry.read()));
  const before = read();
  for (const value of [Number.NaN, Infinity]) {
    const { loss } = await stepper.run(batchOf(value), { step: 0, lr: 0.1 }, { metrics: false });
    expect(Number.isFinite(loss), String(value)).toBe(false);
    expect(read()).toEqual(before);
  }
  const { loss } = await stepper.run(batchOf(0.5), { step: 0, lr: 0.1 }, { metrics: false });
  expect(Number.isFinite(loss)).toBe(true);
  expect(read()).not.toEqual(before);
});
