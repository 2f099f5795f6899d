/** The engine: the facts it reports, rarely used parts of its binding, and its optimizer grouping. */
import * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { linear } from '../nn/layers/linear.ts';
import { optimizer as lars } from '../optim/optimizers/lars.ts';
import { optimizer as sgd } from '../optim/optimizers/sgd.ts';
import { Execution } from '../protocol/run.ts';
import type { Options } from '../protocol/options.ts';
import type { Learner, OptimizerRecipe } from '../recipe.ts';
import type { Binding } from './binding/eager-binding.ts';
import { openEngine } from './steps/open.ts';
import type { Engine } from './engine.ts';
import type { HostBatch } from '../host-batch.ts';

let engine: Engine;
let binding: Binding;
beforeAll(async () => {
  engine = await openEngine(v.parse(Execution, { engine: 'eager', threads: 2 }));
  binding = (tf.backend() as NodeJSKernelBackend).binding as Binding;
});

it('times a product on the device that executed it', async () => {
  const probe = await engine.probe(256);
  expect(probe.executedOn).toContain('CPU:0');
  expect(probe.milliseconds).toBeGreaterThan(0);
  expect(probe.gigaflops).toBeCloseTo((2 * 256 ** 3) / probe.milliseconds / 1e6, 6);
});

it('reports everything that determines its bits', () => {
  expect(engine.facts.threads).toBe(2);
  expect(engine.facts.device).toBe('cpu');
  expect(engine.facts.instructionSet).toMatch(/^[A-Z0-9_]+$/);
  expect(engine.facts.versions['tensorflow']).toMatch(/^2\./);
});

it('refuses to change threads in a running process', async () => {
  await expect(openEngine(v.parse(Execution, { threads: 1 }))).rejects.toThrow('start a new one');
});

describe('binding', () => {
  it('keeps strings of any length', () => {
    const strings = ['', 'short', 'long '.repeat(20), 'übergroß'].map((text) => new TextEncoder().encode(text));
    const id = binding.createTensor([4], binding.TF_STRING, strings);
    expect(binding.tensorDataSync(id)).toEqual(strings);
    binding.deleteTensor(id);
  });

  it('passes lists of types, shapes and strings', () => {
    const [queue] = binding.executeOp(
      'FIFOQueueV2',
      [
        { name: 'component_types', type: binding.TF_ATTR_TYPE, value: [binding.TF_FLOAT, binding.TF_INT32] },
        { name: 'shapes', type: binding.TF_ATTR_SHAPE, value: [[2, 3], [4]] },
        { name: 'capacity', type: binding.TF_ATTR_INT, value: 3 },
      ],
      [],
      1,
    );
    expect(queue!.dtype).toBe(binding.TF_RESOURCE);
    binding.deleteTensor(queue!.id);
    const input = binding.createTensor([2], binding.TF_FLOAT, Float32Array.of(1, 2));
    const [same] = binding.executeOp(
      'DebugIdentityV2',
      [
        { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
        { name: 'debug_urls', type: binding.TF_ATTR_STRING, value: [] },
      ],
      [input],
      1,
    );
    expect([...binding.tensorDataSync(same!.id)]).toEqual([1, 2]);
    binding.deleteTensor(same!.id);
    binding.deleteTensor(input);
  });

  it('names the operation that failed, and continues', () => {
    expect(() => tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).dataSync()).not.toThrow();
    const input = binding.createTensor([2], binding.TF_FLOAT, Float32Array.of(1, 2));
    expect(() => binding.executeOp('NoSuchOperation', [], [input], 1)).toThrow('NoSuchOperation');
    expect([...tf.add(tf.tensor1d([1]), 1).dataSync()]).toEqual([2]);
    expect(() => binding.createTensor([3], binding.TF_FLOAT, Float32Array.of(1))).toThrow('cannot hold 4 bytes');
    binding.deleteTensor(input);
    expect(() => binding.deleteTensor(input)).toThrow('deleted');
  });
});

describe('builder', () => {
  it('derives initial values from seed and path, not from order', () => {
    const values = (seed: number, names: readonly string[]) =>
      new Map(
        names.map((name) => [
          name,
          [...engine.builder(seed).at('net').variable(name, [5], { kind: 'normal', std: 2 }).dataSync()],
        ]),
      );
    const forward = values(1, ['a', 'b']);
    const backward = values(1, ['b', 'a']);
    expect(forward.get('a')).toEqual(backward.get('a'));
    expect(forward.get('a')).not.toEqual(forward.get('b'));
    expect(values(2, ['a']).get('a')).not.toEqual(forward.get('a'));
  });

  it('stays within the bound of a uniform', () => {
    const drawn = engine.builder(1).variable('u', [4000], { kind: 'uniform', bound: 0.25 }).dataSync();
    expect(Math.max(...drawn)).toBeLessThanOrEqual(0.25);
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(-0.25);
    expect(Math.max(...drawn)).toBeGreaterThan(0.24);
  });
});

