/**
 * Inspects a listing before training. A small data set is read, decoded and hashed at once; for a large one, which
 * would take hours, names and sizes come first and the contents are checked on request.
 */
import { hash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { readPlainSync } from '../../durable/plain-file.ts';
import type { Inspection, Reading, SplitInspection } from '../../protocol/dataset.ts';
import { printable } from '../rejects.ts';
import type { DatasetRecipe, InspectProgress, ScanOptions } from '../../recipe.ts';
import { examineHere } from '../apart/examine-picture.ts';
import type { ExaminePicture, PictureFacts } from '../apart/picture-facts.ts';
import { imageHeader } from '../pixels/image-header.ts';
import { nameOf, placeOf, type Place } from './image-table.ts';
import { type ImageTable } from '../found-images.ts';
import { classWarnings } from './class-warnings.ts';
import { countClasses, describeFolder, hashFile, startFindings, type Findings } from './inspection-findings.ts';
import { inspectObjects, type ReadObjects } from './listed-objects.ts';
import { objectWarnings } from './object-sentences.ts';
import { isMissing } from '../../durable/files.ts';
import { throwIfCancelled } from '../cancellation.ts';
import { reasonOf } from '../unusable-image.ts';
import { startPictureNotes, type PictureNotes } from './picture-notes.ts';
import { openListing, readImage, type List, type ListedSplit } from './listing.ts';
import { createTimeSlices } from './time-slices.ts';
import { said, type Said, type Sentence } from '../../protocol/sentence.ts';

/** Up to this many images are checked automatically: minutes on one core. */
export const checkedUnasked = 50_000;

export interface ListingDescription {
  readonly dataset: string;
  readonly title: string;
  readonly expected: readonly Sentence[];
  readonly licence: string | null;
  readonly source: Said | null;
  /** The reason for a file that is not there, where a list and not the folder says which there are. */
  readonly absent?: Sentence;
  /** Reads what is annotated in an image, where a file says it of each. */
  readonly readObjects?: ReadObjects;
  /** An additional check of a readable file, such as its hash against a manifest's; returns the problem or null. */
  check?(path: string, sha256: string): Sentence | null;
}

/** Sizes of the files that stand for a picture that is elsewhere; pictures are larger. */
const [shortestPointer, longestPointer] = [40, 200];

/** Pictures decoded at the same time: enough to keep the decoder's threads busy, few enough to bound the memory. */
const inFlight = 4;

interface Contents extends PictureFacts {
  readonly digest: Buffer;
}
/** `contents` is null if they were not checked. */
type Verdict =
  | { readonly reason: Sentence; readonly digest: Buffer | null }
  | { readonly size: number; readonly contents: Contents | null };

const reasonFor = (error: unknown, absent: Sentence | undefined) =>
  absent !== undefined && isMissing(error) ? absent : reasonOf(error);

/** Where pictures are read and how they are examined. */
interface Examination {
  readonly folder: string;
  readonly absent: Sentence | undefined;
  readonly picture: ExaminePicture | undefined;
  readonly signal: AbortSignal;
}

async function examine(
  { folder, absent, picture = examineHere }: Examination,
  images: ImageTable,
  index: number,
): Promise<Verdict> {
  let digest: Buffer | null = null;
  try {
    const bytes = await readImage(folder, images, index);
    digest = hash('sha256', bytes, 'buffer');
    return { size: bytes.length, contents: { digest, ...(await picture(bytes)) } };
  } catch (error) {
    return { reason: reasonFor(error, absent), digest };
  }
}

/** Yields verdicts in the order of the images, working a few ahead. */
async function* examineAll(examination: Examination, images: ImageTable): AsyncGenerator<Verdict> {
  const started: Promise<Verdict>[] = [];
  for (let next = 0, i = 0; i < images.count; i++) {
    for (; next < images.count && next < i + inFlight; next++) {
      const begun = examine(examination, images, next);
      // A failure is reported in its turn; until then, and after a stop, it must not count as unhandled.
      begun.catch(() => undefined);
      started.push(begun);
    }
    const verdict = await started.shift()!;
    throwIfCancelled(examination.signal);
    yield verdict;
  }
}

function measure(folder: string, path: string, place: Place | null, absent?: Sentence): Verdict {
  try {
    // Not `path.join`, which takes as long as the stat itself.
    const size = place?.size ?? statSync(`${folder}/${path}`).size;
    if (size === 0) return { reason: said`the file is empty (0 bytes)`, digest: null };
    const isShort = place === null && size >= shortestPointer && size <= longestPointer;
    if (isShort) imageHeader(readPlainSync(`${folder}/${path}`, longestPointer));
    return { size, contents: null };
  } catch (error) {
    return { reason: reasonFor(error, absent), digest: null };
  }
}

type Recorder = (split: string, path: string, verdict: Verdict, label: number | undefined) => boolean;

/** Takes note of a verdict: true for an image that can be used. */
function recorderOf(
  findings: Findings,
  notes: PictureNotes,
  check: ListingDescription['check'],
  details: ScanOptions['details'],
): Recorder {
  return (split, path, verdict, label) => {
    const reject = (reason: Sentence, digest: Buffer | null): false => {
      findings.reject(path, reason);
      details?.damaged({ split, file: printable(path), reason, sha256: digest && digest.toString('hex') });
      return false;
    };
    if ('reason' in verdict) return reject(verdict.reason, verdict.digest);
    const { size, contents: seen } = verdict;
    const sha256 = seen && seen.digest.toString('hex');
    const doubt = sha256 && check?.(path, sha256);
    if (doubt) return reject(doubt, seen.digest);
    findings.file(path, size, sha256);
    if (seen) {
      const { digest, header, signature } = seen;
      const { width, height } = header;
      findings.picture({ split, name: path, digest, width, height, label, signature });
      notes.add(header);
    }
    return true;
  };
}

/** Takes note of the size of a picture that was looked at. */
function noteSize(sizes: Uint32Array, index: number, verdict: Verdict): void {
  if ('reason' in verdict || verdict.contents === null) return;
  const { width, height } = verdict.contents.header;
  sizes.set([width, height], index * 2);
}

/** Makes files beside the images part of the data set's identity. */
async function addDocuments(
  findings: Findings,
  folder: string,
  documents: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const path of documents)
    findings.file(path, statSync(join(folder, path)).size, await hashFile(join(folder, path), signal));
}

