/** Lists of the classes of ILSVRC 2012's validation pictures, in the formats in circulation. */
import { join } from 'node:path';
import * as v from 'valibot';
import { UnusableImage } from '../unusable-image.ts';
import { type Rejects } from '../rejects.ts';
import { reasonOf } from '../unusable-image.ts';
import { readMatTable } from '../formats/mat-file.ts';
import { textsOf } from '../formats/numpy-pickle.ts';
import { readTorchObject } from '../formats/torch-object.ts';
import { readSmallFile } from '../formats/small-file.ts';
import { packedKit } from './packed-kit.ts';
import { asIs, quoted, said, type Sentence } from '../../protocol/sentence.ts';

/** Either one list of pictures and WordNet ids, or two: ILSVRC ids in the order of the pictures, and their meanings. */
const validationLists = ['LOC_val_solution.csv', 'val.txt'];
/** Line n is the WordNet id of picture n, as TensorFlow's scripts have it. */
const labelList = 'imagenet_2012_validation_synset_labels.txt';
/** The words of classes, and the WordNet ids of the validation pictures in their order, as torchvision keeps them. */
const torchvisionMeta = 'meta.bin';
/** Line n is the WordNet id of class n, from 0, as Caffe's scripts have it. */
const numberedLists = ['synsets.txt', 'synset_words.txt'];
const groundTruth = 'ILSVRC2012_validation_ground_truth.txt';
const synsetLists = ['meta.mat', 'map_clsloc.txt', 'synsets.txt'];
/** Their locations: in the folder itself or in the development kit. */
const places = ['', 'ILSVRC2012_devkit_t12/data/', 'devkit/data/'];
/** The longest, LOC_val_solution.csv, has 2 MB. */
const longestList = 64 << 20;

/** One of these names. */
const either = ([first = '', ...others]: readonly string[]): Sentence =>
  others.reduce((all, name) => said`${all} or ${name}`, asIs(first));

export const listsNeeded = said`${either(validationLists)} (an image and its WordNet id per line), ${labelList}, torchvision's ${torchvisionMeta}, or ${groundTruth} with ${either(synsetLists)} (ILSVRC ids and their WordNet ids), as in the development kit`;

const linesOf = (bytes: Buffer) =>
  bytes
    .toString('utf8')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '');
const shown = (line: string) => quoted(JSON.stringify(line.slice(0, 80)));

/**
 * `ILSVRC2012_val_00048981,n03995372 85 1 499 272`, or just name and id, or name and number of the class; a header line is
 * allowed.
 */
function readValidationList(bytes: Buffer, numbered: readonly string[] | null): ReadonlyMap<number, string> {
  const lines = linesOf(bytes);
  const rows = lines[0]?.startsWith('ImageId,') ? lines.slice(1) : lines;
  return new Map(
    rows.map((line) => {
      const match = /^(?:val\/)?ILSVRC2012_val_(\d{8})(?:\.JPEG)?[\s,]+(?:(n\d{8})\b|(\d{1,3})\s*$)/.exec(line);
      const synset = match?.[2] ?? numbered?.[Number(match?.[3])];
      if (!match || synset === undefined)
        throw new UnusableImage(said`${shown(line)} is not the name of a validation image with a WordNet id`);
      return [Number(match[1]), synset];
    }),
  );
}

/** The WordNet ids that lines begin with, in their order; null if a line does not. */
function idsOf(bytes: Buffer): readonly string[] | null {
  const ids = linesOf(bytes).map((line) => /^n\d{8}(?=\s|$)/.exec(line)?.[0]);
  return ids.every((each) => each !== undefined) ? ids : null;
}

function readLabelList(bytes: Buffer): ReadonlyMap<number, string> {
  const ids = idsOf(bytes);
  if (ids === null) throw new UnusableImage(said`it is not a list of one WordNet id per line`);
  return new Map(ids.map((synset, index) => [index + 1, synset]));
}

