/** Which epoch of a head is kept as the best, on an engine whose weights and scores the test sets. */
import { expect, test } from 'vitest';
import type { Engine, StateEntry } from '../engine/engine.ts';
import type { HeadRecipe, HeadTraining } from '../recipe.ts';
import { evaluator as linear } from '../evaluators/linear.ts';
import { openHead, type HeadRequest } from './head.ts';

type Weights = ReturnType<StateEntry['read']>;

/** A head of one weight, which is also its score of the only image. */
function headOf(metrics: HeadRequest['metrics'], figures: HeadRecipe<unknown>['figures']) {
  let weight: Weights = Float32Array.of(0, 0);
  const entry = {
    name: 'w',
    shape: [2],
    dtype: 'float32',
    read: () => weight,
    write: (next: Weights) => void (weight = next),
  } as StateEntry;
  const engine: Pick<Engine, 'stepper' | 'entries' | 'infer'> = {
    stepper: () => ({ run: () => Promise.reject(new Error('not stepped')), state: [] }) as never,
    entries: () => [entry],
    infer: () => () => Promise.resolve({ shape: [1, 2], values: weight as Float32Array }),
  };
  const training: Pick<HeadTraining, 'learner' | 'batch' | 'epochs' | 'optimizer' | 'schedule'> = {
    learner: { trainable: [] } as never,
    batch: 2,
    epochs: 3,
    optimizer: { id: 'sgd', options: {} },
    schedule: { id: 'constant', options: {} },
  };
  const head = openHead(engine as Engine, {
    metrics,
    figures,
    training: training as HeadTraining,
    source: { next: () => Promise.reject(new Error('not read')), close: () => Promise.resolve() },
    stepsPerEpoch: 2,
    test: {
      labels: Int32Array.of(0),
      classes: 2,
      async *parts() {
        yield await Promise.resolve({ shape: [1, 1], values: Float32Array.of(0) });
      },
    },
    seed: 1,
    examining: () => () => Promise.resolve(),
  });
  const look = async (done: number, ...values: readonly number[]) => {
    weight = Float32Array.from(values);
    return head.course.look!.run(done);
  };
  return { head, look };
}

test('the best epoch is the first with the highest top-1, under the names that events and checkpoints have', async () => {
  const { head, look } = headOf(linear.metrics, linear.head!.figures);
  expect(await look(2, 0, 1)).toEqual({ points: { 'test/top1': 0 }, best: false });
  expect(await look(4, 1, 0)).toEqual({ points: { 'test/top1': 100 }, best: false });
  await look(6, 3, 0);
  expect([...head.course.counters]).toEqual([
    ['bestTop1', 100],
    ['bestHeadStep', 4],
  ]);
  const { last, best, lastEpoch, bestEpoch } = await head.scores();
  expect([[...last], [...best], lastEpoch, bestEpoch]).toEqual([[3, 0], [1, 0], 3, 2]);
});

test('the best epoch is by the first metric that is declared, whatever it is called', async () => {
  const { head, look } = headOf(
    [
      { name: 'ap', unit: 'percent' },
      { name: 'top1', unit: 'share' },
    ],
    ([first = 0, second = 0]) => [
      { metric: 'top1', value: first },
      { metric: 'ap', value: second },
    ],
  );
  await look(2, 1, 9);
  await look(4, 9, 1);
  expect((await head.scores()).bestEpoch).toBe(1);
});
