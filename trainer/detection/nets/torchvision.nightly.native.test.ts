/** ROIAlign with its gradient, and suppression, beside torchvision's on random cases. */
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openEngine } from '../../engine/steps/open.ts';
import { formula } from '../../nn/testing/golden.ts';
import { Execution } from '../../protocol/run.ts';
import { openPeer, type Peer } from '../../testing/peer.ts';
import { roiAlign } from './roi-align.ts';
import { suppressed } from './suppression.ts';

let peer: Peer;
beforeAll(async () => {
  peer = openPeer('detection-parity.py');
  await openEngine(v.parse(Execution, { engine: 'eager', threads: 2 }));
});
afterAll(() => peer.close());

/** Broken numbers: on an edge where a definition jumps, rounding would decide. */
const within = (most: number) => fc.integer({ min: 0, max: 997 * most }).map((value) => value / 997 + 0.00713);
const box = (high: number, wide: number) =>
  fc
    .tuple(within(wide), within(high), within(wide), within(high))
    // Some reach beyond the map on every side, some have no extent.
    .map(([a, b, c, d]) => [a - wide / 4, b - high / 4, Math.max(a, c) - wide / 4, Math.max(b, d) - high / 4]);

it("ROIAlign and its gradient are torchvision's", async () => {
  const drawn = fc
    .record({
      rows: fc.integer({ min: 1, max: 9 }),
      columns: fc.integer({ min: 1, max: 9 }),
      channels: fc.integer({ min: 1, max: 3 }),
      stride: fc.constantFrom(1, 4, 16),
      bins: fc.integer({ min: 1, max: 7 }),
      samples: fc.integer({ min: 0, max: 3 }),
    })
    .chain((given) => {
      const one = box(given.rows * given.stride, given.columns * given.stride);
      const boxes = fc
        .integer({ min: 1, max: 5 })
        .chain((k) => fc.array(fc.array(one, { minLength: k, maxLength: k }), { minLength: 2, maxLength: 2 }));
      return boxes.map((all) => ({ ...given, boxes: all }));
    });
  let far = 0;
  await fc.assert(
    fc.asyncProperty(drawn, async ({ rows, columns, channels, stride, bins, samples, boxes }) => {
      const k = boxes[0]!.length;
      const shape = [2, rows, columns, channels];
      const pooling = { bins, samples, scale: 1 / stride };
      const features = formula('features', shape, 1);
      const dy = formula('dy', [2, k, bins, bins, channels], 1);
      const question = { kind: 'pool', shape, features: [...features], boxes, dy: [...dy], ...pooling };
      const wanted = await peer.ask<Readonly<Record<'y' | 'dx', readonly number[]>>>(JSON.stringify(question));
      tf.tidy(() => {
        const where = tf.tensor(boxes.flat(2), [2, k, 4]);
        const pool = (x: tf.Tensor): tf.Tensor => roiAlign(x, where, tf.ones([2, k]), pooling);
        const direction = tf.tensor(dy, [2, k, bins, bins, channels]);
        const dx = tf.grad((x) => tf.sum(tf.mul(pool(x), direction)))(tf.tensor(features, shape));
        for (const [own, theirs] of [
          [pool(tf.tensor(features, shape)), wanted.y],
          [dx, wanted.dx],
        ] as const) {
          const largest = Math.max(1, ...theirs.map(Math.abs));
          const off = Math.max(...Array.from(own.dataSync(), (value, at) => Math.abs(value - theirs[at]!))) / largest;
          far = Math.max(far, off);
          expect(off).toBeLessThan(5e-5);
        }
      });
    }),
    { numRuns: 300 },
  );
  console.log(`ROIAlign: off by ${far.toExponential(1)} at most`);
});

it("suppression is torchvision's", async () => {
  const drawn = fc.record({
    // Few different scores: of equal ones the earlier comes first.
    found: fc.array(fc.tuple(box(20, 20), fc.integer({ min: 0, max: 12 })), { minLength: 1, maxLength: 40 }),
    threshold: fc.constantFrom(0.25, 0.5, 0.75),
  });
  await fc.assert(
    fc.asyncProperty(drawn, async ({ found, threshold }) => {
      const [boxes, scores] = [found.map(([one]) => one), found.map(([, score]) => score / 16)];
      const wanted = await peer.ask<readonly number[]>(JSON.stringify({ kind: 'suppress', boxes, scores, threshold }));
      tf.tidy(() => {
        const { index, used } = suppressed(tf.tensor2d(boxes), tf.tensor1d(scores), threshold, boxes.length);
        const kept = tf.sum(used).dataSync()[0]!;
        expect([...index.dataSync()].slice(0, kept)).toEqual(wanted);
      });
    }),
    { numRuns: 300 },
  );
});
