/**
 * Images that a run leaves out because their files turned out to be damaged: `left-out.ndjson` in the run's folder, a
 * line each, appended and flushed before anything is computed without them. A resumed run reads the record first, so
 * that it leaves out the same images from the same steps.
 */
import { closeSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { FaultError } from '../../durable/fault-error.ts';
import { diskFault } from '../../durable/fault-of.ts';
import { isMissing } from '../../durable/files.ts';
import { LeftOutLine, leftOutFile, type DamagedFile, type LeftOutImage } from '../../protocol/left-out.ts';
import { keyed } from '../../random.ts';
import type { DataSource } from '../../protocol/run.ts';

/** An image of a batch whose file is damaged. */
export interface DamagedImage {
  /** Its position in the batch that was asked for. */
  readonly at: number;
  /** Named as in the inspection. */
  readonly file: string;
  readonly reason: string;
  /** SHA-256 of the file; null if it has none of its own. */
  readonly sha256: string | null;
}

/** Part of a split that a run leaves out without being asked. */
export const damagedShare = 0.01;
/** Number of images that is always within the limit: a hundredth of a small data set is less than one image. */
const damagedAtLeast = 10;

export interface LeftOut {
  /** A source of an evaluation without the images that are left out of it as a whole. */
  without(data: DataSource): DataSource;
  /** A source of training without the images that its inspection found damaged; others are left out by step. */
  withoutInspected(data: DataSource): DataSource;
  /** Images that training leaves out of a source, with the step from which on. */
  fromSteps(data: DataSource): ReadonlyMap<string, number>;
  /**
   * Records images, durably. `step`: null to leave them out of the source as a whole. `count`: images of the source.
   *
   * @throws FaultError `too-many-damaged` once they are more than the limit
   */
  add(data: DataSource, count: number, images: readonly DamagedImage[], step: number | null): void;
}

export interface LeftOutOptions {
  /** Null to keep the record in memory, while a step is only timed. */
  readonly runFolder: string | null;
  /** Images that the inspections of its sources found damaged; empty to go on from a checkpoint. */
  readonly inspected: readonly { readonly data: DataSource; readonly damaged: readonly DamagedFile[] }[];
  /** Doubles the limit, because the user chose to go on beyond it. */
  readonly isAccepted: boolean;
  notice(code: string, text: string, values: Record<string, string | number>): void;
}

const contentsOf = ({ fingerprint, path }: DataSource): string => fingerprint ?? path;
const keyOf = (data: DataSource): string => `${contentsOf(data)}\0${data.split}`;

/** Lines of the record; a torn last line, of a write that a power cut interrupted, is removed from the file. */
function readLines(path: string | null): LeftOutLine[] {
  if (path === null) return [];
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  const end = text.lastIndexOf('\n') + 1;
  if (end < text.length) truncateSync(path, Buffer.byteLength(text.slice(0, end)));
  return text
    .slice(0, end)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => v.parse(LeftOutLine, JSON.parse(line)));
}

