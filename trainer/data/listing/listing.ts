/**
 * Listing of a folder of encoded images, whatever the layout: splits of images, classes, and unusable files. Every
 * reader of image files is a function that creates a listing; opening and inspecting are shared.
 */
import { join } from 'node:path';
import { openPlain } from '../../durable/plain-file.ts';
import { FaultError } from '../../durable/fault-error.ts';
import type { Reading, ReadingChoice, Unused } from '../../protocol/dataset.ts';
import { classTarget, type OpenDataset, type OpenOptions } from '../../recipe.ts';
import { readFault } from '../damaged-image.ts';
import { UnusableImage } from '../unusable-image.ts';
import { nameOf, placeOf, selected, type TableBuilder } from './image-table.ts';
import { type FoundImages } from '../found-images.ts';
import { type ImageTable } from '../found-images.ts';
import { startRejects } from '../rejects.ts';
import { type Rejects } from '../rejects.ts';
import { printable } from '../rejects.ts';
import { reasonOf } from '../unusable-image.ts';
import { imageLeafOf } from '../formats/parquet.ts';
import type { Leaf } from '../formats/parquet-columns.ts';
import { unpacked, valueIn } from '../formats/parquet-pages.ts';
import { inOrder } from './class-order.ts';
import { objectsIn, type AnnotatedSplit, type ReadObjects } from './listed-objects.ts';
import { createTimeSlices, type TimeSlices } from './time-slices.ts';
import { inEnglish, said, type Sentence } from '../../protocol/sentence.ts';

export interface ListedSplit {
  readonly split: string;
  readonly images: ImageTable;
  /** Where one file says what is annotated in them all. */
  readonly annotated?: AnnotatedSplit;
}

export interface Listing {
  readonly splits: readonly ListedSplit[];
  readonly classes: readonly string[];
  /** Title, if more specific than its reader's. */
  readonly title?: string;
  readonly found: readonly Sentence[];
  /** What is odd about its classes. */
  readonly warnings?: readonly Sentence[];
  /** Folders and kinds of files that hold pictures and are not used. */
  readonly unused?: readonly Unused[];
  /** Other ways to read the folder. */
  readonly choices?: readonly ReadingChoice[];
  /** Files beside the images that are part of the data, by their paths. */
  readonly documents?: readonly string[];
  /** The rule for the validation split, if there was none. */
  readonly splitRule: Sentence | null;
}

/** Lists a folder. Unusable files go to `rejects`; an error that makes the whole folder unreadable is thrown. */
export type List = (folder: string, rejects: Rejects, slices: TimeSlices, reading: Reading) => Promise<Listing>;

/** A split being listed; its labels are indices into `names`, its own classes. Without names it has no labels. */
export interface Draft {
  readonly split: string;
  readonly images: TableBuilder;
  readonly names: readonly string[] | null;
}

/** Names by their composed form (NFC), which is the same for both ways to write an accent. */
function classNames(names: Iterable<string>): ReadonlyMap<string, string> {
  const byForm = new Map<string, string>();
  for (const name of names) {
    const form = name.normalize('NFC');
    const known = byForm.get(form);
    byForm.set(form, known === undefined || known === name ? name : form);
  }
  return byForm;
}

/** Names that only differ in how their accents are written. */
const writtenTwice = (names: ReadonlySet<string>): readonly string[] => [
  ...new Set(
    [...names].flatMap((name) => {
      const form = name.normalize('NFC');
      return form !== name && names.has(form) ? [form] : [];
    }),
  ),
];

/**
 * Classes are the union over the splits, in order of their names, so that a class has one number in all of them. A name in
 * two Unicode forms is one class.
 */
export function united(
  drafts: readonly Draft[],
  rejects: Rejects,
  order?: Reading['order'],
): Pick<Listing, 'splits' | 'classes'> & { readonly warnings: readonly Sentence[] } {
  const all = new Set(drafts.flatMap(({ names }) => names ?? []));
  const byForm = classNames(all);
  const classes = inOrder([...byForm.values()], order);
  const numbers = new Map(classes.map((name, number) => [name, number]));
  const splits = drafts.map(({ split, images, names }) => {
    const own = names?.map((name) => numbers.get(byForm.get(name.normalize('NFC'))!)!) ?? null;
    return { split, images: images.finish(own && ((label) => own[label]!)) };
  });
  const trained = new Set(splits.find(({ split }) => split === 'train')?.images.labels);
  for (const { split, images } of splits) {
    if (trained.size === 0) break;
    for (const label of new Set(images.labels)) {
      if (!trained.has(label)) rejects.add(`${split}/${classes[label]}/`, said`a class without pictures in train`);
    }
  }
  const warnings = writtenTwice(all).map(
    (name) =>
      said`Two folders are called ${printable(name)} in different Unicode forms (NFC and NFD): they are one class.`,
  );
  return { splits, classes, warnings };
}

/** Maximum size of a picture on disk: no real one is larger, and no file may fill the memory. */
export const largestFileBytes = 256 << 20;

