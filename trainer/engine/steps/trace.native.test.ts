/** Every operation the project uses gives the same value and gradient traced as eagerly, for any shape. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import fc from 'fast-check';
import * as v from 'valibot';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { linear } from '../../nn/layers/linear.ts';
import { dtype, integers, outputOf, text } from '../../nn/ops/operation.ts';
import { optimizer as sgd } from '../../optim/optimizers/sgd.ts';
import { Execution } from '../../protocol/run.ts';
import type { Learner } from '../../recipe.ts';
import { asked, givenInputs, plain, smooth } from '../../testing/operation-cases.ts';
import type { Engine } from '../engine.ts';
import { openEngine } from './open.ts';
import { openRuntime, type Runtime } from '../binding/runtime.ts';
import { compile } from './compile.ts';
import { createTracer, type Tracer } from './trace.ts';

const execution = v.parse(Execution, { engine: 'traced', threads: 2 });
let runtime: Runtime;
let tracer: Tracer;
beforeAll(async () => {
  runtime = await openRuntime(execution);
});
beforeEach(() => {
  tracer = createTracer(runtime, execution);
});

const cases = [
  ...Object.entries(smooth).map(([name, run]) => [name, run, true] as const),
  ...Object.entries(plain).map(([name, run]) => [name, run, false] as const),
];

it.each(cases)('%s', async (_name, run, gradient) => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 2, max: 17 }), async (n, m) => {
      const { values: given, specs } = givenInputs(n, m);
      const compute = asked(run, gradient);
      const found = await compile(tracer, specs, compute)(...given);
      const wanted = tf.tidy(() =>
        compute(...given.map((one) => tf.tensor(one.values, [...one.shape]))).map((tensor) => ({
          shape: tensor.shape,
          values: tensor.dataSync(),
        })),
      );
      expect(found.map(({ shape }) => shape)).toEqual(wanted.map(({ shape }) => shape));
      found.forEach((result, at) => {
        const largest = Math.max(1, ...Array.from(wanted[at]!.values, Math.abs));
        result.values.forEach((value, place) => {
          expect(Math.abs(value - wanted[at]!.values[place]!)).toBeLessThanOrEqual(1e-5 * largest);
        });
      });
    }),
    { numRuns: 3 },
  );
});

it('has a case for every operation that a recipe or a network uses', () => {
  // Functions that build tensors, scopes and gradients are not graph operations.
  const structure = ['customGrad', 'scalar', 'tensor', 'tensor1d', 'tensor2d', 'tidy', 'dispose', 'backend', 'engine'];
  const root = join(import.meta.dirname, '../..');
  const files = ['nn', 'methods', 'evaluators', 'encoders', 'optim'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => join(root, folder, name)),
  );
  const used = new Set(
    files.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/\btf\.([a-z]\w*)/g)].map((m) => m[1]!)),
  );
  const known = new Set([...structure, ...Object.keys(smooth), ...Object.keys(plain)]);
  expect([...used].filter((name) => !known.has(name))).toEqual([]);
});

describe('tracing refuses', () => {
  it('a value read on the host', () => {
    const branch = (x?: Tensor) => [x!.dataSync()[0]! > 0 ? x! : tf.neg(x!)];
    expect(() => compile(tracer, [{ dtype: 'float32', shape: [3] }], branch)).toThrow('reads a tensor on the host');
    expect(tf.getBackend()).toBe('tensorflow');
  });

  it('a result whose shape depends on the data', () => {
    const unique = (x?: Tensor) => [tf.unique(x!).values];
    expect(() => compile(tracer, [{ dtype: 'float32', shape: [3] }], unique)).toThrow('depends on the data');
  });

  it('an operation that TensorFlow computes wrongly for these shapes, eagerly too', () => {
    const gradient = (channels: number, stride: number) => (x?: Tensor, dy?: Tensor) => {
      const shape = tf.tensor1d([1, 1, channels, 8], 'int32');
      const attributes = [dtype('T', 'float32'), integers('strides', [1, stride, stride, 1]), text('padding', 'VALID')];
      return [outputOf('Conv2DBackpropFilter', attributes, [x!, shape, dy!])];
    };
    const specs = (channels: number, stride: number) => [
      { dtype: 'float32' as const, shape: [1, 4, 4, channels] },
      { dtype: 'float32' as const, shape: [1, 4 / stride, 4 / stride, 8] },
    ];
    const traced = (channels: number, stride: number) => () =>
      compile(tracer, specs(channels, stride), gradient(channels, stride));
    expect(traced(7, 2)).toThrow('"Conv2DBackpropFilter" is wrong for inputs of shapes [1, 4, 4, 7]');
    expect(traced(8, 2)).not.toThrow();
    expect(traced(7, 1)).not.toThrow();
    const eagerly = (channels: number) => () =>
      tf.tidy(() => gradient(channels, 2)(...specs(channels, 2).map(({ shape }) => tf.ones(shape))));
    expect(eagerly(3)).toThrow('Use conv2d of trainer/nn');
    expect(eagerly(8)).not.toThrow();
  });

  it('an input whose shape differs from the traced one', async () => {
    const twice = compile(tracer, [{ dtype: 'float32', shape: [3] }], (x) => [tf.mul(x, 2)]);
    await expect(twice({ shape: [2], values: Float32Array.of(1, 2) })).rejects.toThrow('shape [2], traced was [3]');
  });

  it('a variable used outside', async () => {
    const engine = await openEngine(execution);
    const weight = engine.builder(1).variable('w', [2], { kind: 'given', values: Float32Array.of(3, 4) });
    expect([...weight.dataSync()]).toEqual([3, 4]);
    expect(() => tf.add(weight, 1)).toThrow('outside a traced function');
  });

  it('an unbounded number of shapes', async () => {
    const engine = await openEngine(execution);
    const infer = engine.infer((x) => tf.sum(x, 1));
    for (let rows = 1; rows <= 24; rows++) await infer({ shape: [rows, 1], values: new Float32Array(rows) });
    await expect(infer({ shape: [25, 1], values: new Float32Array(25) })).rejects.toThrow('more than 24 shapes');
  });
});

describe('a learner with state of its own', () => {
  /** A teacher that follows a student at a rate of its own, a random mask on the inputs, a statistic updated twice in a step. */
  function student(engine: Engine): Learner {
    const net = linear(engine.builder(3).at('student'), 3, 3);
    const teacher = engine.builder(3).variable('teacher', [3, 3], { kind: 'zeros' }, false);
    const seen = engine.builder(3).variable('seen', [], { kind: 'zeros' }, false);
    return {
      trainable: [{ weights: net.weights, state: [seen], rate: 3 }],
      state: { teacher },
      embed: ({ views: [x] }, at) => {
        for (let time = 0; time < 2; time++) at.update(seen, (current) => tf.add(tf.mul(current, 2), 1));
        const mask = tf.cast(tf.greater(at.uniform('mask', x!.shape), 0.5), 'float32');
        return { y: net.apply(tf.mul(x!, mask)) };
      },
      loss: ({ y }, _targets, at) => ({
        loss: tf.mean<tf.Scalar>(tf.square(tf.sub(y!, 1))),
        metrics: { step: tf.cast(at.step, 'float32'), seen: at.current(seen) },
      }),
      // Sees the weights that the optimizer has just given.
      updates: ({ y }) => [[teacher, tf.add(net.weights[0]!, tf.mean(y!))]],
    };
  }
  const batch = (scale: number) => ({
    views: [{ shape: [4, 3], values: Float32Array.from({ length: 12 }, (_, at) => scale * Math.sin(at)) }],
    index: Int32Array.of(0, 1, 2, 3),
    targets: {},
  });

  it('ends in the same state as eagerly', async () => {
    const ends = [];
    for (const kind of ['eager', 'traced'] as const) {
      const engine = await openEngine({ ...execution, engine: kind });
      const stepper = engine.stepper(student(engine), { recipe: sgd, options: {} }, 5);
      const results = [];
      for (let step = 0; step < 3; step++)
        results.push(await stepper.run(batch(1), { step, lr: 0.1 }, { metrics: true }));
      const broken = await stepper.run(batch(Infinity), { step: 3, lr: 0.1 }, { metrics: true });
      expect(Number.isFinite(broken.loss)).toBe(false);
      expect(results.map(({ metrics }) => metrics['seen'])).toEqual([3, 15, 63]);
      ends.push({ results, state: Object.fromEntries(stepper.state.map((entry) => [entry.name, [...entry.read()]])) });
    }
    const [eager, traced] = ends;
    expect(Object.keys(traced!.state)).toEqual(Object.keys(eager!.state));
    for (const [name, wanted] of Object.entries(eager!.state)) {
      traced!.state[name]!.forEach((value, at) => expect(value, name).toBeCloseTo(wanted[at]!, 5));
    }
    traced!.results.forEach(({ loss, metrics }, step) => {
      expect(loss).toBeCloseTo(eager!.results[step]!.loss, 5);
      expect(metrics['step']).toBe(step);
    });
  });
});
