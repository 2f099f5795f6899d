/**
 * Checks every operation the project uses, over small and odd shapes, against a definition that shares no code with
 * TensorFlow: tfjs's own JavaScript kernels where they exist, plain loops in float64 for convolutions, and the formula
 * in tfjs operations for those only in TensorFlow. Findings belong in `engine/binding/avoided-operations.ts`.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import fc from 'fast-check';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { typeAttribute } from '../engine/binding/attributes.ts';
import { isAvoided } from '../engine/binding/avoided-operations.ts';
import { createGraph, type Graph } from '../engine/graph/graph.ts';
import type { Node } from '../engine/graph/node.ts';
import { createKernelGradient } from '../engine/rewriters/kernel-gradient.ts';
import { instructionSet } from '../engine/binding/processor.ts';
import { openRuntime, type Runtime } from '../engine/binding/runtime.ts';
import { dtypes } from '../engine/binding/tensors.ts';
import { compile } from '../engine/steps/compile.ts';
import { createTracer } from '../engine/steps/trace.ts';
import { createWinograd } from '../engine/rewriters/winograd.ts';
import { conv2d } from '../nn/ops/conv.ts';
import { Execution } from '../protocol/run.ts';
import { convolutionAttributes, convolutionByDefinition, noise, placementOf } from './convolutions.ts';
import { relativeDistance } from './distance.ts';
import { asked, givenInputs, images, kernel, plain, smooth, type Case, type Inputs } from './operation-cases.ts';

/** Hundreds of shapes, each a graph of its own. */
const patienceMs = 600_000;

const execution = v.parse(Execution, { engine: 'traced', threads: 2 });

/** Zeros around height and width, then a convolution by tfjs's own loops. */
const convolved = (given: Inputs, size: number, stride: number, padding: number): Tensor => {
  const zeros: [number, number] = [padding, padding];
  const padded = tf.pad(images(given), [[0, 0], zeros, zeros, [0, 0]]);
  return tf.conv2d(padded, kernel(given, size) as tf.Tensor4D, stride, 'valid');
};

/** Eigenvalues of a symmetric matrix [n, n], by Jacobi's rotations. */
function eigenvalues(matrix: number[][]): number[] {
  const n = matrix.length;
  for (let sweep = 0; sweep < 60; sweep++)
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const off = matrix[p]![q]!;
        if (Math.abs(off) < 1e-300) continue;
        const theta = (matrix[q]![q]! - matrix[p]![p]!) / (2 * off);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (let k = 0; k < n; k++) {
          const [a, b] = [matrix[k]![p]!, matrix[k]![q]!];
          [matrix[k]![p], matrix[k]![q]] = [c * a - s * b, s * a + c * b];
        }
        for (let k = 0; k < n; k++) {
          const [a, b] = [matrix[p]![k]!, matrix[q]![k]!];
          [matrix[p]![k], matrix[q]![k]] = [c * a - s * b, s * a + c * b];
        }
      }
  return matrix.map((row, at) => row[at]!);
}

/** exp of the entropy of the normalised singular values (RankMe), with its small constant. */
function rankByDefinition(x: Tensor): Tensor {
  const [n, m] = x.shape as [number, number];
  const rows = x.arraySync() as number[][];
  const side = Math.min(n, m);
  const dot = (i: number, j: number): number =>
    n <= m
      ? rows[i]!.reduce((sum, value, at) => sum + value * rows[j]![at]!, 0)
      : rows.reduce((sum, row) => sum + row[i]! * row[j]!, 0);
  const gram = Array.from({ length: side }, (_, i) => Array.from({ length: side }, (__, j) => dot(i, j)));
  const singular = eigenvalues(gram).map((value) => Math.sqrt(Math.max(value, 0)));
  const total = singular.reduce((sum, value) => sum + value, 0);
  const shares = singular.map((value) => value / total + 1e-7);
  return tf.scalar(Math.exp(-shares.reduce((sum, share) => sum + share * Math.log(share), 0)));
}

