/** A kernel's gradient by matrix products against its definition, and when it replaces TensorFlow's operation. */
import fc from 'fast-check';
import * as v from 'valibot';
import { beforeAll, expect, it } from 'vitest';
import { Execution } from '../../protocol/run.ts';
import { convolutionAttributes, convolutionByDefinition, noise, placementOf } from '../../testing/convolutions.ts';
import { relativeDistance } from '../../testing/distance.ts';
import { createGraph, type Graph } from '../graph/graph.ts';
import type { Node } from '../graph/node.ts';
import { createKernelGradient, type KernelGradient } from './kernel-gradient.ts';
import { openRuntime } from '../binding/runtime.ts';
import { dtypes } from '../binding/tensors.ts';

let graph: Graph;
let products: KernelGradient;
beforeAll(async () => {
  const runtime = await openRuntime(v.parse(Execution, { engine: 'traced', threads: 2 }));
  graph = createGraph(runtime.tensorflow, runtime.session);
  products = createKernelGradient(graph);
});

const sizes = (shape: readonly number[]): Node => graph.constant(dtypes.int32, [shape.length], Int32Array.from(shape));

it('equals the gradient for any window, stride, images and padding', async () => {
  const few = fc.integer({ min: 1, max: 3 });
  const side = fc.integer({ min: 1, max: 9 });
  const channels = fc.integer({ min: 1, max: 5 });
  await fc.assert(
    fc.asyncProperty(
      ...[few, side, side, channels, channels, few, few, fc.boolean()],
      async (
        n: number,
        height: number,
        width: number,
        from: number,
        to: number,
        window: number,
        stride: number,
        same: boolean,
      ) => {
        if (!same && Math.min(height, width) < window) return;
        const padding = same ? 'SAME' : 'VALID';
        const placement = placementOf([height, width], { window, stride, padding });
        const [rows, columns] = placement.extent;
        const shapes = { images: [n, height, width, from], output: [n, rows, columns, to] } as const;
        const images = graph.placeholder(dtypes.float, shapes.images);
        const dy = graph.placeholder(dtypes.float, shapes.output);
        const own = products.gradient(images, dy, { window, stride, margins: placement.margins });
        const kernel = [window, window, from, to];
        const values = {
          images: noise('images', shapes.images),
          kernel: noise('kernel', kernel),
          dy: noise('dy', shapes.output),
        };
        const feeds = [graph.feed(images, values.images), graph.feed(dy, values.dy)];
        const [result] = await graph.run({ feeds, fetches: [own], targets: [] });
        const found = graph.take(result!, dtypes.float) as Float32Array;
        expect(own.shape).toEqual(kernel);
        expect(relativeDistance(found, convolutionByDefinition(shapes, placement, values).dKernel)).toBeLessThan(1e-5);
      },
    ),
    { numRuns: 60 },
  );
});

it('replaces an operation with many channels of a narrow type', () => {
  const chosen = (
    channels: number,
    window: number,
    { dtype = dtypes.bfloat16, dilation = 1 }: { dtype?: number; dilation?: number } = {},
  ) => {
    const images = graph.placeholder(dtype, [2, 8, 8, channels]);
    const dy = graph.placeholder(dtype, [2, 4, 4, 256]);
    const inputs = [images, sizes([window, window, channels, 256]), dy];
    return (
      products.inPlaceOf('Conv2DBackpropFilter', inputs, convolutionAttributes(dtype, { stride: 2, dilation }))
        ?.shape ?? null
    );
  };
  expect(chosen(256, 3)).toEqual([3, 3, 256, 256]);
  expect(chosen(256, 1)).toBeNull();
  expect(chosen(128, 3)).toBeNull();
  expect(chosen(256, 3, { dtype: dtypes.float })).toBeNull();
  expect(chosen(256, 3, { dilation: 2 })).toBeNull();
});
