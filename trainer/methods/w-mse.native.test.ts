/** W-MSE rejects sizes that cannot be whitened, and divides the batch at random. The golden values test its loss. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { beforeAll, expect, it } from 'vitest';
import { openEngine } from '../engine/steps/open.ts';
import { createStepContext } from '../engine/steps/step-context.ts';
import type { Engine } from '../engine/engine.ts';
import type { HostBatch } from '../host-batch.ts';
import type { Options } from '../protocol/options.ts';
import { Execution } from '../protocol/run.ts';
import { keyed } from '../random.ts';
import type { Learner } from '../recipe.ts';
import { optimizers } from '../registry.ts';
import { smallEncoder } from '../testing/small-learner.ts';
import { method } from './w-mse.ts';

const open = (engine: 'eager' | 'traced') => openEngine(v.parse(Execution, { engine, threads: 2 }));
let engine: Engine;
beforeAll(async () => {
  engine = await open('eager');
});

const batch = 32;
const width = 8;

/** At least 96 samples in batches of 32; embeddings of 8 dimensions. */
function build(subBatch: number, samples = 96, stepsPerEpoch = 3, given: Options = {}, on = engine): Learner {
  const encoder = smallEncoder(on.builder(1).at('encoder'));
  const options = v.parse(method.options, { projector: [16, width], subBatch, ...given });
  return method.build([encoder, encoder], options, on.builder(1), {
    classes: 0,
    batch,
    samples,
    steps: 10,
    stepsPerEpoch,
    encoder: (builder) => smallEncoder(builder.at('encoder')),
  });
}

it('requires sub-batches with more rows than the embedding has dimensions', () => {
  expect(() => build(8)).toThrow('Make subBatch (8) larger than the last width of the projector (8)');
});

it('requires sub-batches that divide the batch', () => {
  expect(() => build(12)).toThrow('a batch of 32 cannot be divided into sub-batches of 12');
});

it('requires whole batches if the last one does not divide', () => {
  expect(() => build(16, 100, 4)).toThrow('the last batch of an epoch has 4 samples');
  build(16, 100, 3);
  build(16, 112, 4);
});

function noise(name: string, shape: readonly number[]): Float32Array {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  keyed(3, name).fillNormal(values);
  return values;
}

it('averages its loss over random divisions of the batch, the same in both views', () => {
  const [x, y] = ['x', 'y'].map((name) => tf.tensor(noise(name, [batch, width]), [batch, width])) as [Tensor, Tensor];
  const at = createStepContext(1, 7, true);
  const orders = [0, 1].map((division) => {
    const draws = [...at.uniform(`division-${division}`, [batch]).dataSync()];
    return draws.map((_, row) => row).sort((one, other) => draws[other]! - draws[one]!);
  });
  /** Loss and its gradient, of rows in a given order. */
  function lossOf(divisions: number, order = Array.from({ length: batch }, (_, row) => row)) {
    const { loss } = build(16, 96, 3, { divisions });
    const { value, grads } = tf.valueAndGrads((x, y) => {
      const ordered = [x, y].map((z) => tf.matMul(tf.oneHot(order, batch), z));
      return loss({ z0: ordered[0]!, z1: ordered[1]! }, {}, at).loss;
    })([x, y]);
    return [value, ...grads].map((tensor) => [...tensor.dataSync()]).flat();
  }
  const drawn = lossOf(2);
  const [one, other] = orders.map((order) => lossOf(0, order));
  drawn.forEach((value, place) => expect(value).toBeCloseTo((one![place]! + other![place]!) / 2, 5));
  expect(Math.abs(one![0]! - other![0]!)).toBeGreaterThan(1e-3);
});

it.each(['eager', 'traced'] as const)(
  'only lets smaller views move the encoder’s statistics, %s engine',
  async (kind) => {
    const on = await open(kind);
    const given = { divisions: 1, projectorTogether: true, constantSide: true };
    const stepper = on.stepper(build(16, 96, 3, given, on), { recipe: optimizers.get('sgd'), options: {} }, 1);
    const initial = stepper.state.map((entry) => entry.read());
    async function step(sizes: readonly number[]) {
      stepper.state.forEach((entry, place) => entry.write(initial[place]!));
      const views = sizes.map((size, view) => {
        const shape = [batch, size, size, 1];
        return { shape, values: noise(`view ${view}`, shape) };
      });
      const data: HostBatch = { views, index: new Int32Array(batch), targets: {} };
      const { loss } = await stepper.run(data, { step: 0, lr: 0.1 }, { metrics: false });
      return { loss, state: new Map(stepper.state.map((entry) => [entry.name, entry.read()])) };
    }
    const [two, more] = [await step([12, 12]), await step([12, 12, 8])];
    expect(more.loss).toBe(two.loss);
    for (const [name, values] of more.state) {
      const isStatistic = name.startsWith('encoder/') && name.includes('running');
      if (isStatistic) expect(values, name).not.toEqual(two.state.get(name));
      else expect(values, name).toEqual(two.state.get(name));
    }
  },
);
