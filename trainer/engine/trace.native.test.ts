/** Every operation the project uses gives traced what it gives eagerly, value and gradient, whatever the shape. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import fc from 'fast-check';
import * as v from 'valibot';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { conv2d } from '../nn/conv.ts';
import { crossEntropy } from '../nn/cross-entropy.ts';
import { maxPoolAfterRelu } from '../nn/pool.ts';
import { linear } from '../nn/linear.ts';
import { replacedRows, rowsOf } from '../nn/table.ts';
import { relu } from '../nn/relu.ts';
import { effectiveRank } from '../nn/spectrum.ts';
import { optimizer as sgd } from '../optim/optimizers/sgd.ts';
import { Execution } from '../protocol/run.ts';
import { keyed } from '../random.ts';
import type { Learner } from '../recipe.ts';
import type { Engine, HostTensor } from './engine.ts';
import { openEngine } from './open.ts';
import { openRuntime, type Runtime } from './runtime.ts';
import { compile, createTracer, type Tracer } from './trace.ts';

const execution = v.parse(Execution, { engine: 'traced', threads: 2 });
let runtime: Runtime;
let tracer: Tracer;
beforeAll(async () => {
  runtime = await openRuntime(execution);
});
beforeEach(() => {
  tracer = createTracer(runtime, execution);
});

/** Inputs of a case: `x` any numbers, `p` positive ones, `w` a second matrix, `i` small whole numbers; [n, m] but for w [m, n]. */
interface Inputs {
  readonly x: Tensor;
  readonly p: Tensor;
  readonly w: Tensor;
  readonly i: Tensor;
}
type Case = (inputs: Inputs) => Tensor;

const images = ({ x }: Inputs): tf.Tensor4D => tf.tile<tf.Tensor4D>(x.reshape([1, ...x.shape, 1]), [2, 2, 2, 2]);
const kernel = ({ p }: Inputs, size: number): Tensor =>
  tf.tile(p.flatten().slice([0], [1]).reshape([1, 1, 1, 1]), [size, size, 2, 3]);

/** With a gradient in x or p. */
const smooth: Readonly<Record<string, Case>> = {
  abs: ({ x }) => tf.abs(x),
  add: ({ x, p }) => tf.add(x, p.sum(0, true)),
  addN: ({ x, p }) => tf.addN([x, p, x]),
  avgPool: (given) => tf.avgPool(images(given), [2, 3], 1, 'valid'),
  broadcastTo: ({ x }) => tf.broadcastTo(tf.expandDims(x, 0), [2, ...x.shape]),
  cast: ({ x, i }) => tf.mul(x, tf.cast(i, 'float32')),
  clone: ({ x }) => tf.mul(tf.clone(x), 2),
  concat: ({ x, p }) => tf.concat([x, p], 1),
  concat1d: ({ x, p }) => tf.concat1d([x.flatten(), p.flatten()]),
  conv2d: (given) => conv2d(images(given), kernel(given, 3), { stride: 2, padding: 1 }),
  'conv2d of single pixels': (given) => conv2d(images(given), kernel(given, 1), { stride: 2, padding: 0 }),
  'conv2d with equal zeros': (given) => conv2d(images(given), kernel(given, 3), { stride: 1, padding: 1 }),
  cos: ({ x }) => tf.cos(x),
  crossEntropy: ({ x, i }) => {
    const labels = tf.cast(tf.cast(i.slice([0, 0], [-1, 1]).flatten(), 'bool'), 'int32');
    return crossEntropy(x, labels);
  },
  div: ({ x, p }) => tf.div(x, p),
  erf: ({ x }) => tf.erf(x),
  exp: ({ x }) => tf.exp(x),
  expandDims: ({ x }) => tf.expandDims(x, 1),
  gather: ({ x }) => tf.gather(x, tf.tensor1d([0, 0], 'int32')),
  log: ({ p }) => tf.log(p),
  logSoftmax: ({ x }) => tf.logSoftmax(x),
  logSumExp: ({ x }) => tf.logSumExp(x, 1),
  matMul: ({ x, w }) => tf.matMul(x, w),
  'matMul transposed': ({ x, p }) => tf.matMul(x, p, true),
  max: ({ x }) => tf.max(x, 1, true),
  maxPool: (given) => maxPoolAfterRelu(relu(images(given)), 3, { stride: 2, padding: 1 }),
  maximum: ({ x, p }) => tf.maximum(x, p),
  mean: ({ x }) => tf.mean(x, 0),
  min: ({ x }) => tf.min(x, 1),
  minimum: ({ x, p }) => tf.minimum(x, p),
  mul: ({ x, p }) => tf.mul(x, p),
  neg: ({ x }) => tf.neg(x),
  pad: ({ x }) =>
    tf.pad(x as tf.Tensor2D, [
      [1, 0],
      [2, 1],
    ]),
  pow: ({ p }) => tf.pow(p, 1.5),
  relu: ({ x }) => relu(x),
  reshape: ({ x }) => tf.reshape(x, [x.size, 1]),
  reverse: ({ x }) => tf.reverse(x, [0, 1]),
  rsqrt: ({ p }) => tf.rsqrt(p),
  slice: ({ x }) => tf.slice(x, [1, 0], [-1, 1]),
  softmax: ({ x }) => tf.softmax(x),
  split: ({ x }) => tf.split(x, [1, x.shape[0] - 1])[1]!,
  sqrt: ({ p }) => tf.sqrt(p),
  square: ({ x }) => tf.square(x),
  squaredDifference: ({ x, p }) => tf.squaredDifference(x, p),
  stack: ({ x, p }) => tf.stack([x, p]),
  sub: ({ x, p }) => tf.sub(x, p),
  sum: ({ x }) => tf.sum(x, 1, true),
  transpose: ({ x }) => tf.transpose(x, [1, 0]),
  where: ({ x, p, i }) => tf.where(tf.equal(i, 1), x, tf.mul(p, 2)),
};

