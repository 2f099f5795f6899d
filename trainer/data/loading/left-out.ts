/**
 * Images that a run leaves out because their files turned out to be damaged, or a person chose to: `left-out.ndjson` in the run's folder, a
 * line each, appended and flushed before anything is computed without them. A resumed run reads the record first, so
 * that it leaves out the same images from the same steps.
 */
import { appendFileSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { FaultError } from '../../durable/fault-error.ts';
import { writeError } from '../../durable/disk-fault.ts';
import { isMissing } from '../../durable/files.ts';
import { openLine, sealedLine } from '../../durable/sealed-line.ts';
import {
  excludedReason,
  LeftOutLine,
  leftOutFile,
  type DamagedFile,
  type ExcludedFile,
  type LeftOutImage,
} from '../../protocol/left-out.ts';
import { keyed } from '../../random.ts';
import type { DataSource } from '../../protocol/run.ts';
import { inEnglish } from '../../protocol/sentence.ts';

/** An image of a batch whose file is damaged. */
export interface DamagedImage extends Readonly<Omit<DamagedFile, 'split'>> {
  /** Its position in the batch that was asked for. */
  readonly at: number;
}

/** Part of a split that a run leaves out without being asked. */
const damagedShare = 0.01;
/** Number of images that is always within the limit: a hundredth of a small data set is less than one image. */
const damagedAtLeast = 10;

export interface LeftOut {
  /** Where the record lies; null while it is kept in memory. */
  readonly runFolder: string | null;
  /** A source of an evaluation without the images that are left out of it as a whole. */
  without(data: DataSource): DataSource;
  /** A source of training without the images left out before the run began; others are left out by step. */
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
  /**
   * Images that the inspections of its sources found damaged, and that a person left out; empty to go on from a checkpoint.
   */
  readonly inspected: readonly {
    readonly data: DataSource;
    readonly damaged: readonly DamagedFile[];
    readonly excluded?: readonly ExcludedFile[];
  }[];
  /** Doubles the limit, because the user chose to go on beyond it. */
  readonly isAccepted: boolean;
  notice(code: string, text: string, values: Record<string, string | number>): void;
}

const contentsOf = ({ fingerprint, path }: Pick<DataSource, 'fingerprint' | 'path'>): string => fingerprint ?? path;
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
    .map((line, at) => parseLine(path, line, at + 1));
}

function parseLine(path: string, line: string, number: number): LeftOutLine {
  try {
    return v.parse(LeftOutLine, JSON.parse(openLine(line) ?? ''));
  } catch (error) {
    throw new FaultError(
      'unreadable-file',
      `Line ${number} of ${path} is damaged: which images the run leaves out is not known. Put the file back, or start the run anew.`,
      { path },
      { cause: error },
    );
  }
}

function append(path: string | null, lines: readonly LeftOutLine[]): void {
  if (path === null || lines.length === 0) return;
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  try {
    appendFileSync(path, lines.map((line) => `${sealedLine(line)}\n`).join(''), { flush: true });
  } catch (error) {
    // A part of a line would be the beginning of the next.
    if (statSync(path, { throwIfNoEntry: false }) !== undefined) truncateSync(path, size);
    throw writeError(error, path);
  }
}

/** Every power of two is told, so that a thousand damaged files do not fill the list of events. */
const isTold = (count: number): boolean => (count & (count - 1)) === 0;

/** What is left out of one split. */
class SplitRecord {
  /** Left out of the source as a whole, by name. */
  readonly whole = new Map<string, LeftOutImage['foundBy']>();
  /** Left out of training, by name: the step from which on. */
  readonly fromSteps = new Map<string, number>();
  /** Found by the run itself, which a limit holds for. */
  readonly found = new Set<string>();

  take({ file, foundBy, step }: LeftOutImage): void {
    if (foundBy === 'run') this.found.add(file);
    if (step === null) this.whole.set(file, this.whole.get(file) ?? foundBy);
    // Two batches in progress may find the same image: the earlier step counts.
    else this.fromSteps.set(file, Math.min(step, this.fromSteps.get(file) ?? step));
  }
}

class RecordFile implements LeftOut {
  readonly runFolder: string | null;
  readonly #path: string | null;
  readonly #notice: LeftOutOptions['notice'];
  readonly #splits = new Map<string, SplitRecord>();
  #accepted = 0;

