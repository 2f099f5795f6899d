/** For tests: restarts the real trainer repeatedly, killing it at random moments and at every point of a save. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';
import * as v from 'valibot';
import sharp from 'sharp';
import { openLine } from '../durable/sealed-line.ts';
import type { Job } from '../protocol/commands.ts';
import { TrainerEvent, type MetricPoint, type TrainerEventOf } from '../protocol/events.ts';
import type { Result } from '../protocol/results.ts';
import { detectionFiles } from '../protocol/detections.ts';
import { RunConfig, type EvaluateConfig } from '../protocol/run.ts';
import type { NotFiniteChoices } from '../protocol/when-not-finite.ts';
import { randomBytes, writeIdx } from '../data/testing/small-datasets.ts';

const trainImages = 96;
const batch = 16;
const data = (folder: string, split: string) => ({ dataset: 'idx', path: folder, split, fingerprint: `tiny-${split}` });
const encoder = { id: 'resnet-18', options: { stem: 'small', stemStride: 2, width: 4 } };
const common = {
  version: 1,
  title: 'tiny',
  seed: 5,
  execution: { threads: 1, loaderWorkers: 1 },
  logEvery: 1,
} as const;
const seen = {
  preprocessing: { resize: null, crop: 12 },
  normalization: { mean: [0.5], std: [0.25] },
};

/** 30 steps of VICReg with a k-NN probe every other epoch, saved every 5 steps. */
export function tinyPretraining(dataFolder: string): RunConfig {
  const view = { size: 12, cropArea: [0.4, 1], saturation: 0, hue: 0, grayscale: 0, blur: 0.2, solarize: 0.2 };
  return v.parse(RunConfig, {
    ...common,
    kind: 'pretrain',
    method: { id: 'vicreg', options: { expander: [8, 8] } },
    encoders: [encoder],
    data: data(dataFolder, 'train'),
    views: [view, view],
    normalization: seen.normalization,
    checkpoint: { everySteps: 5, everySeconds: 1e6, keepLast: 2 },
    optimizer: { id: 'adamw', options: { rate: 0.01 } },
    schedule: { id: 'warmup-cosine', options: { warmupEpochs: 1 } },
    batch,
    epochs: 5,
    probe: {
      evaluator: { id: 'knn', options: { k: 3 } },
      everyEpochs: 2,
      preprocessing: seen.preprocessing,
      train: data(dataFolder, 'train'),
      test: data(dataFolder, 'test'),
    },
  });
}

/** The same on pictures in class folders, made by `writeTinyPictures`. */
export function tinyPictureRun(folder: string): RunConfig {
  const own = (split: string) => ({ dataset: 'image-folder', path: folder, split, fingerprint: 'tiny-pictures' });
  const config = tinyPretraining(folder);
  if (config.kind !== 'pretrain') throw new Error('A pretraining is needed.');
  const normalization = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
  return {
    ...config,
    normalization,
    data: own('train'),
    probe: config.probe && { ...config.probe, train: own('train'), test: own('test') },
  };
}

/** Name of a picture of `writeTinyPictures` in its split. */
export const tinyPicture = (image: number): string =>
  `${image % 2 === 0 ? 'even' : 'odd'}/${String(image).padStart(3, '0')}.jpg`;

/** Pictures of noise in two classes; of each split the named ones are cut off in the middle. */
export async function writeTinyPictures(
  folder: string,
  damaged: Readonly<Record<'train' | 'test', readonly number[]>>,
): Promise<void> {
  for (const [split, count] of [
    ['train', trainImages],
    ['test', 24],
  ] as const) {
    for (let image = 0; image < count; image++) {
      const path = join(folder, split, tinyPicture(image));
      mkdirSync(dirname(path), { recursive: true });
      const raw = { width: 16, height: 14, channels: 3 } as const;
      const whole = await sharp(randomBytes(16 * 14 * 3, `${split} ${image}`), { raw })
        .jpeg()
        .toBuffer();
      writeFileSync(path, damaged[split].includes(image) ? whole.subarray(0, whole.length / 2) : whole);
    }
  }
}

/** A head on a random encoder's features, 60 steps; or head and encoder on half of the labels, 30. Saved every 4. */
export function tinyEvaluation(dataFolder: string, kind: 'features' | 'images' | 'fine-tuning'): RunConfig {
  const evaluator =
    kind === 'fine-tuning'
      ? { id: 'semi-supervised', options: { fraction: 0.5, epochs: 10, batch } }
      : { id: 'linear', options: { inputs: kind, standardize: kind === 'features', epochs: 10, batch } };
  return v.parse(RunConfig, {
    ...common,
    ...seen,
    kind: 'evaluate',
    subject: { kind: 'random', encoder, seed: 3 },
    evaluator,
    checkpoint: { everySteps: 4, everySeconds: 1e6, keepLast: 2 },
    train: data(dataFolder, 'train'),
    test: data(dataFolder, 'test'),
  });
}

