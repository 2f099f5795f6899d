/** Gradients that float16 can represent thanks to the scale, and those that require lowering it. */
import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { linear } from '../../nn/layers/linear.ts';
import { optimizer as sgd } from '../../optim/optimizers/sgd.ts';
import { Execution } from '../../protocol/run.ts';
import type { Learner } from '../../recipe.ts';
import { refusalOf } from '../../testing/precision.ts';
import { createLossScale } from './loss-scale.ts';
import { openEngine } from './open.ts';

describe('the scale', () => {
  it('doubles after 2000 steps that held, up to its bound', () => {
    const scale = createLossScale();
    for (let step = 0; step < 1999; step++) scale.held();
    expect(scale.value).toBe(65536);
    scale.held();
    expect(scale.value).toBe(2 * 65536);
    for (let step = 0; step < 40_000; step++) scale.held();
    expect(scale.value).toBe(2 ** 24);
  });

  it('resumes its count from a checkpoint', () => {
    const [first, second] = [createLossScale(), createLossScale()];
    for (let step = 0; step < 1500; step++) first.held();
    second.entry.write(first.entry.read());
    for (let step = 0; step < 500; step++) second.held();
    expect(second.value).toBe(2 * 65536);
    expect(() => second.entry.write(new Float32Array(3))).toThrow('has 2 values, but 3 were given');
  });

  it('is halved until it is 1, then restored to its value before the step', () => {
    const scale = createLossScale();
    scale.held();
    const halvings = [];
    while (scale.lowered()) halvings.push(scale.value);
    expect(halvings).toEqual(Array.from({ length: 16 }, (_, at) => 2 ** (15 - at)));
    expect([...scale.entry.read()]).toEqual([65536, 1]);
  });
});

const rows = 4;

/** A step on `weight` times the sum of `x` under a linear layer: all numbers are powers of two. */
async function trained(chunk: number | null, x: number, weight: number) {
  const engine = await openEngine(v.parse(Execution, { engine: 'traced', threads: 2, precision: 'float16', chunk }));
  const layer = linear(engine.builder(1), 1, 1, { bias: false });
  const learner: Learner = {
    trainable: [layer],
    embed: ({ views: [given] }) => ({ y: layer.apply(given!) }),
    loss: ({ y }) => ({ loss: tf.mul(tf.sum(y!), weight), metrics: {} }),
  };
  const stepper = engine.stepper(learner, { recipe: sgd, options: { weightDecay: 0 } }, 1);
  const batch = {
    views: [{ shape: [rows, 1], values: new Float32Array(rows).fill(x) }],
    index: new Int32Array(rows),
    targets: {},
  };
  const { loss, weightsNotFinite } = await stepper.run(batch, { step: 0, lr: 0.125 }, { metrics: true });
  const read = (name: string) => stepper.state.find((entry) => entry.name === name)!.read()[0]!;
  // The first step's momentum is its gradient.
  return { loss, weightsNotFinite, scale: read('lossScale'), gradient: read('optimizer/momentum/weight') };
}

describe.runIf((await refusalOf('float16')) === null).each([null, 2])('float16, in chunks of %s', (chunk) => {
  it('keeps gradients too small for it', async () => {
    // Its smallest number is 2^-24.
    expect(await trained(chunk, 2 ** -14, 2 ** -14)).toMatchObject({ gradient: rows * 2 ** -28, scale: 65536 });
  });

  it('repeats a step whose gradients overflow', async () => {
    // The largest scale at which the gradients of the rows computed together stay below 65504.
    const scale = chunk === null ? 2048 : 4096;
    expect(await trained(chunk, 1, 4)).toMatchObject({ gradient: rows * 4, scale });
  });

  it('reports an overflow that no scale prevents, and leaves the weights unchanged', async () => {
    const { loss, ...found } = await trained(chunk, 1, 2 ** 20);
    expect(found).toEqual({ weightsNotFinite: ['weight'], scale: 65536, gradient: 0 });
    expect(Number.isFinite(loss)).toBe(true);
  });
});