/** Two layers, so that there are weights of both ranks; the second learns at `rate` times the learning rate. */
function twoLayers(name: string, rate = 1): Learner {
  const [first, second] = [1, 2].map((layer) => linear(engine.builder(5).at(`${name}/${layer}`), 3, 3));
  return {
    trainable: [first!, { ...second!, rate }],
    embed: ({ views: [x] }) => ({ y: second!.apply(tf.tanh(first!.apply(x!))) }),
    loss: ({ y }) => ({ loss: tf.mean<tf.Scalar>(tf.square(tf.sub(y!, 1))), metrics: {} }),
  };
}

const data: HostBatch = {
  views: [{ shape: [4, 3], values: Float32Array.from({ length: 12 }, (_, index) => Math.sin(index)) }],
  index: Int32Array.of(0, 1, 2, 3),
  targets: {},
};

describe('optimizer groups', () => {
  const alone: OptimizerRecipe = { ...(lars as OptimizerRecipe), elementwise: () => false };
  const options: Options = { weightDecay: 0.01, eta: 0.1 };

  it('give the same bits as weight by weight, under the same names', async () => {
    const together = engine.stepper(twoLayers('net', 3), { recipe: lars, options }, 1);
    const apart = engine.stepper(twoLayers('net', 3), { recipe: alone, options }, 1);
    for (let step = 0; step < 4; step++) {
      for (const stepper of [together, apart]) await stepper.run(data, { step, lr: 0.5 }, { metrics: false });
    }
    const read = (stepper: typeof together) => new Map(stepper.state.map((entry) => [entry.name, entry.read()]));
    const [left, right] = [read(together), read(apart)];
    expect([...left.keys()].sort()).toEqual([...right.keys()].sort());
    for (const [name, values] of left) expect(values, name).toEqual(right.get(name));
  });

  it('move the weights of a net by its own multiple of the learning rate', async () => {
    const moved = async (rate: number) => {
      const stepper = engine.stepper(twoLayers('net', rate), { recipe: sgd, options: { weightDecay: 0 } }, 1);
      const before = stepper.state.map((entry) => entry.read());
      await stepper.run(data, { step: 0, lr: 0.5 }, { metrics: false });
      return new Map(
        stepper.state.map((entry, place) => [entry.name, entry.read().map((value, at) => value - before[place]![at]!)]),
      );
    };
    const [once, thrice] = [await moved(1), await moved(3)];
    expect(thrice.get('net/1/weight')).toEqual(once.get('net/1/weight'));
    for (const name of ['net/2/weight', 'net/2/bias'])
      thrice.get(name)!.forEach((value, at) => expect(value).toBeCloseTo(3 * once.get(name)![at]!, 6));
    expect(Math.max(...once.get('net/2/bias')!.map(Math.abs))).toBeGreaterThan(1e-3);
  });

  it('see a weight that was written from outside', async () => {
    const stepper = engine.stepper(twoLayers('net'), { recipe: lars, options }, 1);
    await stepper.run(data, { step: 0, lr: 0.5 }, { metrics: false });
    const bias = stepper.state.find((entry) => entry.name === 'net/2/bias')!;
    bias.write(Float32Array.of(9, 9, 9));
    await stepper.run(data, { step: 1, lr: 0 }, { metrics: false });
    expect([...bias.read()]).toEqual([9, 9, 9]);
  });

  it('dispose of everything they created', () => {
    const learner = twoLayers('net');
    const before = engine.tensors();
    engine.stepper(learner, { recipe: lars, options }, 1).dispose();
    expect(engine.tensors()).toBe(before);
  });
});

it('names a weight that the loss does not reach', async () => {
  const learner = twoLayers('net');
  const spare = linear(engine.builder(5).at('spare'), 3, 3);
  const stepper = engine.stepper(
    { ...learner, trainable: [...learner.trainable, spare] },
    { recipe: lars, options: {} },
    1,
  );
  await expect(stepper.run(data, { step: 0, lr: 0.1 }, { metrics: false })).rejects.toThrow('spare/weight');
});

it('infers without leaving anything behind', async () => {
  const net = linear(engine.builder(5).at('inferred'), 3, 2);
  const infer = engine.infer((x) => net.apply(x));
  const before = engine.tensors();
  const result = await infer(data.views[0]!);
  expect(result.shape).toEqual([4, 2]);
  expect(result.values).toHaveLength(8);
  expect(engine.tensors()).toBe(before);
});