/** A detector of each kind on a random encoder, 24 steps on the pictures of `writeTinyCoco`. Saved every 4. */
export function tinyDetection(folder: string, kind: 'detection-c4' | 'detection-fpn'): RunConfig {
  const own = (split: string) => ({ dataset: 'coco', path: folder, split, fingerprint: `tiny-coco-${split}` });
  const small = { steps: 24, batch: 2, rate: 0.01, warmup: 4, drops: [16], regions: 16, proposals: 20, preciseNorm: 2 };
  const shown = { shortSides: [48, 64], testShortSide: 64, longest: 96, anchorScale: 0.25 };
  const own4 = kind === 'detection-c4' ? { rules: 'coco' } : { channels: 8, boxWidth: 16 };
  return v.parse(RunConfig, {
    ...common,
    kind: 'evaluate',
    preprocessing: seen.preprocessing,
    normalization: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    subject: { kind: 'random', encoder: { id: 'resnet-18', options: { stem: 'imagenet', width: 4 } }, seed: 3 },
    evaluator: { id: kind, options: { ...small, ...shown, ...own4 } },
    checkpoint: { everySteps: 4, everySeconds: 1e6, keepLast: 2 },
    train: own('train'),
    test: own('val'),
  });
}

/** The same evaluation without decoding workers, whose program stands beside a built trainer only. */
export function withoutWorkers(config: RunConfig): EvaluateConfig {
  if (config.kind !== 'evaluate') throw new Error('An evaluation is needed.');
  return { ...config, execution: { ...config.execution, loaderWorkers: 0 } };
}

export const writeTinyData = (folder: string): Promise<void> => writeIdx(folder, trainImages, 24);

export interface Stage {
  readonly program: string;
  readonly folder: string;
  readonly config: RunConfig;
  /** What the user chose at pauses. Default: nothing. */
  readonly whenNotFinite?: NotFiniteChoices;
}

export function jobOf(
  { folder, config, whenNotFinite = [] }: Stage,
  attempt: number,
  anyArithmetic = false,
): Extract<Job, { kind: 'train' }> {
  const cacheFolder = join(folder, '../cache');
  const place = { run: 'tiny-run', attempt, runFolder: folder, cacheFolder };
  const subject = config.kind === 'evaluate' ? { subject: config.subject, checkpointFolder: null, config: null } : null;
  return {
    kind: 'train',
    ...place,
    config,
    from: null,
    startOver: false,
    anyArithmetic,
    moreDamaged: false,
    noBetter: false,
    whenNotFinite,
    datasetsFolder: null,
    dataChanges: [],
    subject,
  };
}