/** `n02119789 1 kit_fox`, or the number first. A list without numbers need not be in the order of the ILSVRC ids. */
function readSynsetList(bytes: Buffer): ReadonlyMap<number, string> {
  return new Map(
    linesOf(bytes).map((line) => {
      const [first = '', second = ''] = line.split(/[\s,]+/);
      const [number, synset] = first.startsWith('n') ? [second, first] : [first, second];
      if (!/^\d+$/.test(number) || !/^n\d{8}$/.test(synset))
        throw new UnusableImage(said`${shown(line)} is not an ILSVRC id with a WordNet id`);
      return [Number(number), synset];
    }),
  );
}

/** The table of the development kit. */
function readMeta(bytes: Buffer): ReadonlyMap<number, string> {
  return new Map(
    readMatTable(bytes, 'synsets').map(({ ILSVRC2012_ID: id, WNID: synset }, row) => {
      if (typeof id !== 'number' || typeof synset !== 'string')
        throw new UnusableImage(said`row ${row + 1} of its synsets has no ILSVRC2012_ID with a WNID`);
      return [id, synset];
    }),
  );
}

/** Line n holds the ILSVRC id of picture n. */
function readGroundTruth(bytes: Buffer, synsets: ReadonlyMap<number, string>): ReadonlyMap<number, string> {
  return new Map(
    linesOf(bytes).map((line, index) => {
      const synset = synsets.get(Number(line));
      if (synset === undefined)
        throw new UnusableImage(said`${shown(line)} in line ${index + 1} is not a known ILSVRC id`);
      return [index + 1, synset];
    }),
  );
}

function readTorchvisionMeta(bytes: Buffer): ReadonlyMap<number, string> {
  const value = readTorchObject(bytes);
  const ids = Array.isArray(value) ? textsOf(value[1]) : null;
  if (ids === null || ids.length === 0 || !ids.every((id) => /^n\d{8}$/.test(id)))
    throw new UnusableImage(said`it does not hold the WordNet ids of validation pictures, as torchvision writes it`);
  return new Map(ids.map((id, at) => [at + 1, id]));
}

interface ValidationClasses {
  /** The list in which they were found. */
  readonly list: string;
  /** WordNet ids by the number of the picture. */
  readonly synsets: ReadonlyMap<number, string>;
}

/** Where lists are looked for. */
interface Shelf {
  readonly folder: string;
  readonly rejects: Rejects;
  /** Paths below the folder, with `/`; '' is the folder itself. */
  readonly places: readonly string[];
  /** Files of a development kit that is still packed, by their paths below the folder. */
  readonly packed: ReadonlyMap<string, Buffer>;
}

async function bytesOf({ folder, packed }: Shelf, list: string): Promise<Buffer | null> {
  return (await readSmallFile(join(folder, list), longestList)) ?? packed.get(list) ?? null;
}

/** Reads the first of these lists that exists and is readable; unreadable ones are rejected. */
async function readFirst(
  shelf: Shelf,
  names: readonly string[],
  parse: (bytes: Buffer, name: string) => ReadonlyMap<number, string> | Promise<ReadonlyMap<number, string>>,
): Promise<ValidationClasses | null> {
  for (const list of shelf.places.flatMap((place) => names.map((name) => place + name))) {
    try {
      const bytes = await bytesOf(shelf, list);
      if (bytes !== null) return { list, synsets: await parse(bytes, list) };
    } catch (error) {
      shelf.rejects.add(list, reasonOf(error));
    }
  }
  return null;
}

/** Ids by the numbers of Caffe's lists; null if no such list is there. */
async function numberedIds(shelf: Shelf): Promise<readonly string[] | null> {
  for (const list of shelf.places.flatMap((place) => numberedLists.map((name) => place + name))) {
    const bytes = await bytesOf(shelf, list);
    const ids = bytes && idsOf(bytes);
    if (ids) return ids;
  }
  return null;
}

