/** The same bits from separate processes, uninterrupted and resumed, for every engine setting of a run. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { killThrough, liveOn, tinyPretraining, traceOf, type Stage } from '../testing/killing.ts';
import { useTinyTrainer } from '../testing/tiny-trainer.ts';
import { precisionsHere } from '../testing/precision.ts';

const minutes = 60_000;
const place = useTinyTrainer('determinism');
const traces = new Map<string, string>();

/** Precisions that the engine rejects have their own test. */
const precisions = await precisionsHere();
const settings = [
  ...precisions.flatMap((precision) => [1, 2, 4].map((threads) => ({ engine: 'traced', precision, threads }) as const)),
  { engine: 'traced', precision: 'float32', threads: 2, chunk: 8 } as const,
  { engine: 'eager', precision: 'float32', threads: 2 } as const,
];

it.each(settings.map((setting) => [JSON.stringify(setting), setting] as const))(
  '%s',
  async (name, setting) => {
    const tiny = tinyPretraining(place.data);
    const config = { ...tiny, execution: { ...tiny.execution, ...setting } };
    const stage = (life: string): Stage => ({
      program: place.program,
      folder: join(place.folder, `${traces.size}-${life}`),
      config,
    });
    await liveOn(stage('first'), 1);
    const expected = traceOf(stage('first'));
    await liveOn(stage('second'), 1);
    expect(traceOf(stage('second'))).toEqual(expected);
    const kills = await killThrough(
      (number) => stage(`killed-${number}`),
      [{ kind: 'step', steps: 8, delayMs: 5 }],
      (finished) => expect(traceOf(finished)).toEqual(expected),
    );
    expect(kills).toBe(1);
    traces.set(name, expected.tensors!);
  },
  30 * minutes,
);

it('tells precisions, chunks and engines apart', () => {
  const distinct = settings
    .filter(({ threads }) => threads === 2)
    .map((setting) => traces.get(JSON.stringify(setting)));
  expect(new Set(distinct).size).toBe(distinct.length);
});