/** Definitions, in operations that tfjs's JavaScript kernels support, of cases that call TensorFlow by name. */
const definitions: Readonly<Record<string, Case>> = {
  conv2d: (given) => convolved(given, 3, 2, 1),
  'conv2d of single pixels': (given) => convolved(given, 1, 2, 0),
  'conv2d with equal zeros': (given) => convolved(given, 3, 1, 1),
  crossEntropy: ({ x, i }) => {
    const labels = tf.cast(tf.cast(i.slice([0, 0], [-1, 1]).flatten(), 'bool'), 'int32');
    return tf.neg(tf.mean(tf.sum(tf.mul(tf.oneHot(labels, x.shape[1]!), tf.logSoftmax(x)), 1)));
  },
  effectiveRank: ({ x }) => rankByDefinition(x),
  maxPool: (given) => {
    const zeros: [number, number] = [1, 1];
    return tf.maxPool(tf.pad(tf.relu(images(given)), [[0, 0], zeros, zeros, [0, 0]]), 3, 2, 'valid');
  },
  relu: ({ x }) => tf.relu(x),
  replacedRows: ({ x, i }) =>
    tf.concat([tf.cast(tf.slice(i, [0, 0], [2, -1]), 'float32'), tf.slice(x, [2, 0], [-1, -1])], 0),
  rowsOf: ({ x }) => tf.gather(x, tf.tensor1d([1, 0], 'int32')),
};

/** Result of a computation on a tfjs backend. */
function on(backend: 'cpu' | 'tensorflow', given: ReturnType<typeof givenInputs>, compute: ReturnType<typeof asked>) {
  const before = tf.getBackend();
  void tf.setBackend(backend);
  try {
    return tf.tidy(() =>
      compute(...given.values.map(({ shape, values }) => tf.tensor(values, [...shape]))).map((tensor) => ({
        shape: tensor.shape,
        values: tensor.dataSync(),
      })),
    );
  } finally {
    void tf.setBackend(before);
  }
}

type Results = ReturnType<typeof on>;

function expectClose(found: Results, wanted: Results, tolerance: number): void {
  expect(found.map(({ shape }) => shape)).toEqual(wanted.map(({ shape }) => shape));
  found.forEach(({ values }, at) => {
    const largest = Math.max(1, ...Array.from(wanted[at]!.values, Math.abs));
    values.forEach((value, place) => {
      expect(Math.abs(value - wanted[at]!.values[place]!)).toBeLessThanOrEqual(tolerance * largest);
    });
  });
}

const sides = [fc.integer({ min: 2, max: 9 }), fc.integer({ min: 2, max: 19 })] as const;

function sweepTable(runtime: () => Runtime): void {
  const cases = [
    ...Object.entries(smooth).map(([name, run]) => [name, run, true] as const),
    ...Object.entries(plain).map(([name, run]) => [name, run, false] as const),
  ];
  it.each(cases)('%s', async (name, run, gradient) => {
    const definition = definitions[name] ?? run;
    const tracer = createTracer(runtime(), execution);
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(...sides, async (n, m) => {
        if (seen.size > 12 || seen.has(`${n} ${m}`)) return;
        seen.add(`${n} ${m}`);
        const given = givenInputs(n, m);
        const wanted = on('cpu', given, asked(definition, gradient));
        expectClose(on('tensorflow', given, asked(run, gradient)), wanted, 2e-5);
        const traced = await compile(tracer, given.specs, asked(run, gradient))(...given.values);
        expectClose(traced as Results, wanted, 2e-5);
      }),
      { numRuns: 25 },
    );
  });
}

interface ConvolutionCase {
  readonly n: number;
  readonly height: number;
  readonly width: number;
  readonly from: number;
  readonly to: number;
  readonly window: number;
  readonly stride: number;
  readonly padding: 'SAME' | 'VALID';
}

