/** Gradients clipped to a norm that they have together: the same in every engine, and no bit changed where nothing is clipped. */
import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { linear } from '../../nn/layers/linear.ts';
import { mlp } from '../../nn/layers/mlp.ts';
import { method as vicreg, vicregLoss } from '../../methods/vicreg.ts';
import { optimizer as sgd } from '../../optim/optimizers/sgd.ts';
import { Execution } from '../../protocol/run.ts';
import { keyed } from '../../random.ts';
import type { Learner } from '../../recipe.ts';
import { refusalOf } from '../../testing/precision.ts';
import type { Engine, Stepper } from '../engine.ts';
import { openEngine } from './open.ts';

const isLow = (await refusalOf('float16')) === null;
const engines = [
  ['eager', { engine: 'eager' }],
  ['traced', { engine: 'traced' }],
  ['traced, in chunks', { engine: 'traced', chunk: 2 }],
] as const;
const scaled = [
  ['float16', { engine: 'traced', precision: 'float16' }],
  ['float16, in chunks', { engine: 'traced', precision: 'float16', chunk: 2 }],
] as const;

const open = (given: object): Promise<Engine> => openEngine(v.parse(Execution, { threads: 2, ...given }));
const rows = 4;

/** Two weights whose gradients are 3 and 4 exactly, so that their norm is 5. */
function threeAndFour(engine: Engine): Learner {
  const layer = (name: string) => linear(engine.builder(1).at(name), 1, 1, { bias: false });
  const [three, four] = [layer('three'), layer('four')];
  return {
    trainable: [three, four],
    embed: ({ views: [x] }) => ({ three: three.apply(x!), four: four.apply(x!) }),
    loss: (embedded) => ({
      loss: tf.add(tf.mul(tf.sum(embedded['three']!), 3), tf.mul(tf.sum(embedded['four']!), 4)),
      metrics: {},
    }),
  };
}

/** Momentum after one step from none, which is the gradient that the optimizer was given. */
async function gradients(engine: Engine, clipNorm: number | undefined): Promise<readonly number[]> {
  const stepper = engine.stepper(threeAndFour(engine), { recipe: sgd, options: { weightDecay: 0 }, clips: true }, 1);
  const batch = {
    views: [{ shape: [rows, 1], values: new Float32Array(rows).fill(1 / rows) }],
    index: new Int32Array(rows),
    targets: {},
  };
  const at = { step: 0, lr: 0.125 };
  await stepper.run(batch, clipNorm === undefined ? at : { ...at, clipNorm }, { metrics: false });
  return ['three', 'four'].map(
    (name) => stepper.state.find((entry) => entry.name === `optimizer/momentum/${name}/weight`)!.read()[0]!,
  );
}

/** A loss that mixes all samples, over a network with batch norm. */
function mixing(engine: Engine): Learner {
  const net = mlp(engine.builder(1).at('net'), 5, [6, 4]);
  const options = v.parse(vicreg.options, {});
  return {
    trainable: [net],
    embed: ({ views: [x, y] }, at) => ({ x: net.apply(x!, at), y: net.apply(y!, at) }),
    loss: ({ x, y }) => vicregLoss(x!, y!, 8, options),
  };
}

const read = ({ state }: Stepper) => Object.fromEntries(state.map((entry) => [entry.name, [...entry.read()]]));

/** The state after four steps; gradients are clipped in the last two. */
async function trained(given: object, clips: boolean, clipNorm?: number) {
  const engine = await open(given);
  const stepper = engine.stepper(mixing(engine), { recipe: sgd, options: {}, clips }, 1);
  for (let step = 0; step < 4; step++) {
    const views = ['x', 'y'].map((name) => {
      const values = new Float32Array(8 * 5);
      keyed(step, name).fillNormal(values);
      return { shape: [8, 5], values };
    });
    const batch = { views, index: Int32Array.from({ length: 8 }, (_, at) => at), targets: {} };
    const at = { step, lr: 0.05 };
    const isClipped = clipNorm !== undefined && step > 1;
    await stepper.run(batch, isClipped ? { ...at, clipNorm } : at, { metrics: false });
  }
  return read(stepper);
}

describe.each([...engines, ...(isLow ? scaled : [])])('%s', (_name, given) => {
  it('scales gradients above the norm to it, and leaves those below as they are', async () => {
    expect(await gradients(await open(given), 2.5)).toEqual([1.5, 2]);
    expect(await gradients(await open(given), 5)).toEqual([3, 4]);
    expect(await gradients(await open(given), undefined)).toEqual([3, 4]);
  });

  it('changes no bit of a training in which nothing is clipped', async () => {
    expect(await trained(given, true)).toEqual(await trained(given, false));
  });

  it('is refused by a stepper that was made without', async () => {
    await expect(trained(given, false, 1)).rejects.toThrow('made without clipping');
  });
});

it('begins in the middle of a training, in the traced engine as in the eager one', async () => {
  const [eager, traced] = [
    await trained({ engine: 'eager' }, true, 0.5),
    await trained({ engine: 'traced' }, true, 0.5),
  ];
  for (const [name, wanted] of Object.entries(eager))
    traced[name]!.forEach((value, at) => expect(value, name).toBeCloseTo(wanted[at]!, 5));
  expect(traced).not.toEqual(await trained({ engine: 'traced' }, true));
});