function append(path: string | null, lines: readonly LeftOutLine[]): void {
  if (path === null || lines.length === 0) return;
  try {
    const file = openSync(path, 'a');
    try {
      writeSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw diskFault(error, path) ?? error;
  }
}

/** Every power of two is told, so that a thousand damaged files do not fill the list of events. */
const isTold = (count: number): boolean => (count & (count - 1)) === 0;

export function openLeftOut({ runFolder, inspected, isAccepted, notice }: LeftOutOptions): LeftOut {
  const path = runFolder === null ? null : join(runFolder, leftOutFile);
  const known = new Map<string, Map<string, LeftOutImage>>();
  let accepted = 0;
  const take = (line: LeftOutLine): void => {
    if (line.kind === 'accepted') {
      accepted = Math.max(accepted, line.images);
      return;
    }
    const key = `${line.contents}\0${line.split}`;
    const images = known.get(key) ?? new Map<string, LeftOutImage>();
    known.set(key, images);
    const before = images.get(line.file);
    // The same image may be found by two batches at once: the earlier step counts.
    const isEarlier = line.step === null || (before !== undefined && before.step !== null && line.step < before.step);
    if (before === undefined || isEarlier) images.set(line.file, line);
  };
  for (const line of readLines(path)) take(line);
  const fresh = inspected.flatMap(({ data, damaged }) =>
    damaged
      .filter(({ split, file }) => known.get(keyOf({ ...data, split }))?.has(file) !== true)
      .map((one): LeftOutImage => ({
        kind: 'image',
        foundBy: 'inspection',
        contents: contentsOf(data),
        ...one,
        step: null,
      })),
  );
  append(path, fresh);
  for (const line of fresh) take(line);
  const total = (): number =>
    [...known.values()].reduce((sum, images) => sum + [...images.values()].filter((one) => one.foundBy === 'run').length, 0);
  if (isAccepted) {
    const line: LeftOutLine = { kind: 'accepted', images: total() };
    append(path, [line]);
    take(line);
  }
  const of = (data: DataSource): readonly LeftOutImage[] => [...(known.get(keyOf(data))?.values() ?? [])];

  const excluding = (data: DataSource, images: readonly LeftOutImage[]): DataSource =>
    images.length === 0
      ? data
      : { ...data, exclude: [...(data.exclude ?? []), ...images.map(({ file }) => file)].sort() };

  return {
    without(data) {
      const whole = of(data).filter(({ step }) => step === null);
      return excluding(data, whole);
    },
    withoutInspected(data) {
      const inspected = of(data).filter(({ foundBy }) => foundBy === 'inspection');
      return excluding(data, inspected);
    },
    fromSteps: (data) => new Map(of(data).flatMap(({ file, step }) => (step === null ? [] : [[file, step]]))),
    add(data, count, images, step) {
      const lines = images.map(({ file, reason, sha256 }): LeftOutImage => ({
        kind: 'image',
        foundBy: 'run',
        contents: contentsOf(data),
        split: data.split,
        file,
        reason,
        sha256,
        step,
      }));
      append(path, lines);
      for (const line of lines) {
        take(line);
        if (!isTold(total())) continue;
        const text = `${line.file}: ${line.reason}. Left out${step === null ? '' : ` from step ${step} on`}; ${total()} so far.`;
        notice('image-left-out', text, { file: line.file, reason: line.reason, images: total() });
      }
      const found = of(data).filter(({ foundBy }) => foundBy === 'run').length;
      const limit = Math.max(damagedAtLeast, Math.floor(damagedShare * count), 2 * accepted);
      if (found <= limit) return;
      throw new FaultError(
        'too-many-damaged',
        `${found} of ${count} images in the split "${data.split}" of ${data.path} are damaged, more than the ${limit} ` +
          `that are left out without asking. The last is ${images.at(-1)!.file}: ${images.at(-1)!.reason}. ` +
          'Replace the files, or resume to leave them out and go on.',
        { path: data.path, split: data.split, images: found, count, limit },
        { retry: 'resume' },
      );
    },
  };
}

/** Draws that must find an image that is not in the batch; afterwards one that is will do. */
const distinctDraws = 64;
const mostDraws = 100_000;

/**
 * Replaces left-out images of a batch by others of the split. The result depends on the seed, the place and the set of
 * images left out, so it is the same after a resume.
 *
 * @throws FaultError `empty-dataset` if there is no image to take
 */
export function substituted(
  index: Int32Array,
  isLeftOut: (image: number) => boolean,
  count: number,
  place: { readonly seed: number; readonly epoch: number; readonly batchInEpoch: number },
): Int32Array {
  if (!index.some(isLeftOut)) return index;
  const taken = new Set(index);
  const result = index.slice();
  for (const [slot, image] of index.entries()) {
    if (!isLeftOut(image)) continue;
    const random = keyed(place.seed, 'substitute', place.epoch, place.batchInEpoch, slot);
    let found: number | null = null;
    for (let draw = 0; found === null && draw < mostDraws; draw++) {
      const candidate = random.integer(count);
      if (!isLeftOut(candidate) && (draw >= distinctDraws || !taken.has(candidate))) found = candidate;
    }
    if (found === null)
      throw new FaultError('empty-dataset', 'All images are damaged: there is none left to train on.');
    taken.add(found);
    result[slot] = found;
  }
  return result;
}
