/** Data that goes away while a run trains or evaluates: the run pauses, and ends in the bytes of an undisturbed one. */
import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { setTimeout as after } from 'node:timers/promises';
import type { ChildProcess } from 'node:child_process';
import type { TrainerEventOf } from '../protocol/events.ts';
import type { RunConfig } from '../protocol/run.ts';
import { isNightly } from '../durable/testing/nightly.ts';
import { putVoc, type XmlObject } from '../testing/field/objects.ts';
import {
  eventsOf,
  exitOf,
  liveOn,
  reachedStep,
  startTrainer,
  tinyEvaluation,
  tinyPictureRun,
  traceOf,
  writeTinyPictures,
  type Stage,
  type Trace,
} from '../testing/killing.ts';
import { useTinyTrainer } from '../testing/tiny-trainer.ts';

const minutes = 60_000;
const place = useTinyTrainer('away');

/** A head that learns from augmented pictures and is tested on pictures, every epoch anew. */
function tinyPictureEvaluation(folder: string): RunConfig {
  const config = tinyEvaluation(folder, 'images');
  if (config.kind !== 'evaluate') throw new Error('An evaluation is needed.');
  const own = (split: string) => ({ dataset: 'image-folder', path: folder, split, fingerprint: 'tiny-pictures' });
  return { ...config, normalization, train: own('train'), test: own('test') };
}
const normalization = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };

/** A detector that learns from pictures of 40 x 30 with a box each. */
function tinyDetection(folder: string): RunConfig {
  const config = tinyPictureEvaluation(folder);
  if (config.kind !== 'evaluate') throw new Error('An evaluation is needed.');
  const own = (split: string) => ({ dataset: 'voc', path: folder, split, fingerprint: 'tiny-voc' });
  const sizes = {
    shortSides: [32],
    testShortSide: 32,
    longest: 64,
    anchorScale: 0.25,
    regions: 16,
    proposals: 20,
    preciseNorm: 2,
  };
  const options = { rate: 0.01, steps: 12, drops: [10], warmup: 2, batch: 2, ...sizes };
  const evaluator = { id: 'detection-c4', options };
  return { ...config, evaluator, train: own('trainval'), test: own('test') };
}

async function writeTinyVoc(folder: string): Promise<void> {
  for (const [split, count, from] of [
    ['trainval', 12, 0],
    ['test', 6, 12],
  ] as const) {
    const objectIn = (at: number): XmlObject => ({ name: at % 2 === 0 ? 'cat' : 'dog', box: [2 + at, 4, 20 + at, 24] });
    const annotations = Object.fromEntries(
      Array.from({ length: count }, (_, at) => [`${split}_${at}`, [objectIn(at)]] as const),
    );
    await putVoc(folder, split, annotations, ['cat', 'dog'], from);
  }
}

interface Kind {
  readonly name: string;
  readonly configOf: (folder: string) => RunConfig;
  readonly write: (folder: string) => Promise<void>;
  /** Folders of the pictures that are learned from. */
  readonly learnedFrom: readonly string[];
}

const inClasses = {
  write: (folder: string) => writeTinyPictures(folder, { train: [], test: [] }),
  learnedFrom: ['train/even', 'train/odd'],
};

interface Case {
  readonly pictures: string;
  readonly expected: Trace;
  stage(name: string): Stage;
}

async function undisturbed({ name, configOf, write }: Kind): Promise<Case> {
  const pictures = join(place.folder, `${name}-pictures`);
  await write(pictures);
  const stage = (own: string): Stage => ({
    program: place.program,
    folder: join(place.folder, `${name}-${own}`),
    config: configOf(pictures),
  });
  await liveOn(stage('straight'), 1);
  return { pictures, stage, expected: traceOf(stage('straight')) };
}

/** Waits until the run is paused because of its data; why. */
async function paused(stage: Stage, child: ChildProcess): Promise<TrainerEventOf<'phase'>['reason']> {
  let gone = false;
  child.once('exit', () => (gone = true));
  while (!gone) {
    const last = eventsOf(stage).findLast((event) => event.type === 'phase');
    if (last?.phase === 'paused') return last.reason;
    await after(10);
  }
  throw new Error(`It ended instead: ${readFileSync(join(stage.folder, 'output.txt'), 'utf8').slice(-2000)}`);
}

/** Takes the pictures away once a step is reached. */
async function takeAway({ pictures }: Case, stage: Stage, step: number) {
  const child = startTrainer(stage, 1);
  const exit = exitOf(child);
  await reachedStep(stage, child, 1, step);
  const elsewhere = `${pictures}-elsewhere`;
  renameSync(pictures, elsewhere);
  const reason = await paused(stage, child);
  expect(reason).toMatchObject({ code: 'data-unreachable', values: { why: 'gone' } });
  expect(String(reason?.values['path'])).toContain(pictures);
  return { child, exit, putBack: () => renameSync(elsewhere, pictures) };
}

const lastFault = (stage: Stage) => {
  const last = eventsOf(stage).findLast((event) => event.type === 'stopped');
  return last?.fault ?? null;
};

const kinds: readonly [string, Kind][] = [
  ['a pretraining with a probe', { name: 'pretrain', configOf: tinyPictureRun, ...inClasses }],
  ...(isNightly
    ? [
        ['an evaluation on images', { name: 'evaluate', configOf: tinyPictureEvaluation, ...inClasses }] as [
          string,
          Kind,
        ],
      ]
    : []),
  [
    'an evaluation by a detector',
    { name: 'detect', configOf: tinyDetection, write: writeTinyVoc, learnedFrom: ['JPEGImages'] },
  ],
];

describe.each(kinds)('%s', (_, kind) => {
  it(
    'pauses while its data is away and goes on by itself, stops when told to, and does not use changed data unsaid',
    async () => {
      const known = await undisturbed(kind);

      const waiting = known.stage('waiting');
      const first = await takeAway(known, waiting, 2);
      first.putBack();
      expect(await first.exit).toEqual({ code: 0, signal: null });
      expect(traceOf(waiting)).toEqual(known.expected);
      const told = eventsOf(waiting).filter((event) => event.type === 'log' && event.code === 'data-unreachable');
      expect(told).toHaveLength(1);

      const stopped = known.stage('stopped');
      const second = await takeAway(known, stopped, 2);
      second.child.kill('SIGTERM');
      expect(await second.exit).toEqual({ code: 0, signal: null });
      second.putBack();
      await liveOn(stopped, 2);
      expect(traceOf(stopped)).toEqual(known.expected);

      const changed = known.stage('changed');
      const third = await takeAway(known, changed, 2);
      const other = sharp({ create: { width: 16, height: 14, channels: 3, background: 'red' } });
      for (const folder of kind.learnedFrom) {
        const path = join(`${known.pictures}-elsewhere`, folder);
        for (const picture of readdirSync(path)) await other.clone().jpeg().toFile(join(path, picture));
      }
      third.putBack();
      expect(await third.exit).toEqual({ code: 1, signal: null });
      expect(lastFault(changed)).toMatchObject({ code: 'dataset-changed', retry: 'resume' });
    },
    10 * minutes,
  );
});
