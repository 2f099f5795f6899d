/** Recomputation gives the same bits using less memory. What a batch norm made is recomputed always, but by the eager engine. */
import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { encoder as resnet18 } from '../../encoders/resnet-18.ts';
import type { HostBatch } from '../../host-batch.ts';
import { openEngine } from '../../engine/steps/open.ts';
import { method as vicreg } from '../../methods/vicreg.ts';
import { optimizer as lars } from '../../optim/optimizers/lars.ts';
import { Execution } from '../../protocol/run.ts';
import { keyed } from '../../random.ts';
import type { Learner } from '../../recipe.ts';
import { timedRun } from '../../jobs/step-timing.ts';
import { precisionsHere } from '../../testing/precision.ts';

const [, ...low] = await precisionsHere();

const batch = 12;
const data: HostBatch = {
  views: ['x', 'y'].map((name) => {
    const values = new Float32Array(batch * 16 * 16);
    keyed(1, name).fillNormal(values);
    return { shape: [batch, 16, 16, 1], values };
  }),
  index: new Int32Array(batch),
  targets: {},
};

async function opened(given: object) {
  const engine = await openEngine(v.parse(Execution, { threads: 2, ...given }));
  const builder = engine.builder(1);
  const options = v.parse(resnet18.options, { stem: 'small', width: 8 });
  const encoder = resnet18.build(builder.at('encoder'), options, { channels: 1 });
  const learner = vicreg.build([encoder, encoder], v.parse(vicreg.options, { expander: [16, 16] }), builder, {
    ...timedRun,
    batch,
  });
  /** Bytes kept by the forward pass, per step. */
  const kept: number[] = [];
  let before = 0;
  const watched: Learner = {
    ...learner,
    embed(views, at) {
      before = tf.memory().numBytes;
      return learner.embed(views, at);
    },
    loss(embeddings, targets, at) {
      kept.push(tf.memory().numBytes - before);
      return learner.loss(embeddings, targets, at);
    },
  };
  return { stepper: engine.stepper(watched, { recipe: lars, options: {} }, 1), kept };
}

async function trained(given: object) {
  const { stepper, kept } = await opened(given);
  const losses = [];
  for (let step = 0; step < 4; step++)
    losses.push((await stepper.run(data, { step, lr: 0.2 }, { metrics: false })).loss);
  return { losses, kept, state: stepper.state.map(({ name, read }) => [name, read()] as const) };
}

describe.each([
  { engine: 'eager' },
  { engine: 'traced' },
  { engine: 'traced', chunk: 6 },
  ...low.map((precision) => ({ engine: 'traced', precision })),
])('%j', (given) => {
  it('takes the same steps', async () => {
    const [kept, again] = [await trained(given), await trained({ ...given, recompute: true })];
    expect(again.losses).toEqual(kept.losses);
    expect(again.state).toEqual(kept.state);
  });
});

it('keeps less for the gradient', async () => {
  const [kept, again] = [await trained({ engine: 'eager' }), await trained({ engine: 'eager', recompute: true })];
  expect(again.kept[1]!).toBeLessThan(0.5 * kept.kept[1]!);
});

it('is not undone by TensorFlow’s graph simplification', async () => {
  const count = async (recompute: boolean, kind: RegExp) => {
    const { stepper } = await opened({ engine: 'traced', recompute });
    await stepper.run(data, { step: 0, lr: 0.2 }, { metrics: false });
    const timings = await stepper.profile!(data, { step: 1, lr: 0.2 });
    return timings.filter((timing) => kind.test(timing.kind)).length;
  };
  // Two views, eight blocks of two convolutions, and three shortcut convolutions.
  const [blocks, convolutions] = [8, 8 * 2 + 3];
  expect((await count(true, /Conv2D$/)) - (await count(false, /Conv2D$/))).toBe(2 * convolutions);
  // Without it, the first norm of each block all the same, and each convolution is followed by one, as are the stem's
  // and the first layer of the expander.
  expect(await count(false, /FusedBatchNorm(V3|Ex)$/)).toBe(2 * (convolutions + 2 + blocks));
});