/** Without one. */
const plain: Readonly<Record<string, Case>> = {
  all: ({ x, p }) => tf.cast(tf.all(tf.greater(p, x), 1), 'float32'),
  any: ({ x, p }) => tf.cast(tf.any(tf.greater(x, p), 1), 'float32'),
  argMax: ({ x }) => tf.argMax(x, 1),
  effectiveRank: ({ x }) => effectiveRank(x),
  equal: ({ i }) => tf.cast(tf.equal(i, 1), 'float32'),
  floor: ({ x }) => tf.floor(x),
  greater: ({ x, p }) => tf.cast(tf.greater(x, p), 'int32'),
  greaterEqual: ({ x, p }) => tf.cast(tf.greaterEqual(x, p), 'float32'),
  lessEqual: ({ x, p }) => tf.cast(tf.lessEqual(x, p), 'float32'),
  logicalAnd: ({ x, p }) => tf.cast(tf.logicalAnd(tf.greater(x, 0), tf.greater(p, 1)), 'float32'),
  oneHot: ({ i }) => tf.oneHot(i.flatten(), 4),
  ones: ({ x }) => tf.add(x, tf.ones([x.shape[0], 1])),
  onesLike: ({ x }) => tf.onesLike(x),
  range: ({ x }) => tf.add(x, tf.range(0, x.shape[1]!)),
  replacedRows: ({ x, i }) =>
    replacedRows(x, tf.range(0, 2, 1, 'int32'), tf.cast(tf.slice(i, [0, 0], [2, -1]), 'float32')),
  rowsOf: ({ x }) => rowsOf(x, tf.tensor1d([1, 0], 'int32')),
  topk: ({ x }) => tf.topk(x, 2).values,
  zerosLike: ({ x }) => tf.zerosLike(x),
  zeros: ({ x }) => tf.add(x, tf.zeros([9, 8, 1, x.shape[1]!])),
};

function values(name: string, shape: readonly number[], map: (value: number) => number): HostTensor {
  const drawn = new Float32Array(shape.reduce((a, b) => a * b, 1));
  keyed(7, name, ...shape).fillNormal(drawn);
  return { shape, values: drawn.map(map) };
}

/** The result of a case and, where it has one, the gradient of a weighted sum of it in x and p. */
function asked(run: Case, gradient: boolean) {
  return (...given: readonly Tensor[]): readonly Tensor[] => {
    const [x, p, w, i] = given as [Tensor, Tensor, Tensor, Tensor];
    if (!gradient) return [run({ x, p, w, i })];
    const weighted = (a: Tensor, b: Tensor): tf.Scalar => {
      const result = run({ x: a, p: b, w, i });
      const weights = tf.add(1, tf.mul(0.1, tf.range(0, result.size).reshape(result.shape)));
      // Both are reached, whatever the case reads.
      return tf.addN<tf.Scalar>([tf.sum(tf.mul(result, weights)), tf.sum(a).mul(0.5), tf.sum(b).mul(0.25)]);
    };
    const [dx, dp] = tf.grads(weighted)([x, p]);
    return [run({ x, p, w, i }), dx!, dp!];
  };
}

const cases = [
  ...Object.entries(smooth).map(([name, run]) => [name, run, true] as const),
  ...Object.entries(plain).map(([name, run]) => [name, run, false] as const),
];

it.each(cases)('%s', async (_name, run, gradient) => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 2, max: 17 }), async (n, m) => {
      const given = [
        values('x', [n, m], (value) => value),
        values('p', [n, m], (value) => 0.1 + Math.abs(value)),
        values('w', [m, n], (value) => value),
        { shape: [n, m], values: Int32Array.from({ length: n * m }, (_, at) => (at * 7) % 4) },
      ];
      const compute = asked(run, gradient);
      const inputs = given.map(({ shape }, at) => ({
        shape,
        dtype: at === 3 ? ('int32' as const) : ('float32' as const),
      }));
      const found = await compile(tracer, inputs, compute)(...given);
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
  // What builds tensors, scopes and gradients is no operation of a graph.
  const structure = ['customGrad', 'scalar', 'tensor', 'tensor1d', 'tensor2d', 'tidy', 'dispose', 'backend', 'engine'];
  const root = join(import.meta.dirname, '..');
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

  it('an input of another shape than it was traced for', async () => {
    const twice = compile(tracer, [{ dtype: 'float32', shape: [3] }], (x) => [tf.mul(x, 2)]);
    await expect(twice({ shape: [2], values: Float32Array.of(1, 2) })).rejects.toThrow('shape [2], traced was [3]');
  });

  it('a variable used outside', async () => {
    const engine = await openEngine(execution);
    const weight = engine.builder(1).variable('w', [2], { kind: 'given', values: Float32Array.of(3, 4) });
    expect([...weight.dataSync()]).toEqual([3, 4]);
    expect(() => tf.add(weight, 1)).toThrow('outside a traced function');
  });

  it('ever new shapes', async () => {
    const engine = await openEngine(execution);
    const infer = engine.infer((x) => tf.sum(x, 1));
    for (let rows = 1; rows <= 8; rows++) await infer({ shape: [rows, 1], values: new Float32Array(rows) });
    await expect(infer({ shape: [9, 1], values: new Float32Array(9) })).rejects.toThrow('more than 8 shapes');
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
    labels: null,
  });

  it('ends as it does eagerly', async () => {
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