const convolutionCase: fc.Arbitrary<ConvolutionCase> = fc
  .record({
    n: fc.integer({ min: 1, max: 4 }),
    height: fc.integer({ min: 1, max: 11 }),
    width: fc.integer({ min: 1, max: 11 }),
    from: fc.integer({ min: 1, max: 20 }),
    to: fc.integer({ min: 1, max: 20 }),
    window: fc.constantFrom(1, 2, 3, 5, 7),
    stride: fc.constantFrom(1, 2, 3),
    padding: fc.constantFrom('SAME' as const, 'VALID' as const),
  })
  .filter(({ height, width, window, padding }) => padding === 'SAME' || Math.min(height, width) >= window);

/** The definition's results, and inputs of a graph that computes the same. */
function convolution(graph: Graph, one: ConvolutionCase, dtype: number) {
  const { n, height, width, from, to, window } = one;
  const placement = placementOf([height, width], one);
  const images = [n, height, width, from] as const;
  const output = [n, placement.extent[0], placement.extent[1], to] as const;
  const kernelShape = [window, window, from, to] as const;
  const values = { images: noise('images', images), kernel: noise('kernel', kernelShape), dy: noise('dy', output) };
  const placed = [images, kernelShape, output].map((shape) => graph.placeholder(dtypes.float, shape));
  const cast = (node: Node, to_: number): Node =>
    node.dtype === to_
      ? node
      : graph.add('Cast', [node], 1, {
          attributes: [typeAttribute('SrcT', node.dtype), typeAttribute('DstT', to_)],
        }).outputs[0]!;
  const [x, w, d] = placed.map((node) => cast(node, dtype)) as [Node, Node, Node];
  return {
    images,
    kernelShape,
    x,
    w,
    d,
    wanted: convolutionByDefinition({ images, output }, placement, values),
    placement,
    async results(nodes: readonly Node[]): Promise<readonly Float32Array[]> {
      const feeds = placed.map((node, at) => graph.feed(node, [values.images, values.kernel, values.dy][at]!));
      const tensors = await graph.run({ feeds, fetches: nodes.map((node) => cast(node, dtypes.float)), targets: [] });
      return tensors.map((tensor) => graph.take(tensor, dtypes.float) as Float32Array);
    },
  };
}

