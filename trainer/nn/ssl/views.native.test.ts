/** Which images share the statistics of batch norm: those of a view, of views of one size, of a group. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { beforeAll, expect, it } from 'vitest';
import type { Engine, StateEntry } from '../../engine/engine.ts';
import { openEngine } from '../../engine/steps/open.ts';
import { createStepContext } from '../../engine/steps/step-context.ts';
import { Execution } from '../../protocol/run.ts';
import type { Builder, Learner } from '../../recipe.ts';
import { optimizer as sgd } from '../../optim/optimizers/sgd.ts';
import { batchNorm } from '../layers/batch-norm.ts';
import { formula } from '../testing/golden.ts';
import { embeddedViews, inNormGroups, inOrder, type NormGroups } from './views.ts';

const rows = 6;
/** Two large views and two small ones. */
const sides = [2, 2, 1, 1];
const images = sides.map((side, view) => formula(`view-${view}`, [rows, side, side, 3], 1));

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(v.parse(Execution, { engine: 'eager', threads: 2 }));
});

/** Batch norm in place of an encoder and of a projector; the embeddings are all that is learned from. */
function learnerOf(builder: Builder, groups: NormGroups): Learner {
  const [first, second] = [batchNorm(builder.at('encoder'), 3), batchNorm(builder.at('projector'), 3)];
  return {
    trainable: [first, second],
    embed: ({ views }, at) =>
      embeddedViews(
        views,
        { encode: (x, context) => tf.mean(first.apply(x, context), [1, 2]), project: second.apply },
        groups,
        at,
      ),
    loss: (embeddings) => ({ loss: tf.mean(tf.square(tf.concat([...inOrder(embeddings)]))), metrics: {} }),
  };
}

/** Embeddings of all views, one after another, and the running statistics after one step. */
async function after(groups: NormGroups) {
  const learner = learnerOf(engine.builder(1), groups);
  const found: number[] = [];
  const told: Learner = {
    ...learner,
    loss(embeddings, targets, at) {
      found.push(...inOrder(embeddings).flatMap((embedding) => [...embedding.dataSync()]));
      return learner.loss(embeddings, targets, at);
    },
  };
  const stepper = engine.stepper(told, { recipe: sgd, options: { rate: 0 } }, 1);
  const views = images.map((values, view) => ({ shape: [rows, sides[view]!, sides[view]!, 3], values }));
  await stepper.run({ views, index: new Int32Array(rows), targets: {} }, { step: 0, lr: 0 }, { metrics: false });
  const running = (name: string) => [
    ...stepper.state.find((entry: StateEntry) => entry.name === `${name}/running_mean`)!.read(),
  ];
  return { found, encoder: running('encoder'), projector: running('projector') };
}

const standardized = (x: Tensor, axes: readonly number[]): Tensor => {
  const centred = tf.sub(x, tf.mean(x, [...axes], true));
  return tf.div(centred, tf.sqrt(tf.add(tf.mean(tf.square(centred), [...axes], true), 1e-5)));
};
/** Rows of the views from `from` on, by plain operations; `together` as the option. */
function plainly(from: number, count: number, together: boolean): readonly Tensor[] {
  const views = images.map((values, view) => {
    const side = sides[view]!;
    return tf.slice(tf.tensor4d(values, [rows, side, side, 3]), from, count);
  });
  const encode = (x: Tensor) => tf.mean(standardized(x, [0, 1, 2]), [1, 2]);
  if (!together) return views.map((view) => standardized(encode(view), [0]));
  const [a, b, c, d] = views as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const features = tf.concat([encode(tf.concat([a, b])), encode(tf.concat([c, d]))]);
  return tf.split(standardized(features, [0]), 4);
}
const flat = (views: readonly Tensor[]): readonly number[] => views.flatMap((view) => [...view.dataSync()]);
function expectNear(found: readonly number[], wanted: readonly number[]): void {
  expect(found).toHaveLength(wanted.length);
  found.forEach((value, place) => expect(value).toBeCloseTo(wanted[place]!, 4));
}

it.each([false, true])('views share statistics or not: together %s', async (together) => {
  const { found } = await after({ together, normBatch: 0 });
  tf.tidy(() => expectNear(found, flat(plainly(0, rows, together))));
});

it('groups share statistics, the last of which may be smaller; running ones are the first’s', async () => {
  for (const together of [false, true]) {
    const { found, encoder, projector } = await after({ together, normBatch: 4 });
    tf.tidy(() => {
      const groups = [plainly(0, 4, together), plainly(4, 2, together)];
      expectNear(found, flat(sides.map((_, view) => tf.concat(groups.map((group) => group[view]!)))));
    });
    const alone = await afterFirst(together);
    expectNear(encoder, alone.encoder);
    expectNear(projector, alone.projector);
  }
});

/** What the first four rows alone leave. */
async function afterFirst(together: boolean) {
  const learner = learnerOf(engine.builder(1), { together, normBatch: 0 });
  const stepper = engine.stepper(learner, { recipe: sgd, options: { rate: 0 } }, 1);
  const views = images.map((values, view) => {
    const side = sides[view]!;
    return { shape: [4, side, side, 3], values: values.slice(0, 4 * side * side * 3) };
  });
  await stepper.run({ views, index: new Int32Array(4), targets: {} }, { step: 0, lr: 0 }, { metrics: false });
  const running = (name: string) => [
    ...stepper.state.find((entry: StateEntry) => entry.name === `${name}/running_mean`)!.read(),
  ];
  return { encoder: running('encoder'), projector: running('projector') };
}

it('groups as large as the batch are no groups', async () => {
  expect(await after({ together: true, normBatch: rows })).toEqual(await after({ together: true, normBatch: 0 }));
});

it('of several devices only the whole batch is a group', () => {
  const peers = { count: 2, gathered: (x: Tensor) => x };
  const at = { ...createStepContext(1, 0, true), peers };
  const given = [tf.zeros([rows, 3])];
  expect(inNormGroups(given, 2 * rows, at, (views) => views)).toBe(given);
  expect(() => inNormGroups(given, rows, at, (views) => views)).toThrow(/cannot normalise groups of 6 images/);
});