  constructor({ runFolder, inspected, isAccepted, notice }: LeftOutOptions) {
    this.runFolder = runFolder;
    this.#path = runFolder === null ? null : join(runFolder, leftOutFile);
    this.#notice = notice;
    for (const line of readLines(this.#path)) this.#take(line);
    for (const { data, damaged, excluded = [] } of inspected) {
      this.#writeWhole(data, 'inspection', damaged);
      const chosen = excluded.map((one) => ({ ...one, reason: excludedReason, sha256: null }));
      this.#writeWhole(data, 'person', chosen);
    }
    if (isAccepted) this.#write([{ kind: 'accepted', images: this.#total() }]);
  }

  #of(data: DataSource): SplitRecord {
    const key = keyOf(data);
    const split = this.#splits.get(key) ?? new SplitRecord();
    this.#splits.set(key, split);
    return split;
  }

  /** Records images that are left out of their split as a whole, unless they are already. */
  #writeWhole(data: DataSource, foundBy: LeftOutImage['foundBy'], files: readonly DamagedFile[]): void {
    const contents = contentsOf(data);
    const isKnown = ({ split, file }: DamagedFile) => this.#of({ ...data, split }).whole.has(file);
    this.#write(
      files.filter((one) => !isKnown(one)).map((one) => ({ kind: 'image', foundBy, contents, ...one, step: null })),
    );
  }

  #take(line: LeftOutLine): void {
    if (line.kind === 'accepted') this.#accepted = Math.max(this.#accepted, line.images);
    else this.#of({ dataset: '', path: line.contents, split: line.split }).take(line);
  }

  #write(lines: readonly LeftOutLine[]): void {
    append(this.#path, lines);
    for (const line of lines) this.#take(line);
  }

  /** Images that the run itself found. */
  #total(): number {
    return [...this.#splits.values()].reduce((sum, { found }) => sum + found.size, 0);
  }

  without(data: DataSource): DataSource {
    return excluding(data, [...this.#of(data).whole.keys()]);
  }

  withoutInspected(data: DataSource): DataSource {
    const whole = [...this.#of(data).whole];
    return excluding(
      data,
      whole.flatMap(([file, foundBy]) => (foundBy === 'run' ? [] : [file])),
    );
  }

  fromSteps(data: DataSource): ReadonlyMap<string, number> {
    return this.#of(data).fromSteps;
  }

  add(data: DataSource, count: number, images: readonly DamagedImage[], step: number | null): void {
    const { split, path } = data;
    const before = this.#total();
    const contents = contentsOf(data);
    const { fromSteps } = this.#of(data);
    const isKnown = ({ file }: DamagedImage) => step !== null && (fromSteps.get(file) ?? Infinity) <= step;
    this.#write(
      images
        .filter((image) => !isKnown(image))
        .map(({ file, reason, sha256 }) => ({
          kind: 'image',
          foundBy: 'run',
          contents,
          split,
          file,
          reason,
          sha256,
          step,
        })),
    );
    for (const [at, { file, reason }] of images.entries()) {
      const number = Math.min(before + at + 1, this.#total());
      if (!isTold(number)) continue;
      const since = step === null ? '' : ` from step ${step} on`;
      const why = inEnglish(reason);
      const text = `${file}: ${why}. Left out${since}; ${number} so far.`;
      this.#notice('image-left-out', text, { file, reason: why, images: number });
    }
    const found = this.#of(data).found.size;
    const limit = Math.max(damagedAtLeast, Math.floor(damagedShare * count), 2 * this.#accepted);
    if (found <= limit) return;
    const { file, reason } = images.at(-1)!;
    throw new FaultError(
      'too-many-damaged',
      `${found} of ${count} images in the split "${split}" of ${path} are damaged, more than the ${limit} that are left ` +
        `out without asking. The last is ${file}: ${inEnglish(reason)}. Replace the files, or resume to leave them out and go on.`,
      { path, split, images: found, count, limit },
      { retry: 'resume' },
    );
  }
}

export const openLeftOut = (options: LeftOutOptions): LeftOut => new RecordFile(options);

const excluding = (data: DataSource, names: readonly string[]): DataSource =>
  names.length === 0 ? data : { ...data, exclude: [...(data.exclude ?? []), ...names].sort() };

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
      throw new FaultError(
        'empty-dataset',
        'All images are damaged: there is none left to train on. Replace the files, or choose other data.',
      );
    taken.add(found);
    result[slot] = found;
  }
  return result;
}
