/** A run killed at any point ends in the same bytes as one that was not: 25 kills, 0 differing bytes. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { openLine } from '../durable/sealed-line.ts';
import { LeftOutImage } from '../protocol/left-out.ts';
import type { TrainerEvent } from '../protocol/events.ts';
import { savePoints } from '../checkpoints/save-points.ts';
import {
  eventsOf,
  exitOf,
  jobOf,
  killThrough,
  liveOn,
  liveUntil,
  startTrainer,
  tinyDetection,
  tinyEvaluation,
  tinyPicture,
  tinyPictureRun,
  tinyPretraining,
  traceOf,
  writeTinyPictures,
  type Death,
  type Stage,
  type Trace,
} from '../testing/killing.ts';
import { useTinyTrainer } from '../testing/tiny-trainer.ts';
import { writeTinyCoco } from '../testing/tiny-coco.ts';
import { keyed } from '../random.ts';
import { isNightly } from '../durable/testing/nightly.ts';

const minutes = 60_000;
const place = useTinyTrainer('kill');

const randomDeath =
  (name: string, mostSteps: number) =>
  (_: unknown, index: number): Death => {
    const random = keyed(11, name, index);
    return { kind: 'step', steps: random.integer(mostSteps), delayMs: random.integer(30) };
  };

function stages(name: string, config: () => ReturnType<typeof tinyPretraining>) {
  return (number: number): Stage => ({
    program: place.program,
    folder: join(place.folder, `${name}-${number}`),
    config: config(),
  });
}

async function straight(name: string, config: () => ReturnType<typeof tinyPretraining>): Promise<Trace> {
  const stage = stages(`${name}-straight`, config)(0);
  await liveOn(stage, 1);
  return traceOf(stage);
}

describe.concurrent('a pretraining', () => {
  it(
    'ends in the same bytes after a kill at every point of a save and at random steps',
    async () => {
      const config = (): ReturnType<typeof tinyPretraining> => tinyPretraining(place.data);
      const expected = await straight('pretrain', config);
      expect(expected.points.filter((point) => point.includes('"loss"'))).toHaveLength(30);
      expect(expected.points.filter((point) => point.includes('"probe/top1"'))).toHaveLength(3);
      const atSaves = savePoints.map((_, index): Death => ({ kind: 'save', point: index + 1 }));
      // The last point is the deletion of an older checkpoint, which first happens at an attempt's third save: not
      // here.
      const deaths = [
        ...atSaves.slice(0, -1),
        ...Array.from({ length: isNightly ? 6 : 2 }, randomDeath('pretrain', 7)),
      ];
      const compare = (stage: Stage): void => {
        expect(traceOf(stage)).toEqual(expected);
        expect(readdirSync(join(stage.folder, 'checkpoints')).some((name) => name.startsWith('.'))).toBe(false);
        for (const attempt of new Set(eventsOf(stage).map((event) => event.attempt))) {
          const numbers = eventsOf(stage)
            .filter((event) => event.attempt === attempt)
            .map((event) => event.sequence);
          expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
        }
      };
      const kills = await killThrough(stages('pretrain', config), deaths, compare);
      expect(kills).toBeGreaterThanOrEqual(isNightly ? 14 : 10);
    },
    20 * minutes,
  );
});

describe.concurrent('a pretraining on pictures of which some are damaged', () => {
  it(
    'leaves them out, records them, and ends in the same bytes after kills',
    async () => {
      const damaged = { train: [4, 17, 55], test: [3, 8] };
      const pictures = join(place.folder, 'pictures');
      await writeTinyPictures(pictures, damaged);
      const config = (): ReturnType<typeof tinyPictureRun> => tinyPictureRun(pictures);
      const leftOut = ({ folder }: Stage) => {
        const lines = readFileSync(join(folder, 'left-out.ndjson'), 'utf8').trimEnd().split('\n');
        // Batches in progress may find the same image for two steps: the earlier counts.
        const first = new Map<string, number | null>();
        for (const line of lines) {
          const { split, file, step } = v.parse(LeftOutImage, JSON.parse(openLine(line)!));
          const key = `${split} ${file} ${step === null ? 'whole' : 'from a step'}`;
          first.set(key, step === null ? null : Math.min(step, first.get(key) ?? step));
        }
        return [...first].sort(([one], [other]) => (one < other ? -1 : 1));
      };
      const first = stages('damaged-straight', config)(0);
      await liveOn(first, 1);
      const expected = traceOf(first);
      expect(expected.points.filter((point) => point.includes('"loss"'))).toHaveLength(30);
      // Of training by step, of the probe's two splits as a whole.
      const known = (split: 'train' | 'test', how: string) =>
        damaged[split].map((image) => `${split} ${split}/${tinyPicture(image)} ${how}`);
      expect(leftOut(first).map(([one]) => one)).toEqual(
        [...known('train', 'from a step'), ...known('train', 'whole'), ...known('test', 'whole')].sort(),
      );
      const deaths = Array.from({ length: 4 }, randomDeath('damaged', 9));
      const kills = await killThrough(stages('damaged', config), deaths, (stage) => {
        expect(traceOf(stage)).toEqual(expected);
        expect(leftOut(stage)).toEqual(leftOut(first));
      });
      expect(kills).toBeGreaterThanOrEqual(2);
    },
    20 * minutes,
  );
});

describe.concurrent('an evaluation', () => {
  it.each(isNightly ? (['features', 'images', 'fine-tuning'] as const) : (['features', 'fine-tuning'] as const))(
    '(%s) ends in the same figures and bytes',
    async (kind) => {
      const config = (): ReturnType<typeof tinyEvaluation> => tinyEvaluation(place.data, kind);
      const expected = await straight(kind, config);
      expect(expected.results.map(({ metric, which }) => `${metric} ${which}`)).toEqual(['top1 last', 'top1 best']);
      // Which images are right, and what each was taken for.
      expect(Object.keys(expected.perImage)).toHaveLength(4);
      const deaths = Array.from({ length: 4 }, randomDeath(kind, 20));
      const kills = await killThrough(stages(kind, config), deaths, (stage) =>
        expect(traceOf(stage)).toEqual(expected),
      );
      expect(kills).toBeGreaterThanOrEqual(1);
    },
    20 * minutes,
  );
});

describe.concurrent('a detector', () => {
  // The other one takes twice as long: it is killed at night, as every evaluator is.
  it.each(isNightly ? (['detection-c4', 'detection-fpn'] as const) : (['detection-c4'] as const))(
    '(%s) ends in the same figures and bytes',
    async (kind) => {
      const pictures = join(place.folder, `coco-${kind}`);
      await writeTinyCoco(pictures);
      const config = (): ReturnType<typeof tinyDetection> => tinyDetection(pictures, kind);
      const expected = await straight(kind, config);
      expect(expected.points.filter((point) => point.includes('"loss"'))).toHaveLength(24);
      expect(expected.results.map(({ metric, n }) => `${metric} ${n}`)).toContain(
        kind === 'detection-c4' ? 'ap50 6' : 'mask-ap 6',
      );
      const deaths = Array.from({ length: 3 }, randomDeath(kind, 20));
      const kills = await killThrough(stages(kind, config), deaths, (stage) =>
        expect(traceOf(stage)).toEqual(expected),
      );
      expect(kills).toBeGreaterThanOrEqual(1);
    },
    20 * minutes,
  );
});

describe.concurrent('a detector at a rate that is far too high', () => {
  it(
    'stops at the step, names the terms or weights and the pictures, goes back three times at most, and then stops to ask',
    async () => {
      const pictures = join(place.folder, 'coco-diverging');
      await writeTinyCoco(pictures);
      const config = tinyDetection(pictures, 'detection-c4');
      if (config.kind !== 'evaluate') throw new Error('An evaluation is needed.');
      const { id, options } = config.evaluator;
      const stage: Stage = {
        program: place.program,
        folder: join(place.folder, 'diverging'),
        config: { ...config, evaluator: { id, options: { ...options, rate: 1e6, steps: 60, warmup: 0 } } },
      };
      const exit = await exitOf(startTrainer(stage, 1));
      expect(exit.code).not.toBe(0);
      const events = eventsOf(stage);
      const logs = events.flatMap((event) => (event.type === 'log' ? [event] : []));
      const named = logs.find(({ code }) => code.endsWith('-on-images'));
      expect(named?.values['images']).toMatch(/train2017\/\d+\.png, train2017\/\d+\.png/);
      expect(named?.values['terms']).toMatch(/objectness|location|classes|boxes|weight|bias/);
      const last = events.at(-1);
      expect(last).toMatchObject({ type: 'stopped', fault: { code: 'diverged', retry: 'resume' } });
      const fault = last?.type === 'stopped' ? last.fault : undefined;
      expect(fault?.values['terms']).toMatch(/\w+/);
      // By steps, and not by a save of weights that are not finite.
      expect(fault?.message).toContain('3 steps in a row are not finite');
      expect(fault?.message).toContain('lower learning rate');
    },
    20 * minutes,
  );
});

describe.concurrent('with a parent', () => {
  it(
    'greets, trains, and when the parent goes away saves and ends in order',
    async () => {
      const config = tinyPretraining(place.data);
      const stage: Stage = { program: place.program, folder: join(place.folder, 'orphan'), config };
      mkdirSync(stage.folder);
      const child = spawn(process.execPath, [place.program], {
        cwd: stage.folder,
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      });
      const exit = exitOf(child);
      const heard: (TrainerEvent | { readonly type: 'ready' })[] = [];
      const third = new Promise<void>((resolve) => {
        child.on('message', (message) => {
          const event = message as TrainerEvent | { readonly type: 'ready' };
          heard.push(event);
          if (event.type === 'ready') child.send({ type: 'start', job: jobOf(stage, 1) });
          if (event.type === 'metrics' && event.points.some((point) => point.step >= 3)) resolve();
        });
      });
      await third;
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.disconnect();
      expect(await exit).toEqual({ code: 0, signal: null });
      expect(heard.slice(0, 2).map((event) => event.type)).toEqual(['ready', 'hello']);
      const checkpoints = eventsOf(stage).filter((event) => event.type === 'checkpoint');
      expect(checkpoints.at(-1)).toMatchObject({ reason: 'disconnect' });
      expect(eventsOf(stage).at(-1)).toMatchObject({ type: 'stopped', why: 'asked' });
      expect(existsSync(join(stage.folder, checkpoints.at(-1)!.folder, 'manifest.json'))).toBe(true);
      // A later attempt resumes from there and ends the same.
      await liveOn(stage, 2);
      expect(eventsOf(stage).at(-1)).toMatchObject({ type: 'stopped', why: 'done', step: 30 });
    },
    10 * minutes,
  );
});

describe.concurrent('on a processor with different rounding', () => {
  it(
    'stops before it changes anything and asks; resumed once more it goes on and says so',
    async () => {
      const config = tinyPretraining(place.data);
      const stage: Stage = { program: place.program, folder: join(place.folder, 'elsewhere'), config };
      expect(await liveUntil(stage, 1, { kind: 'step', steps: 12, delayMs: 0 })).toBe(true);
      const before = eventsOf(stage).filter((event) => event.type === 'checkpoint');
      const { instructionSet } = eventsOf(stage).find((event) => event.type === 'hello')!;
      // As on a ten-year-old processor.
      const env = { ONEDNN_MAX_CPU_ISA: 'SSE41' };
      const { code } = await exitOf(startTrainer(stage, 2, { env }));
      expect(code).not.toBe(0);
      const asked = eventsOf(stage).filter((event) => event.attempt === 2);
      expect(asked.map((event) => event.type)).not.toContain('hello');
      expect(asked.at(-1)).toMatchObject({
        type: 'stopped',
        why: 'failed',
        fault: { code: 'other-arithmetic', values: { before: instructionSet, now: 'SSE41' }, retry: 'resume' },
      });
      expect(eventsOf(stage).filter((event) => event.type === 'checkpoint')).toEqual(before);

      expect(await exitOf(startTrainer(stage, 3, { env, anyArithmetic: true }))).toMatchObject({ code: 0 });
      const events = eventsOf(stage).filter((event) => event.attempt === 3);
      expect(events.find((event) => event.type === 'log')).toMatchObject({ code: 'other-arithmetic' });
      expect(events.at(-1)).toMatchObject({ type: 'stopped', why: 'done', step: 30 });
    },
    10 * minutes,
  );
});
