/** At least 60 kills at random moments. Run by `npm run test:nightly`. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  killThrough,
  liveOn,
  tinyEvaluation,
  tinyPretraining,
  traceOf,
  useTinyTrainer,
  type Death,
  type Stage,
} from '../testing/killing.ts';
import { savePoints } from '../checkpoints/save-points.ts';
import { keyed } from '../random.ts';

const hours = 3_600_000;
const kills = 60;
const place = useTinyTrainer('kill-nightly');

/** Two in three at a random moment, one in three at a random point of a random save. */
function death(index: number): Death {
  const random = keyed(23, 'nightly', index);
  return random.integer(3) === 0
    ? { kind: 'save', point: 1 + random.integer(savePoints.length - 1) }
    : { kind: 'step', steps: random.integer(12), delayMs: random.integer(60) };
}

it.each([
  ['pretraining', () => tinyPretraining(place.data)],
  ['evaluation', () => tinyEvaluation(place.data, 'features')],
] as const)(
  'a killed %s always ends in the same bytes',
  async (name, config) => {
    const stage = (number: number): Stage => ({
      program: place.program,
      folder: join(place.folder, `${name}-${number}`),
      config: config(),
    });
    const straight: Stage = { ...stage(0), folder: join(place.folder, `${name}-straight`) };
    await liveOn(straight, 1);
    const expected = traceOf(straight);
    const deaths = Array.from({ length: Math.ceil(kills * 0.75) }, (_, index) => death(index));
    const died = await killThrough(stage, deaths, (finished) => expect(traceOf(finished)).toEqual(expected));
    expect(died).toBeGreaterThanOrEqual(kills / 2);
  },
  3 * hours,
);
