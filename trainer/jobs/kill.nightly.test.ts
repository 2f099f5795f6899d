/**
 * 200 kills over everything that trains or measures: each method with its state (teacher, queue, prototypes, clusters),
 * each evaluator, both detectors. A killed run, resumed as often as it takes, ends in the bytes of one that was not.
 */
import { join } from 'node:path';
import process from 'node:process';
import { expect, it } from 'vitest';
import { savePoints } from '../checkpoints/save-points.ts';
import { recordCases } from '../durable/testing/record-cases.ts';
import { keyed } from '../random.ts';
import { evaluators, methods } from '../registry.ts';
import { everyKindOfRun, type KindOfRun } from '../testing/every-kind-of-run.ts';
import { eventsOf, killThrough, liveOn, traceOf, type Death, type Stage } from '../testing/killing.ts';
import { useTinyTrainer } from '../testing/tiny-trainer.ts';

const hours = 3_600_000;
/** Fewer where time is short: the table says how many they were. */
const kills = Number(process.env['REPRISE_KILLS'] ?? 200);
const seed = Number(process.env['REPRISE_PROPERTY_SEED'] ?? 23);
const place = useTinyTrainer('kill-nightly');
const names = [...methods.all, ...evaluators.all].map(({ id }) => id);
const killsEach = Math.ceil(kills / names.length);
let runs: Promise<readonly KindOfRun[]> | null = null;

/** One in three at a random moment of the whole life, one shortly after a step, one at a point of a save. */
function death(name: string, index: number, wholeMs: number, trains: boolean): Death {
  const random = keyed(seed, name, index);
  const kind = trains ? index % 3 : 0;
  if (kind === 1) return { kind: 'step', steps: random.integer(7), delayMs: random.integer(60) };
  if (kind === 2) return { kind: 'save', point: 1 + random.integer(savePoints.length - 1) };
  return { kind: 'time', delayMs: Math.round(wholeMs * (0.1 + 0.7 * random.uniform())) };
}

it.each(names)(
  'R1: %s, killed at random, always ends in the same bytes',
  async (name) => {
    const { config } = (await (runs ??= everyKindOfRun(place.folder, place.data))).find((kind) => kind.name === name)!;
    const stage = (number: number | string): Stage => ({
      program: place.program,
      folder: join(place.folder, `${name}-${number}`),
      config,
    });
    const straight = stage('straight');
    const began = performance.now();
    await liveOn(straight, 1);
    const wholeMs = performance.now() - began;
    const expected = traceOf(straight);
    const trains = eventsOf(straight).some((event) => event.type === 'checkpoint');
    expect(expected.points.length + expected.results.length).toBeGreaterThan(0);
    let differing = 0;
    let died = 0;
    // What is measured without a training may end before it is killed, on a machine that was busier when it was timed: more deaths
    // are drawn, of earlier moments, until enough came in time.
    for (let round = 0; died < killsEach && round < 10; round += 1) {
      const deaths = Array.from({ length: killsEach - died }, (_, index) =>
        death(name, round * 1000 + index, wholeMs / (1 + round / 3), trains),
      );
      died += await killThrough(
        (number) => stage(`${round}-${number}`),
        deaths,
        (finished) => {
          if (JSON.stringify(traceOf(finished)) !== JSON.stringify(expected)) differing += 1;
        },
      );
    }
    recordCases({
      promise: 'R1',
      how: `${name}: killed at random, resumed, compared bit by bit`,
      cases: died,
      lost: differing,
    });
    expect(differing).toBe(0);
    expect(died).toBeGreaterThanOrEqual(killsEach);
  },
  hours,
);
