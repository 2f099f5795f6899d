/** The curves of a run as its events.ndjson has them: those of a run here, and of a folder from elsewhere. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { TrainerEventOf } from '../../../trainer/protocol/events.ts';
import { eventIn, wholeLines } from '../recovery/replay.ts';

/** What is known of a run's events before its points are read. */
export interface RunOutline {
  /** Last step of each attempt that belongs to the curve: where a later attempt that began took over. */
  readonly keptTo: ReadonlyMap<number, number>;
  readonly stepsPerEpoch: number | null;
  readonly lastStep: number;
  readonly hello: Pick<TrainerEventOf<'hello'>, 'device' | 'versions'> | null;
  /** Lines that are no events. */
  readonly wrong: number;
  /** The last line was cut short. */
  readonly isTorn: boolean;
}

/** Points recorded at once. */
export interface RecordedPoints {
  /** Wall clock in milliseconds. */
  readonly at: number;
  readonly points: TrainerEventOf<'metrics'>['points'];
}

/** @throws FaultError if the folder has no file of events */
async function eventsFile(folder: string): Promise<{ readonly path: string; readonly size: number }> {
  const path = join(folder, 'events.ndjson');
  const found = await lstat(path).catch(() => null);
  if (found?.isFile() === true) return { path, size: found.size };
  throw new FaultError('not-found', `${path} does not exist: the run has recorded no curves.`, { path });
}

export async function outlineOf(folder: string): Promise<RunOutline> {
  const { path, size } = await eventsFile(folder);
  const began = new Map<number, number>();
  let hello: RunOutline['hello'] = null;
  let stepsPerEpoch: number | null = null;
  let [lastStep, wrong, end] = [0, 0, 0];
  for await (const { text } of wholeLines(path, 0, (offset) => (end = offset))) {
    const event = eventIn(text);
    if (typeof event === 'string') wrong += 1;
    else if (event.type === 'hello') {
      began.set(event.attempt, event.fromStep);
      hello = { device: event.device, versions: event.versions };
    } else if (event.type === 'checkpoint' && event.step > 0 && event.epoch > 0)
      stepsPerEpoch = event.step / event.epoch;
    else if (event.type === 'stopped') lastStep = event.step;
    else if (event.type === 'metrics') for (const { step } of event.points) lastStep = Math.max(lastStep, step);
  }
  const keptTo = new Map(
    [...began.keys()].map((attempt) => {
      const later = [...began].filter(([other]) => other > attempt).map(([, fromStep]) => fromStep);
      return [attempt, Math.min(Number.MAX_SAFE_INTEGER, ...later)];
    }),
  );
  return { keptTo, stepsPerEpoch, lastStep, hello, wrong, isTorn: end < size };
}

/** The points that the run stands on, in the order in which they were recorded. */
export async function* keptPoints(folder: string, { keptTo }: RunOutline): AsyncGenerator<RecordedPoints> {
  const { path } = await eventsFile(folder);
  for await (const { text } of wholeLines(path, 0, () => undefined)) {
    const event = eventIn(text);
    if (typeof event === 'string' || event.type !== 'metrics') continue;
    const last = keptTo.get(event.attempt) ?? Number.MAX_SAFE_INTEGER;
    const points = event.points.filter(({ step }) => step <= last);
    if (points.length > 0) yield { at: event.at, points };
  }
}