function sweepConvolutions(runtime: () => Runtime): void {
  const sizes = (graph: Graph, shape: readonly number[]): Node =>
    graph.constant(dtypes.int32, [shape.length], Int32Array.from(shape));

  // A processor without bfloat16 units has no kernels for it; runs that ask for it there are rejected.
  const hasBfloat16 = /BF16|FP16|AMX/.test(instructionSet());
  it.each([
    ['float32', dtypes.float, 1e-5] as const,
    ...(hasBfloat16 ? [['bfloat16', dtypes.bfloat16, 2e-2] as const] : []),
  ])(
    'TensorFlow’s convolutions and their gradients in %s',
    async (_name, dtype, tolerance) => {
      const graph = createGraph(runtime().tensorflow, runtime().session);
      await fc.assert(
        fc.asyncProperty(convolutionCase, async (one) => {
          const { images, kernelShape, x, w, d, wanted, results } = convolution(graph, one, dtype);
          const attributes = convolutionAttributes(dtype, one);
          const operations = [
            { kind: 'Conv2D', inputs: [x, w], wanted: wanted.y },
            { kind: 'Conv2DBackpropInput', inputs: [sizes(graph, images), w, d], wanted: wanted.dImages },
            { kind: 'Conv2DBackpropFilter', inputs: [x, sizes(graph, kernelShape), d], wanted: wanted.dKernel },
          ].filter(({ kind, inputs }) => {
            const integers = (input: number) => graph.integersOf(inputs[input]!);
            return !isAvoided(kind, () => ({ shapes: inputs.map(({ shape }) => shape), integers, attributes }));
          });
          const nodes = operations.map(({ kind, inputs }) => graph.add(kind, inputs, 1, { attributes }).outputs[0]!);
          for (const [at, found] of (await results(nodes)).entries()) {
            const { kind, wanted: expected } = operations[at]!;
            const off = Math.max(...found.map((value, place) => Math.abs(value - expected[place]!)));
            expect(off / Math.max(...expected.map(Math.abs), 1), kind).toBeLessThan(tolerance);
          }
        }),
        { numRuns: 400 },
      );
    },
    patienceMs,
  );

  it(
    'what takes their place: Winograd’s and the products of a kernel’s gradient',
    async () => {
      const graph = createGraph(runtime().tensorflow, runtime().session);
      const winograd = createWinograd(graph, runtime().facts.instructionSet);
      const products = createKernelGradient(graph);
      await fc.assert(
        fc.asyncProperty(convolutionCase, async (one) => {
          const { x, w, d, wanted, placement, results } = convolution(graph, one, dtypes.float);
          const { margins } = placement;
          const nodes = [products.gradient(x, d, { window: one.window, stride: one.stride, margins })];
          const expected = [wanted.dKernel];
          if (one.window === 3 && one.stride === 1 && one.padding === 'SAME') {
            nodes.push(winograd.convolution(x, w), winograd.kernelGradient(x, d));
            expected.push(wanted.y, wanted.dKernel);
          }
          for (const [at, found] of (await results(nodes)).entries()) {
            if (expected[at]!.some((value) => value !== 0))
              expect(relativeDistance(found, expected[at]!), `${at}`).toBeLessThan(2e-5);
          }
        }),
        { numRuns: 80 },
      );
    },
    patienceMs,
  );

  it(
    'the convolution that networks use, with PyTorch’s padding',
    async () => {
      const tracer = createTracer(runtime(), execution);
      const padded = fc.record({ zeros: fc.constantFrom(0, 1, 2, 3), one: convolutionCase });
      await fc.assert(
        fc.asyncProperty(padded, async ({ zeros, one: { n, height, width, from, to, window, stride } }) => {
          const [rows, columns] = [height, width].map((size) => Math.floor((size + 2 * zeros - window) / stride) + 1);
          if (zeros * 2 > window || rows! < 1 || columns! < 1) return;
          const shapes = {
            images: [n, height, width, from] as const,
            output: [n, rows!, columns!, to] as const,
            kernel: [window, window, from, to] as const,
          };
          const values = {
            images: noise('images', shapes.images),
            kernel: noise('kernel', shapes.kernel),
            dy: noise('dy', shapes.output),
          };
          const placement = { window, stride, before: [zeros, zeros] as const };
          const wanted = convolutionByDefinition(shapes, placement, values);
          const order = ['images', 'kernel', 'output'] as const;
          const specs = order.map((name) => ({ dtype: 'float32' as const, shape: shapes[name] }));
          const compute = (x: Tensor, w: Tensor, dy: Tensor) => {
            const weighted = (a: Tensor, b: Tensor) =>
              tf.sum<tf.Scalar>(tf.mul(conv2d(a, b, { stride, padding: zeros }), dy));
            return [conv2d(x, w, { stride, padding: zeros }), ...tf.grads(weighted)([x, w])];
          };
          const given = [values.images, values.kernel, values.dy].map((one, at) => ({
            shape: specs[at]!.shape,
            values: one,
          }));
          const found = await compile(tracer, specs, (x, w, dy) => compute(x, w, dy))(...given);
          for (const [at, expected] of [wanted.y, wanted.dImages, wanted.dKernel].entries()) {
            const own = found[at]!.values;
            const off = Math.max(...own.map((value, place) => Math.abs(value - expected[place]!)));
            expect(off / Math.max(1, ...expected.map(Math.abs)), order[at]).toBeLessThan(1e-5);
          }
        }),
        { numRuns: 120 },
      );
    },
    patienceMs,
  );
}

/** Runs the whole sweep, with the instructions oneDNN may use in this process. */
export function sweepOperations(): void {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openRuntime(execution);
  });
  describe('operations against their definitions', () => sweepTable(() => runtime));
  describe('convolutions against their definitions', () => sweepConvolutions(() => runtime));
}
