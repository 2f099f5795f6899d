import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TrainerEvent } from '../../../trainer/protocol/events.ts';
import {
  allRows,
  attemptOf,
  checkpoint,
  hello,
  insertPretrain,
  metrics,
  openQueries,
  result,
  stopped,
} from './testing/store-fixture.ts';

/** A run that crashed, was resumed, paused, resumed and ended: every kind of event but the beats. */
const story: readonly TrainerEvent[] = [
  ...attemptOf('run-1', 1, [
    hello(0),
    { type: 'phase', phase: 'loading', quietForMs: 120_000 },
    metrics('loss', [
      [10, 25],
      [20, 24],
    ]),
    checkpoint(20),
    metrics('loss', [
      [30, 23],
      [40, null],
    ]),
  ]),
  ...attemptOf('run-1', 2, [
    hello(20),
    { type: 'phase', phase: 'paused', quietForMs: 1000 },
    { type: 'phase', phase: 'training', quietForMs: 1000 },
    metrics('loss', [[30, 22]]),
    { type: 'log', level: 'attention', code: 'slow-data', text: 'Waiting.', values: {} },
    { type: 'result', outcome: { kind: 'results', results: [result, { ...result, metric: 'top5', value: null }] } },
    checkpoint(40),
    stopped('done', 40),
  ]),
];

function tablesAfter(batches: readonly (readonly TrainerEvent[])[]) {
  const { database, queries } = openQueries();
  insertPretrain(queries, 'run-1');
  for (const batch of batches) queries.apply(batch);
  const tables = allRows(database);
  database.close();
  return tables;
}

const expected = tablesAfter([story]);

test('the story itself: status, kept and discarded points, results, checkpoints', () => {
  expect(expected['runs']).toMatchObject([{ status: 'done', fault: null }]);
  expect(expected['attempts']).toMatchObject([
    { attempt: 1, from_step: 0, last_step: 40, ended: null, pid: 4242 },
    { attempt: 2, from_step: 20, last_step: 40, ended: 'done', pid: null, phase: 'training' },
  ]);
  expect(expected['metrics']).toHaveLength(5);
  expect(expected['results']).toMatchObject([
    { metric: 'top1', value: 86.5 },
    { metric: 'top5', value: null },
  ]);
  expect(expected['checkpoints']).toHaveLength(2);
  expect(expected['logs']).toHaveLength(1);
});

test('property: any cutting, any repetition of any prefix gives the same tables', () => {
  const prefix = fc.integer({ min: 0, max: story.length });
  fc.assert(
    fc.property(fc.array(fc.tuple(prefix, fc.integer({ min: 1, max: 5 })), { maxLength: 6 }), (repeats) => {
      const batches: (readonly TrainerEvent[])[] = [];
      for (const [end, size] of [...repeats, [story.length, 3] as const])
        for (let at = 0; at < end; at += size) batches.push(story.slice(at, Math.min(end, at + size)));
      expect(tablesAfter(batches)).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});

test('property: events that arrive late or in any order end in the same tables', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...story], { minLength: story.length }), (shuffled) => {
      const tables = tablesAfter([shuffled, story]);
      expect(tables).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});

test('a lost attempt whose own end arrives later takes that end', () => {
  const { queries } = openQueries();
  insertPretrain(queries, 'run-1');
  const events = attemptOf('run-1', 1, [hello(0), checkpoint(20), stopped('done', 20)]);
  queries.apply(events.slice(0, 2));
  queries.endAttempt('run-1', 1, 'lost', null, 200_000);
  queries.setStatus('run-1', 'interrupted', null);
  queries.apply(events);
  expect(queries.run('run-1')).toMatchObject({ status: 'done', step: 20 });
  expect(queries.attempts('run-1')).toMatchObject([{ ended: 'done' }]);
});

test('events of an older attempt do not change a run that continues', () => {
  const { queries } = openQueries();
  insertPretrain(queries, 'run-1');
  const first = attemptOf('run-1', 1, [hello(0), stopped('failed', 10)]);
  queries.apply([...first.slice(0, 1), ...attemptOf('run-1', 2, [hello(0)]), ...first]);
  expect(queries.run('run-1')).toMatchObject({ status: 'running', fault: null, attempts: 2 });
});

test('a beat moves the step and the time last seen, and is in no other table', () => {
  const { database, queries } = openQueries();
  insertPretrain(queries, 'run-1');
  queries.apply(attemptOf('run-1', 1, [hello(0), metrics('loss', [[10, 1]])]));
  const before = allRows(database, ['beats']);
  const beat = {
    type: 'beat' as const,
    step: 17,
    steps: 400,
    epoch: 0.1,
    fraction: null,
    samplesPerSecond: 1,
    waitShare: 0,
    secondsLeft: 1,
    secondsLeftSpread: 0,
    memoryBytes: 1,
    tensors: 1,
    safeStep: null,
  };
  const [, , late, newest] = attemptOf('run-1', 1, [hello(0), hello(0), { ...beat, step: 12 }, beat]);
  queries.apply([newest, late].filter((event) => event !== undefined));
  expect(allRows(database, ['beats'])).toEqual(before);
  expect(queries.run('run-1')).toMatchObject({ step: 17, steps: 400 });
  expect(queries.attempts('run-1')).toMatchObject([{ lastStep: 17, lastSeenAt: 103_000 }]);
});
