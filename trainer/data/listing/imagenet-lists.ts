/** Lists of the classes of ILSVRC 2012's validation pictures, in the formats in circulation. */
import { join } from 'node:path';
import { UnusableImage } from '../unusable-image.ts';
import { type Rejects } from '../rejects.ts';
import { reasonOf } from '../unusable-image.ts';
import { readMatTable } from '../formats/mat-file.ts';
import { readSmallFile } from '../formats/small-file.ts';

/** Either one list of pictures and WordNet ids, or two: ILSVRC ids in the order of the pictures, and their meanings. */
const validationLists = ['LOC_val_solution.csv', 'val.txt'];
const groundTruth = 'ILSVRC2012_validation_ground_truth.txt';
const synsetLists = ['meta.mat', 'map_clsloc.txt', 'synsets.txt'];
/** Their locations: in the folder itself or in the development kit. */
const places = ['', 'ILSVRC2012_devkit_t12/data/', 'devkit/data/'];
/** The longest, LOC_val_solution.csv, has 2 MB. */
const longestList = 64 << 20;

export const listsNeeded =
  `${validationLists.join(' or ')} (an image and its WordNet id per line), ` +
  `or ${groundTruth} with ${synsetLists.join(' or ')} (ILSVRC ids and their WordNet ids), as in the development kit`;

const linesOf = (bytes: Buffer) =>
  bytes
    .toString('utf8')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '');
const shown = (line: string) => JSON.stringify(line.slice(0, 80));

/** `ILSVRC2012_val_00048981,n03995372 85 1 499 272`, or just name and id; a header line is allowed. */
function readValidationList(bytes: Buffer): ReadonlyMap<number, string> {
  const lines = linesOf(bytes);
  const rows = lines[0]?.startsWith('ImageId,') ? lines.slice(1) : lines;
  return new Map(
    rows.map((line) => {
      const match = /^ILSVRC2012_val_(\d{8})(?:\.JPEG)?[\s,]+(n\d{8})\b/.exec(line);
      if (!match) throw new UnusableImage(`${shown(line)} is not the name of a validation image with a WordNet id`);
      return [Number(match[1]), match[2]!];
    }),
  );
}

/** `n02119789 1 kit_fox`, or the number first. A list without numbers need not be in the order of the ILSVRC ids. */
function readSynsetList(bytes: Buffer): ReadonlyMap<number, string> {
  return new Map(
    linesOf(bytes).map((line) => {
      const [first = '', second = ''] = line.split(/[\s,]+/);
      const [number, synset] = first.startsWith('n') ? [second, first] : [first, second];
      if (!/^\d+$/.test(number) || !/^n\d{8}$/.test(synset))
        throw new UnusableImage(`${shown(line)} is not an ILSVRC id with a WordNet id`);
      return [Number(number), synset];
    }),
  );
}

/** The table of the development kit. */
function readMeta(bytes: Buffer): ReadonlyMap<number, string> {
  return new Map(
    readMatTable(bytes, 'synsets').map(({ ILSVRC2012_ID: id, WNID: synset }, row) => {
      if (typeof id !== 'number' || typeof synset !== 'string')
        throw new UnusableImage(`row ${row + 1} of its synsets has no ILSVRC2012_ID with a WNID`);
      return [id, synset];
    }),
  );
}

/** Line n holds the ILSVRC id of picture n. */
function readGroundTruth(bytes: Buffer, synsets: ReadonlyMap<number, string>): ReadonlyMap<number, string> {
  return new Map(
    linesOf(bytes).map((line, index) => {
      const synset = synsets.get(Number(line));
      if (synset === undefined) throw new UnusableImage(`${shown(line)} in line ${index + 1} is not a known ILSVRC id`);
      return [index + 1, synset];
    }),
  );
}

interface ValidationClasses {
  /** The list in which they were found. */
  readonly list: string;
  /** WordNet ids by the number of the picture. */
  readonly synsets: ReadonlyMap<number, string>;
}

/** Reads the first of these lists that exists and is readable; unreadable ones are rejected. */
async function readFirst(
  folder: string,
  names: readonly string[],
  rejects: Rejects,
  parse: (bytes: Buffer, name: string) => ReadonlyMap<number, string>,
): Promise<ValidationClasses | null> {
  for (const list of places.flatMap((place) => names.map((name) => place + name))) {
    try {
      const bytes = await readSmallFile(join(folder, list), longestList);
      if (bytes !== null) return { list, synsets: parse(bytes, list) };
    } catch (error) {
      rejects.add(list, reasonOf(error));
    }
  }
  return null;
}

/** Null if no such list can be read. */
export async function readValidationClasses(folder: string, rejects: Rejects): Promise<ValidationClasses | null> {
  const named = await readFirst(folder, validationLists, rejects, readValidationList);
  if (named) return named;
  const numbered = await readFirst(folder, synsetLists, rejects, (bytes, list) =>
    list.endsWith('.mat') ? readMeta(bytes) : readSynsetList(bytes),
  );
  return numbered && readFirst(folder, [groundTruth], rejects, (bytes) => readGroundTruth(bytes, numbered.synsets));
}

/** Lists of the words for WordNet ids, besides those of the development kit. */
const wordLists = ['LOC_synset_mapping.txt', 'synset_words.txt', 'meta.mat', 'map_clsloc.txt'];

/** `n01440764 tench, Tinca tinca`, or `n02119789 1 kit_fox`. */
function readWordList(bytes: Buffer): ReadonlyMap<string, string> {
  const rows = linesOf(bytes).flatMap((line) => {
    const match = /^(n\d{8})\s+(?:\d+\s+)?([^,]+)/.exec(line);
    return match ? [[match[1]!, match[2]!.trim().replaceAll('_', ' ')] as const] : [];
  });
  return new Map(rows);
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
export async function readClassWords(folder: string): Promise<ReadonlyMap<string, string>> {
  for (const list of places.flatMap((place) => wordLists.map((name) => place + name))) {
    try {
      const bytes = await readSmallFile(join(folder, list), longestList);
      const words = bytes && (list.endsWith('.mat') ? readWordTable(bytes) : readWordList(bytes));
      if (words && words.size > 0) return words;
    } catch (error) {
      // Names are only for display: errors in a list are reported when labels are read from it.
      if (!(error instanceof UnusableImage)) throw error;
    }
  }
  return new Map();
}