export interface LifeOptions {
  readonly anyArithmetic?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

/** Starts the trainer without a parent, resuming from the newest checkpoint. Its output is kept beside the run. */
export function startTrainer(stage: Stage, attempt: number, options: LifeOptions = {}): ChildProcess {
  mkdirSync(stage.folder, { recursive: true });
  const file = join(stage.folder, 'job.json');
  writeFileSync(file, JSON.stringify(jobOf(stage, attempt, options.anyArithmetic)));
  const output = openSync(join(stage.folder, 'output.txt'), 'a');
  const child = spawn(process.execPath, [stage.program, '--job', file], {
    cwd: stage.folder,
    env: { ...process.env, REPRISE_TEST: '1', ...options.env },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  return child;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}
export function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
}

export function eventsOf({ folder }: Stage): readonly TrainerEvent[] {
  const file = join(folder, 'events.ndjson');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  // A kill may leave the last line incomplete; the next attempt truncates it.
  return lines.slice(0, -1).map((line) => v.parse(TrainerEvent, JSON.parse(openLine(line)!)));
}

const eventsAs = <T extends TrainerEvent['type']>(
  events: readonly TrainerEvent[],
  type: T,
): readonly TrainerEventOf<T>[] => events.filter((event): event is TrainerEventOf<T> => event.type === type);

/** Waits until this attempt has recorded a point of the step, then for the given milliseconds. */
export async function reachedStep(stage: Stage, child: ChildProcess, attempt: number, step: number): Promise<void> {
  let gone = false;
  child.once('exit', () => (gone = true));
  while (!gone) {
    const points = eventsAs(eventsOf(stage), 'metrics').filter((event) => event.attempt === attempt);
    if (points.some((event) => event.points.some((point) => point.step >= step))) return;
    await after(2);
  }
}

/** Everything that must be byte-identical whether or not a run was interrupted. */
export interface Trace {
  /** The curve: each attempt's points up to where a later one took over. */
  readonly points: readonly string[];
  /** Null where nothing is trained. */
  readonly tensors: string | null;
  readonly results: readonly Result[];
  readonly perImage: Readonly<Record<string, string>>;
}

function keptPoints(events: readonly TrainerEvent[]): readonly MetricPoint[] {
  const hellos = eventsAs(events, 'hello');
  return eventsAs(events, 'metrics').flatMap((event) =>
    event.points.filter(
      (point) => !hellos.some((later) => later.attempt > event.attempt && later.fromStep < point.step),
    ),
  );
}

export function traceOf(stage: Stage): Trace {
  const events = eventsOf(stage);
  const last = readdirSync(join(stage.folder, 'checkpoints')).sort().at(-1);
  const outcomes = eventsAs(events, 'result').map((event) => event.outcome);
  const results = outcomes.flatMap((outcome) => (outcome.kind === 'results' ? [outcome.results] : []));
  const ofLastAttempt = results.at(-1) ?? [];
  const files = ofLastAttempt.flatMap(({ perImage, predictions, detections }) => [
    ...(perImage === undefined ? [] : [perImage]),
    ...(predictions === undefined ? [] : [predictions]),
    ...(detections === undefined ? [] : Object.values(detectionFiles)),
  ]);
  return {
    points: keptPoints(events).map((point) => JSON.stringify(point)),
    tensors:
      last === undefined
        ? null
        : readFileSync(join(stage.folder, 'checkpoints', last, 'tensors.bin')).toString('base64'),
    results: ofLastAttempt,
    perImage: Object.fromEntries(
      files.map((file) => [file, readFileSync(join(stage.folder, file)).toString('base64')]),
    ),
  };
}

/** How an attempt is killed: at a point of its first save, a time after it began, or after one of its steps. */
export type Death =
  | { readonly kind: 'save'; readonly point: number }
  | { readonly kind: 'time'; readonly delayMs: number }
  | { readonly kind: 'step'; readonly steps: number; readonly delayMs: number };

/** Runs an attempt that is to be killed. Returns false if it finished first. */
export async function liveUntil(stage: Stage, attempt: number, death: Death): Promise<boolean> {
  const env = death.kind === 'save' ? { REPRISE_FAULT: `checkpoint:${death.point}` } : {};
  const child = startTrainer(stage, attempt, { env });
  const exit = exitOf(child);
  if (death.kind === 'step') {
    const before = Math.max(0, ...eventsAs(eventsOf(stage), 'checkpoint').map((event) => event.step));
    await reachedStep(stage, child, attempt, before + death.steps);
    await after(death.delayMs);
    child.kill('SIGKILL');
  } else if (death.kind === 'time') {
    await Promise.race([exit, after(death.delayMs)]);
    child.kill('SIGKILL');
  }
  const { code, signal } = await exit;
  if (signal === 'SIGKILL') return true;
  if (code === 0) return false;
  throw new Error(
    `The trainer ended with ${code ?? signal}: ${readFileSync(join(stage.folder, 'output.txt'), 'utf8').slice(-2000)}`,
  );
}

/** Runs the last attempt to its end. */
export async function liveOn(stage: Stage, attempt: number): Promise<void> {
  const { code, signal } = await exitOf(startTrainer(stage, attempt));
  if (code === 0) return;
  const said = readFileSync(join(stage.folder, 'output.txt'), 'utf8').slice(-2000);
  throw new Error(`The trainer ended with ${code ?? signal}: ${said}`);
}

/** Kills a run once for each death in a list, each in its own attempt, starting a fresh run whenever one finishes. */
export async function killThrough(
  stage: (number: number) => Stage,
  deaths: readonly Death[],
  compare: (finished: Stage) => void,
): Promise<number> {
  let kills = 0;
  let run = 0;
  let attempt = 0;
  for (const death of deaths) {
    attempt += 1;
    if (await liveUntil(stage(run), attempt, death)) kills += 1;
    else {
      compare(stage(run));
      run += 1;
      attempt = 0;
    }
  }
  if (attempt > 0) {
    await liveOn(stage(run), attempt + 1);
    compare(stage(run));
  }
  return kills;
}