/** Folders from the root down to those where pictures lie, and the development kit in each. */
const placesBeside = (beside: readonly string[]): readonly string[] => {
  const folders = beside.flatMap((path) => path.split('/').map((_, at, parts) => parts.slice(0, at + 1).join('/')));
  return [...new Set(['', ...folders.filter((path) => path !== '' && path !== '.').map((path) => `${path}/`)])].flatMap(
    (folder) => places.map((place) => folder + place),
  );
};

/** `beside`: folders below the root, where lists may lie as well as in it. Null if no such list can be read. */
export async function readValidationClasses(
  folder: string,
  rejects: Rejects,
  beside: readonly string[] = [],
): Promise<ValidationClasses | null> {
  const all = placesBeside(beside);
  const shelf: Shelf = { folder, rejects, places: all, packed: packedKit(folder, all, rejects) };
  const numbers = await numberedIds(shelf);
  const named = await readFirst(shelf, validationLists, (bytes) => readValidationList(bytes, numbers));
  if (named) return named;
  const labels = await readFirst(shelf, [labelList], readLabelList);
  if (labels) return labels;
  const meta = await readFirst(shelf, [torchvisionMeta], readTorchvisionMeta);
  if (meta) return meta;
  const numbered = await readFirst(shelf, synsetLists, (bytes, list) =>
    list.endsWith('.mat') ? readMeta(bytes) : readSynsetList(bytes),
  );
  return numbered && readFirst(shelf, [groundTruth], (bytes) => readGroundTruth(bytes, numbered.synsets));
}

/** Lists of the words for WordNet ids, besides those of the development kit. */
const wordLists = [
  'LOC_synset_mapping.txt',
  'synset_words.txt',
  'meta.mat',
  'map_clsloc.txt',
  'words.txt',
  'Labels.json',
];

/** `n01440764 tench, Tinca tinca`, or `n02119789 1 kit_fox`. */
function readWordList(bytes: Buffer): ReadonlyMap<string, string> {
  const rows = linesOf(bytes).flatMap((line) => {
    const match = /^(n\d{8})\s+(?:\d+\s+)?([^,]+)/.exec(line);
    return match ? [[match[1]!, match[2]!.trim().replaceAll('_', ' ')] as const] : [];
  });
  return new Map(rows);
}

/** `{"n01440764": "tench, Tinca tinca"}`. */
function readWordObject(bytes: Buffer): ReadonlyMap<string, string> {
  const parsed = v.safeParse(
    v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.string())),
    bytes.toString('utf8'),
  );
  const rows = parsed.success ? Object.entries(parsed.output) : [];
  return new Map(rows.flatMap(([id, words]) => (/^n\d{8}$/.test(id) ? [[id, words.split(',')[0]!.trim()]] : [])));
}

function readWords(bytes: Buffer, list: string): ReadonlyMap<string, string> {
  if (list.endsWith('.mat')) return readWordTable(bytes);
  return list.endsWith('.json') ? readWordObject(bytes) : readWordList(bytes);
}

function readWordTable(bytes: Buffer): ReadonlyMap<string, string> {
  const rows = readMatTable(bytes, 'synsets').flatMap(({ WNID: synset, words }) =>
    typeof synset === 'string' && typeof words === 'string' ? [[synset, words.split(',')[0]!.trim()] as const] : [],
  );
  return new Map(rows);
}

/**
 * The first word for each WordNet id, from the first such list that exists; empty if none does or it cannot be read.
 */
export async function readClassWords(
  folder: string,
  beside: readonly string[] = [],
): Promise<ReadonlyMap<string, string>> {
  for (const list of placesBeside(beside).flatMap((place) => wordLists.map((name) => place + name))) {
    try {
      const bytes = await readSmallFile(join(folder, list), longestList);
      const words = bytes && readWords(bytes, list);
      if (words && words.size > 0) return words;
    } catch (error) {
      // Names are only for display: errors in a list are reported when labels are read from it.
      if (!(error instanceof UnusableImage)) throw error;
    }
  }
  return new Map();
}
