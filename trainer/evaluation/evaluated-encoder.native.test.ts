/** The layers read from an encoder, on both engines. */
import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { openEngine } from '../engine/steps/open.ts';
import { cornerAveragePool } from '../nn/ops/pool.ts';
import { Execution } from '../protocol/run.ts';
import type { Encoder } from '../recipe.ts';
import { encodeWith, openEvaluatedEncoder } from './evaluated-encoder.ts';

/** [n, side, side, channels], all values different. */
const stage = (n: number, side: number, channels: number): tf.Tensor4D =>
  tf.tidy(() =>
    tf
      .range(0, n * side * side * channels)
      .square()
      .reshape([n, side, side, channels]),
  );

/** By definition, in PyTorch's order: channel by channel, positions row by row. */
function slowCorners(values: Float32Array, n: number, side: number, channels: number): number[] {
  const result: number[] = [];
  for (let image = 0; image < n; image++)
    for (let channel = 0; channel < channels; channel++)
      for (const [top, left] of [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ] as const) {
        let sum = 0;
        for (let y = top; y < top + side - 1; y++)
          for (let x = left; x < left + side - 1; x++)
            sum += values[((image * side + y) * side + x) * channels + channel]!;
        result.push(sum / (side - 1) ** 2);
      }
  return result;
}

it.each(['eager', 'traced'] as const)(
  'gives 2 x 2 places of the last stage in the order of PyTorch, %s',
  async (engine) => {
    const opened = await openEngine(v.parse(Execution, { engine, threads: 1 }));
    const encoder = {
      outputs: 3,
      res4Outputs: 3,
      weights: [],
      state: [],
      forward: (res5) => ({ conv1: res5, res2: res5, res3: res5, res4: res5, res5, pooled: tf.mean(res5, [1, 2]) }),
    } satisfies Encoder;
    const images = stage(2, 7, 3);
    const values = await images.data<'float32'>();
    const shown = { shape: [2, 7, 7, 3], values };
    const { shape, values: found } = await encodeWith(opened, encoder, 'res5-2x2')(shown);
    expect(shape).toEqual([2, 12]);
    slowCorners(values, 2, 7, 3).forEach((expected, at) => expect(found[at]! / expected).toBeCloseTo(1, 5));
    expect((await encodeWith(opened, encoder)(shown)).shape).toEqual([2, 3]);
    const ofClass = encodeWith(opened, encoder, 'class-4')(shown);
    await expect(ofClass).rejects.toThrow('Class tokens belong to a vision transformer');
    images.dispose();
  },
);

it('refuses a stage without 2 x 2 places, and a layer of pixels', async () => {
  expect(() => cornerAveragePool(tf.ones([1, 1, 1, 3]))).toThrow('The last stage is 1 x 1');
  const engine = await openEngine(v.parse(Execution, { threads: 1 }));
  const subject = { subject: { kind: 'pixels' }, config: null, checkpointFolder: null } as const;
  await expect(openEvaluatedEncoder(engine, subject, 1, { layer: 'res5-2x2' })).rejects.toThrow('pixels have none');
});