/** Throws UnusableImage for a file too large to be read. */
export function expectImageSize(size: number): void {
  if (size > largestFileBytes)
    throw new UnusableImage(
      said`it has ${size} bytes; an image may have at most ${largestFileBytes}: save it compressed, or cut it into tiles`,
    );
}

/** The file an image lies in: its own, or an archive. */
const pathOf = (folder: string, images: ImageTable, index: number): string =>
  join(folder, placeOf(images, index)?.archive ?? nameOf(images, index));

/** The encoded bytes of an image: a whole file, or a part of an archive. */
export async function readImage(folder: string, images: ImageTable, index: number): Promise<Buffer> {
  return (await readStored(folder, images, index)).bytes;
}

async function readStored(folder: string, images: ImageTable, index: number) {
  const place = placeOf(images, index);
  const path = pathOf(folder, images, index);
  const { file, found } = await openPlain(path);
  try {
    const { size: whole, mtimeMs: writtenAt } = found;
    const size = place === null ? whole : (place.page?.bytes ?? place.size);
    expectImageSize(size);
    if (place === null) return { bytes: await file.readFile(), writtenAt };
    const bytes = Buffer.alloc(size);
    const { bytesRead } = await file.read(bytes, 0, size, place.offset);
    if (bytesRead < size) throw new UnusableImage(said`its archive is now shorter and ends inside it`);
    return { bytes: place.page === undefined ? bytes : unpack(bytes, place.page.row, images, path), writtenAt };
  } finally {
    await file.close();
  }
}

/** What is known of the archives of a listing, once per thread. */
interface KnownPages {
  /** Decoder settings for each archive, from its footer. */
  readonly leaves: Map<string, Leaf>;
  /** The page unpacked last: the pictures of a page usually follow each other, and may be thousands. */
  last: { readonly archive: string; readonly page: Buffer; readonly values: ReturnType<typeof unpacked> } | null;
}
const knownPages = new WeakMap<ImageTable, KnownPages>();

function unpack(page: Buffer, row: number, images: ImageTable, archive: string): Buffer {
  const known: KnownPages = knownPages.get(images) ?? { leaves: new Map(), last: null };
  knownPages.set(images, known);
  const leaf = known.leaves.get(archive) ?? imageLeafOf(archive);
  known.leaves.set(archive, leaf);
  if (known.last?.archive !== archive || !known.last.page.equals(page))
    known.last = { archive, page, values: unpacked(page, leaf) };
  const value = valueIn(known.last.values, row);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

async function findImages(
  list: List,
  folder: string,
  split: string,
  { exclude = [], reading = {} }: OpenOptions,
): Promise<FoundImages> {
  const rejects = startRejects();
  const slices = createTimeSlices(() => undefined, new AbortController().signal);
  const { splits, classes } = await list(folder, rejects, slices, reading).catch((error: unknown) => {
    if (error instanceof FaultError) throw error;
    throw new FaultError('not-found', `${folder}: ${inEnglish(reasonOf(error))}.`, { path: folder }, { cause: error });
  });
  const found = splits.find((each) => each.split === split);
  if (!found) {
    const known = splits.map((each) => each.split).join(', ') || 'none';
    const why = rejects.list.map(({ file, reason }) => ` ${file}: ${inEnglish(reason)}.`)[0] ?? '';
    throw new FaultError('not-found', `${folder} has no split "${split}". It has: ${known}.${why}`, {
      path: folder,
      split,
    });
  }
  const { images, annotated } = found;
  if (exclude.length === 0)
    return { classes, images, ...(annotated && { objects: { table: annotated.table, rows: null } }) };
  const excluded = new Set(exclude);
  const keeps = (index: number) => !excluded.has(printable(nameOf(images, index)));
  return {
    classes,
    images: selected(images, keeps),
    ...(annotated && { objects: { table: annotated.table, rows: rowsOf(images.count, keeps) } }),
  };
}

function rowsOf(count: number, keeps: (index: number) => boolean): Uint32Array<SharedArrayBuffer> {
  const kept = Array.from({ length: count }, (_, index) => index).filter(keeps);
  const rows = new Uint32Array(new SharedArrayBuffer(kept.length * 4));
  rows.set(kept);
  return rows;
}

export async function openListing(
  list: List,
  folder: string,
  split: string,
  options: OpenOptions = {},
  readObjects?: ReadObjects,
): Promise<OpenDataset> {
  const found = options.found ?? (await findImages(list, folder, split, options));
  const { classes, images } = found;
  const objects = objectsIn(folder, found, readObjects);
  const { labels } = images;
  const deepGrey = options.reading?.deepGrey;
  return {
    count: images.count,
    classes,
    channels: 3,
    found,
    ...(objects && { objects: (index) => objects(index) }),
    labels: async () => labels && Int32Array.from(labels),
    async sample(index) {
      const name = printable(nameOf(images, index));
      try {
        const { bytes, writtenAt } = await readStored(folder, images, index);
        return {
          image: { kind: 'encoded', bytes, ...(deepGrey && { deepGrey }) },
          target: classTarget(labels?.[index]),
          name,
          writtenAt,
        };
      } catch (error) {
        throw readFault(name, pathOf(folder, images, index), error);
      }
    },
    close: async () => undefined,
  };
}
