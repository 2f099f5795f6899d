/** Winograd's convolutions against TensorFlow's own, and when they replace them. */
import fc from 'fast-check';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { Execution } from '../../protocol/run.ts';
import { convolutionAttributes, noise, type Window } from '../../testing/convolutions.ts';
import { relativeDistance } from '../../testing/distance.ts';
import { typeAttribute } from '../binding/attributes.ts';
import { createGraph, type Graph } from '../graph/graph.ts';
import type { Node } from '../graph/node.ts';
import { openRuntime } from '../binding/runtime.ts';
import { dtypes, elementsOf } from '../binding/tensors.ts';
import { createWinograd, type Winograd } from './winograd.ts';

let graph: Graph;
let winograd: Winograd;
/** Changes few images at a time: up to four parts in what follows. */
let sparing: Winograd;
beforeAll(async () => {
  const runtime = await openRuntime(v.parse(Execution, { engine: 'traced', threads: 2 }));
  graph = createGraph(runtime.tensorflow, runtime.session);
  winograd = createWinograd(graph, runtime.facts.instructionSet);
  sparing = createWinograd(graph, runtime.facts.instructionSet, 8 * 2 ** 10);
});

const added = (kind: string, inputs: readonly Node[], given: ReturnType<typeof convolutionAttributes>): Node =>
  graph.add(kind, inputs, 1, { attributes: given }).outputs[0]!;
const sizes = (shape: readonly number[]): Node => graph.constant(dtypes.int32, [shape.length], Int32Array.from(shape));
const floats = (shape: readonly number[], dtype: number = dtypes.float): Node => graph.placeholder(dtype, shape);
const cast = (node: Node, to: number): Node =>
  added('Cast', [node], [typeAttribute('SrcT', node.dtype), typeAttribute('DstT', to)]);

async function run(inputs: readonly Node[], values: readonly Float32Array[], wanted: readonly Node[]) {
  const feeds = inputs.map((node, place) => graph.feed(node, values[place]!));
  const results = await graph.run({ feeds, fetches: wanted, targets: [] });
  return results.map((result) => graph.take(result, dtypes.float) as Float32Array);
}

/** Distance of our results from TensorFlow's in float64. */
async function compared(n: number, height: number, width: number, inputs: number, outputs: number) {
  const shapes = [
    [n, height, width, inputs],
    [3, 3, inputs, outputs],
    [n, height, width, outputs],
  ] as const;
  const nodes = shapes.map((shape) => floats(shape));
  const [images, kernel, dy] = nodes as [Node, Node, Node];
  const [x, w, d] = nodes.map((node) => cast(node, dtypes.double)) as [Node, Node, Node];
  const inDouble = [
    added('Conv2D', [x, w], convolutionAttributes(dtypes.double)),
    added('Conv2DBackpropFilter', [x, sizes(shapes[1]), d], convolutionAttributes(dtypes.double)),
  ].map((node) => cast(node, dtypes.float));
  const own = [winograd, sparing].flatMap((way) => [way.convolution(images, kernel), way.kernelGradient(images, dy)]);
  const values = ['images', 'kernel', 'dy'].map((name, place) => noise(name, shapes[place]!));
  const found = await run(nodes, values, [...own, ...inDouble]);
  return own.map(({ shape }, place) => ({
    shape,
    own: relativeDistance(found[place]!, found[own.length + (place % 2)]!),
  }));
}

const side = fc.integer({ min: 1, max: 13 });
const channels = fc.integer({ min: 1, max: 9 });

it('computes the convolution and its kernel gradient for any shape', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), side, side, channels, channels, async (n, h, w, c, k) => {
      const found = await compared(n, h, w, c, k);
      const shapes = [
        [n, h, w, k],
        [3, 3, c, k],
      ];
      expect(found.map(({ shape }) => shape)).toEqual([...shapes, ...shapes]);
      for (const { own } of found) expect(own).toBeLessThan(5e-6);
    }),
    { numRuns: 25 },
  );
});

