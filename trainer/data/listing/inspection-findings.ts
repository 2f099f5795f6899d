/** Shared by every reader's `inspect`: collects rejects, duplicates and the fingerprint, and words them. */
import { createHash } from 'node:crypto';
import { opendir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { streamPlain } from '../../durable/plain-file.ts';
import { canonicalJson } from '../../durable/canonical-json.ts';
import type { Inspection, Reading, ReadingChoice, SplitInspection, Unused } from '../../protocol/dataset.ts';
import type { InspectionDetails, InspectProgress } from '../../recipe.ts';
import { throwIfCancelled } from '../cancellation.ts';
import { CopySearch, type ComparedPicture } from '../copies/copies.ts';
import { listedLimit, printable, type Rejects, startRejects } from '../rejects.ts';
import { createTimeSlices } from './time-slices.ts';
import { said, type Said, type Sentence } from '../../protocol/sentence.ts';

/** SHA-256 of a file of any size. */
export async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of streamPlain(path, { highWaterMark: 1 << 20 })) {
    throwIfCancelled(signal);
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

const foldersCounted = (count: number): Sentence => (count === 1 ? said`1 folder` : said`${count} folders`);
const filesCounted = (count: number): Sentence => (count === 1 ? said`1 file` : said`${count} files`);

/** Describes a folder's contents for "found": counts, then the first names. */
export async function describeFolder(path: string): Promise<readonly Sentence[]> {
  const countedLimit = 100_000;
  let folders = 0;
  let files = 0;
  const names: string[] = [];
  for await (const entry of await opendir(path)) {
    if (entry.isDirectory()) folders++;
    else files++;
    if (names.length < 1000) names.push(printable(entry.name) + (entry.isDirectory() ? '/' : ''));
    if (folders + files >= countedLimit) break;
  }
  const shown = names.sort().slice(0, 6);
  if (shown.length === 0) return [said`an empty folder`];
  const [counted, others] = [foldersCounted(folders), filesCounted(files)];
  const isAll = folders + files === shown.length;
  return [isAll ? said`${counted}, ${others}: ${shown}` : said`${counted}, ${others}: ${shown} …`];
}

/** The parts of an inspection that the reader provides. */
export interface Stated {
  readonly dataset: string;
  readonly title: string;
  readonly expected: readonly Sentence[];
  readonly found: readonly Sentence[];
  readonly splits: readonly SplitInspection[];
  readonly classes: readonly string[];
  readonly channels: number | null;
  readonly licence: string | null;
  readonly source: Said | null;
  readonly splitRule: Sentence | null;
  /** Whether the contents were checked; omitted by readers that always check them. */
  readonly contents?: Inspection['contents'];
  readonly unused?: readonly Unused[];
  readonly reading?: Reading;
  readonly choices?: readonly ReadingChoice[];
  readonly warnings?: readonly Sentence[];
}

export interface Findings {
  readonly rejects: Rejects;
  reject(file: string, reason: Sentence): void;
  /** A usable picture. Finds duplicates, leaks, near duplicates and placeholders. */
  picture(picture: FoundPicture): void;
  /** A file of the data set, for the fingerprint; `sha256` is null if its contents were not read. */
  file(name: string, size: number, sha256: string | null): void;
  finish(stated: Stated): Promise<Inspection>;
}

/** `digest` is the SHA-256 of its contents. */
export interface FoundPicture extends Omit<ComparedPicture, 'content'> {
  readonly digest: Buffer;
}

/** The inspection that findings are of: its search for copies reports progress and can be cancelled. */
export interface Scan {
  readonly progress: InspectProgress;
  readonly signal: AbortSignal;
  readonly details?: InspectionDetails | undefined;
}

/** A picture that is there several times. */
interface Repeated {
  /** A number for the contents. */
  readonly content: number;
  readonly first: string;
  readonly splits: string[];
  readonly label: number | undefined;
  count: number;
  severalClasses: boolean;
}

/** Copies of one picture in several classes that make it a placeholder, such as "no longer available". */
const fewestPlaceholders = 5;
const mostPlaceholders = 5;

function placeholderWarnings(seen: Iterable<Repeated>): readonly Sentence[] {
  const found: Repeated[] = [];
  for (const each of seen) if (each.severalClasses && each.count >= fewestPlaceholders) found.push(each);
  return found
    .sort((a, b) => b.count - a.count)
    .slice(0, mostPlaceholders)
    .map(
      ({ count, first }) =>
        said`${count} files in several classes have the contents of ${printable(first)}: probably a placeholder for pictures that could not be downloaded. Delete them and inspect again.`,
    );
}

/** Share of pictures that hardly show anything from which on something is wrong with them. */
const manyPlain = 0.5;

function plainWarning(plain: number, images: number): readonly Sentence[] {
  if (plain === 0 || plain < manyPlain * images) return [];
  return [
    said`${plain} of ${images} pictures show hardly more than one colour. Where what they show is in their transparency, put them on a background first, for example with ImageMagick: magick mogrify -background white -alpha remove -alpha off *.png`,
  ];
}

const pictureWarnings = (seen: Iterable<Repeated>, plain: number, images: number): readonly Sentence[] => [
  ...placeholderWarnings(seen),
  ...plainWarning(plain, images),
];

type Size = readonly [width: number, height: number];

/** The larger of two sizes by their area, or with a sign of -1 the smaller; the first of two equal ones. */
const extreme = (known: Size | null, size: Size, sign: 1 | -1): Size =>
  known === null || (size[0] * size[1] - known[0] * known[1]) * sign > 0 ? size : known;

/** Null if the contents were not checked. */
async function findCopies(copies: CopySearch, { classes, contents }: Stated, { progress, signal, details }: Scan) {
  if (contents === 'listed') return null;
  const { due, next } = createTimeSlices(progress, signal);
  const found = await copies.find(classes, { due, pause: () => next(1, 1) });
  if (found) details?.copies(found.pairs);
  return found;
}

function fingerprintOf(files: string[], reading: Reading): string {
  const hash = createHash('sha256');
  for (const line of files.sort()) hash.update(line);
  // Another order of the classes is not other data.
  const { order: _order, ...identity } = reading;
  if (Object.keys(identity).length > 0) hash.update(canonicalJson(identity));
  return hash.digest('hex');
}

export function startFindings(path: string, scan: Scan): Findings {
  const began = performance.now();
  const rejects = startRejects();
  const leaks: [string, string][] = [];
  const files: string[] = [];
  const seen = new Map<string, Repeated>();
  const copies = new CopySearch();
  let leakCount = 0;
  let duplicateCount = 0;
  let bytes = 0;
  let smallest: Size | null = null;
  let largest: Size | null = null;

  return {
    rejects,
    reject: rejects.add,
    picture({ digest, ...picture }) {
      const { split, name, width, height, label } = picture;
      smallest = extreme(smallest, [width, height], -1);
      largest = extreme(largest, [width, height], 1);
      // 96 bits: among 10^7 pictures two different ones share them with a chance below 10^-14.
      const key = digest.toString('latin1', 0, 12);
      const known = seen.get(key);
      copies.add({ ...picture, content: known?.content ?? seen.size });
      if (!known) {
        seen.set(key, { content: seen.size, first: name, splits: [split], label, count: 1, severalClasses: false });
        return;
      }
      known.count++;
      known.severalClasses ||= known.label !== label;
      if (known.splits.includes(split)) {
        duplicateCount++;
        return;
      }
      known.splits.push(split);
      leakCount++;
      if (leaks.length < listedLimit) leaks.push([printable(known.first), printable(name)]);
    },
    file(name, size, sha256) {
      bytes += size;
      files.push(`${JSON.stringify(name)} ${size}${sha256 === null ? '' : ` ${sha256}`}\n`);
    },
    async finish(stated) {
      const found = await findCopies(copies, stated, scan);
      const { reading = {} } = stated;
      const images = stated.splits.reduce((sum, split) => sum + split.images, 0);
      return {
        version: 1,
        dataset: images > 0 ? stated.dataset : null,
        title: stated.title,
        path: resolve(path),
        contents: stated.contents ?? 'checked',
        fingerprint: fingerprintOf(files, reading),
        expected: images > 0 ? [] : [...stated.expected],
        found: [...stated.found],
        splits: stated.splits.map((split) => ({ ...split, perClass: [...split.perClass] })),
        classes: [...stated.classes],
        channels: stated.channels,
        smallest: smallest && [...smallest],
        largest: largest && [...largest],
        bytes,
        rejects: [...rejects.list],
        rejectCount: rejects.count(),
        rejectKinds: rejects.kinds(),
        ...(Object.keys(reading).length > 0 && { reading }),
        choices: [...(stated.choices ?? [])],
        unused: [...(stated.unused ?? [])],
        warnings: [...(stated.warnings ?? []), ...pictureWarnings(seen.values(), found?.near.plain ?? 0, images)],
        leaks,
        leakCount,
        duplicateCount,
        nearDuplicates: found?.near ?? null,
        licence: stated.licence,
        source: stated.source,
        splitRule: stated.splitRule,
        seconds: (performance.now() - began) / 1000,
      };
    },
  };
}

/** The answer for a folder that no reader can use. @param several paths of data sets below it, to choose from */
export async function wrongFolder(
  path: string,
  expected: readonly Sentence[],
  several: readonly string[],
): Promise<Inspection> {
  const choice = said`${several.length} data sets: ${several.slice(0, 12).map(printable)}. Choose one of them`;
  const found = [...(await describeFolder(path)), ...(several.length > 0 ? [choice] : [])];
  return startFindings(path, { progress: () => undefined, signal: new AbortController().signal }).finish({
    dataset: '',
    title: '',
    expected,
    found,
    splits: [],
    classes: [],
    channels: null,
    licence: null,
    source: null,
    splitRule: null,
  });
}

export function countClasses(labels: Iterable<number>, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}