/** Usable images a class; empty without labels. */
function perClassOf({ labels }: ImageTable, usable: Uint8Array, classes: number): number[] {
  if (labels === null) return [];
  return countClasses(
    labels.filter((_, index) => usable[index] === 1),
    classes,
  );
}

export async function inspectListing(
  list: List,
  folder: string,
  description: ListingDescription,
  progress: InspectProgress,
  signal: AbortSignal,
  options: ScanOptions = {},
): Promise<Inspection> {
  const { contents = false, checkedUnasked: most = checkedUnasked, reading: asked = {}, details } = options;
  const { check, absent, readObjects, ...stated } = description;
  const findings = startFindings(folder, { progress, signal, details });
  // Numbers are in the order of the numbers, unless a person decided otherwise.
  const reading: Reading = { order: 'numeric', ...asked };
  const notes = startPictureNotes(reading);
  const slices = createTimeSlices(progress, signal);
  await slices.next(0, null);
  const {
    classes,
    title,
    found,
    unused,
    warnings = [],
    choices = [],
    ...listing
  } = await list(folder, findings.rejects, slices, reading);
  const total = listing.splits.reduce((sum, { images }) => sum + images.count, 0);
  const checks = contents || total <= most;
  let done = 0;
  const record = recorderOf(findings, notes, check, details);

  /** Checks all images of a split, or takes their sizes; 1 for each that can be used. */
  async function usableOf({ split, images }: ListedSplit, sizes: Uint32Array): Promise<Uint8Array> {
    const usable = new Uint8Array(images.count);
    if (checks) {
      let index = 0;
      for await (const verdict of examineAll({ folder, absent, signal, picture: options.examine }, images)) {
        if (++done === total || slices.due()) await slices.next(done, total);
        noteSize(sizes, index, verdict);
        usable[index] = Number(record(split, nameOf(images, index), verdict, images.labels?.[index]));
        index++;
      }
      return usable;
    }
    for (let index = 0; index < images.count; index++, done++) {
      if (slices.due()) await slices.next(done, total);
      const path = nameOf(images, index);
      usable[index] = Number(record(split, path, measure(folder, path, placeOf(images, index), absent), undefined));
    }
    return usable;
  }

  await addDocuments(findings, folder, listing.documents ?? [], signal);
  const splits: SplitInspection[] = [];
  for (const listed of listing.splits) {
    const { split, images } = listed;
    const sizes = new Uint32Array(images.count * 2);
    const usable = await usableOf(listed, sizes);
    const objects = await inspectObjects(folder, { ...listed, classes, usable, sizes }, readObjects, slices);
    splits.push({
      split,
      images: usable.reduce((sum, each) => sum + each, 0),
      perClass: perClassOf(images, usable, classes.length),
      ...(objects && { objects }),
    });
  }
  return findings.finish({
    ...stated,
    title: title ?? stated.title,
    found: [...(await describeFolder(folder)), ...found, ...notes.sentences()],
    splits,
    classes,
    warnings: [...warnings, ...objectWarnings(splits), ...classWarnings(classes, splits)],
    unused: unused ?? [],
    choices: [...choices, ...notes.choices()],
    reading: choices.some(({ about }) => about === 'order') ? reading : asked,
    channels: 3,
    splitRule: listing.splitRule,
    contents: checks ? 'checked' : 'listed',
  });
}

/** The reader of a recipe that only defines a listing. */
export function readerOfListing(list: List, description: ListingDescription): Pick<DatasetRecipe, 'inspect' | 'open'> {
  return {
    inspect: (folder, progress, signal, options) =>
      inspectListing(list, folder, description, progress, signal, options),
    open: (folder, split, options) => openListing(list, folder, split, options, description.readObjects),
  };
}