/**
 * Has its own bound, because the rounding of a direct sum depends on the vector width: 0.8e-7 with AVX-512, 4e-7 with
 * AVX2.
 */
it.each([
  [4, 256],
  [8, 128],
  [14, 128],
])('rounds in the last digits only: %s px, %s channels', async (size, width) => {
  for (const { own } of await compared(4, size, size, width, width)) expect(own).toBeLessThan(2e-6);
});

it('gives the same bits every time', async () => {
  const [images, dy] = [floats([8, 8, 8, 128]), floats([8, 8, 8, 128])];
  const kernel = floats([3, 3, 128, 128]);
  const inputs = [images, kernel, dy];
  const values = inputs.map(({ shape }, place) => noise(`bits ${place}`, shape));
  const wanted = () => [winograd.convolution(images, kernel), winograd.kernelGradient(images, dy)];
  const first = wanted();
  const expected = await run(inputs, values, first);
  // Run again, and added to the graph again.
  for (const outputs of [first, first, wanted()]) expect(await run(inputs, values, outputs)).toEqual(expected);
});

it('runs for one batch without another that the same kernel is traced for', async () => {
  const kernel = floats([3, 3, 128, 128]);
  const batches = [floats([2, 4, 4, 128]), floats([1, 4, 4, 128])];
  const [, second] = batches.map((images) => winograd.convolution(images, kernel));
  const inputs = [batches[1]!, kernel];
  const [found] = await run(
    inputs,
    inputs.map(({ shape }) => noise('one', shape)),
    [second!],
  );
  expect(found).toHaveLength(elementsOf([1, 4, 4, 128]));
});

describe('replaces an operation', () => {
  const [wide, kernel] = [
    [64, 8, 8, 256],
    [3, 3, 256, 256],
  ] as const;
  const chosen = (
    images: readonly number[],
    window: readonly number[],
    given: Window = {},
    dtype: number = dtypes.float,
  ) =>
    winograd.inPlaceOf('Conv2D', [floats(images, dtype), floats(window, dtype)], convolutionAttributes(dtype, given));

  it('where products are large compared with the changes of basis', () => {
    expect(chosen(wide, kernel)?.shape).toEqual([64, 8, 8, 256]);
    const dy = floats([64, 8, 8, 256]);
    const gradient = (shape: Node) =>
      winograd.inPlaceOf('Conv2DBackpropFilter', [floats(wide), shape, dy], convolutionAttributes(dtypes.float));
    expect(gradient(sizes(kernel))?.shape).toEqual(kernel);
    expect(gradient(sizes([1, 1, 256, 256]))).toBeNull();
    // A shape that is only known when the graph runs.
    expect(gradient(graph.placeholder(dtypes.int32, [4]))).toBeNull();
  });

  it('and nowhere else', () => {
    expect(chosen([64, 8, 8, 64], [3, 3, 64, 256])).toBeNull();
    expect(chosen(wide, [3, 3, 256, 64])).toBeNull();
    expect(chosen(wide, [1, 1, 256, 256])).toBeNull();
    expect(chosen(wide, [5, 5, 256, 256])).toBeNull();
    // Most of a tile would lie outside.
    expect(chosen([64, 2, 2, 256], kernel)).toBeNull();
    expect(chosen([64, 5, 5, 256], kernel)).toBeNull();
    // The change of basis of the kernel counts where images are few, that of the images where they are large.
    expect(chosen([1, 8, 8, 256], kernel)).toBeNull();
    expect(chosen([64, 80, 80, 256], kernel)).toBeNull();
    expect(chosen(wide, kernel, { stride: 2 })).toBeNull();
    expect(chosen(wide, kernel, { dilation: 2 })).toBeNull();
    expect(chosen(wide, kernel, { padding: 'VALID' })).toBeNull();
    expect(chosen(wide, kernel, {}, dtypes.bfloat16)).toBeNull();
    expect(winograd.inPlaceOf('MatMul', [floats([2, 2]), floats([2, 2])], [])).toBeNull();
  });
});
