/** Splits and classes given by lists: `train.txt` and `val.csv`, or one list of the pictures and their classes. */
import { extname, join } from 'node:path';
import { whyUnsafe } from '../formats/unsafe-path.ts';
import { UnusableImage } from '../unusable-image.ts';
import { hasPictures, peek, visibleFolders, type Child, type Walk } from './folder-walk.ts';
import { startTable, type TableBuilder } from './image-table.ts';
import type { Draft } from './listing.ts';
import { asPath, labelIn, listFile, splitOf, type ListFile } from './list-files.ts';
import { listEndings, rowsIn } from './list-rows.ts';
import { notInFolder, presenceIn } from './presence.ts';
import { splitInName } from './split-names.ts';
import { asIs, said, type Sentence } from '../../protocol/sentence.ts';

export interface ListPlan {
  readonly kind: 'lists';
  readonly base: string;
  readonly lists: readonly ListFile[];
  /** Folders of splits of whose pictures no list states the class. */
  readonly unlabelled?: readonly PlannedSplit[];
}

export interface PlannedSplit {
  readonly split: string;
  /** The folders of its classes; several are parts of one split. */
  readonly folders: readonly string[];
}

/** Words of a list's name, beside that of its split, that do not make it another list. */
const listWords =
  /^(list|lists|file|files|filelist|label|labels|path|paths|gt|annotation|annotations|index|meta|names| )*$/;
const listFolders = /split|list|meta|anno|label|imagesets|partition/i;
/** Files that are looked into for classes. */
const mostLists = 32;

/** Null for a file that is no text, or cannot be read. */
function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** A folder that is looked at; its entries are read once, for they may be a million. */
export interface Level {
  readonly base: string;
  readonly entries: readonly Child[];
  /** The folders among them that are not hidden. */
  readonly folders: readonly Child[];
}

export function levelAt(root: string, base: string): Level {
  const entries = peek(root, base);
  return { base, entries, folders: visibleFolders(entries) };
}

/** The folder itself and folders for lists in it, with their entries. */
function* homesOf(root: string, { base, entries, folders }: Level): Generator<readonly [string, readonly Child[]]> {
  yield [base, entries];
  for (const { name, path } of folders) if (listFolders.test(name)) yield [path, peek(root, path)];
}

const listsAmong = (entries: readonly Child[]): readonly (Child & { readonly stem: string })[] =>
  entries.flatMap((child) => {
    const ending = extname(child.name);
    const isList = child.kind === 'file' && listEndings.has(ending.toLowerCase());
    return isList ? [{ ...child, stem: child.name.slice(0, -ending.length) }] : [];
  });

/** Where the pictures of a list may lie. */
const placesFor = (base: string, home: string, folders: readonly Child[]): readonly string[] => {
  const prefix = base === '' ? '' : `${base}/`;
  return [...new Set([prefix, home === '' ? '' : `${home}/`, ...folders.map(({ path }) => `${path}/`)])];
};

/** The lists of a folder, or of a folder for lists in it: those of train and of another split. Null if there are none. */
export function splitLists(root: string, level: Level): ListPlan | null {
  const { base, folders } = level;
  for (const [home, entries] of homesOf(root, level)) {
    const candidates = listsAmong(entries).flatMap(({ stem, path }) => {
      const found = splitInName(stem);
      return found === null || !(found.isPlain || listWords.test(found.rest)) ? [] : [{ split: found.split, path }];
    });
    if (new Set(candidates.map(({ split }) => split)).size < 2) continue;
    const places = placesFor(base, home, folders);
    const lists = new Map<string, ListFile>();
    for (const { split, path } of candidates) {
      const list = lists.has(split) ? null : readable(() => listFile(root, split, path, places));
      if (list !== null) lists.set(split, list);
    }
    if (lists.size > 1 && lists.has('train')) return { kind: 'lists', base, lists: [...lists.values()] };
  }
  return null;
}

/**
 * The list that gives the pictures of a folder, or of folders in it, their classes. Null if there is none, or if class folders
 * do. Of several the first counts that names a split, for it is of that split, and lists of further splits with it.
 */
export function labelLists(root: string, level: Level): ListPlan | null {
  const { base, folders } = level;
  const flat = folders.filter(({ path }) => hasPictures(root, path));
  const hasSplitsAlone = flat.every(({ name }) => splitInName(name) !== null);
  if (flat.length > 1 && !hasSplitsAlone && !hasPictures(root, base)) return null;
  const lists: ListFile[] = [];
  for (const [home, entries] of homesOf(root, level))
    for (const { stem, path } of listsAmong(entries).slice(0, mostLists)) {
      const split = splitInName(stem)?.split ?? null;
      const list = readable(() => listFile(root, split, path, placesFor(base, home, folders)));
      if (list !== null && list.columns.label !== null && !lists.some((one) => one.split === split)) lists.push(list);
    }
  const named = lists.filter(({ split, columns }) => split !== null && columns.split === null);
  const chosen = named.some(({ split }) => split === 'train') ? named : lists.filter(({ split }) => split === null);
  return chosen.length === 0 ? null : { kind: 'lists', base, lists: chosen };
}

/** The split that a folder above a picture is called by, else train. */
const splitOfFolder = (path: string): string =>
  path
    .split('/')
    .slice(0, -1)
    .map((name) => splitOf(name))
    .find((split) => split !== null) ?? 'train';

/** The class of a picture by the folder it lies in. */
const folderOf = (path: string) => path.split('/').at(-2) ?? '';

interface SplitDraft {
  readonly images: TableBuilder;
  readonly names: string[];
  readonly numbers: Map<string, number>;
}

/** Lists the pictures of one list, by split. Pictures that are not there are rejected. Labels are those of the list, or else the folders. */
async function draftList(
  walk: Walk,
  { split, path: file, places, columns }: ListFile,
  byFolder: boolean,
  isThere: (path: string) => boolean,
): Promise<readonly Draft[]> {
  const drafts = new Map<string, SplitDraft>();
  const draftFor = (name: string): SplitDraft => {
    const known = drafts.get(name) ?? { images: startTable(), names: [], numbers: new Map<string, number>() };
    drafts.set(name, known);
    return known;
  };
  let skips = columns.hasHeader;
  let count = 0;
  for (const row of rowsIn(join(walk.root, file))) {
    if (walk.slices.due()) await walk.slices.next(count, null);
    if (skips) {
      skips = false;
      continue;
    }
    const stated = asPath(row[columns.path] ?? '');
    const trouble = whyUnsafe(stated);
    const place = places.find((each) => trouble === null && isThere(each + stated + columns.ending));
    const path = (place ?? places[0]!) + stated + columns.ending;
    const label = byFolder ? folderOf(path) : labelIn(row, columns);
    const own = columns.split === null ? (split ?? splitOfFolder(path)) : splitOf(row[columns.split]);
    if (trouble !== null) walk.rejects.add(stated, trouble);
    else if (place === undefined) walk.rejects.add(path, notInFolder);
    else if (label === undefined || label === '') walk.rejects.add(path, said`${file} gives it no class`);
    else if (own === null) walk.rejects.add(path, said`${file} gives it no split`);
    else {
      const { images, names, numbers } = draftFor(own);
      const number = label === null ? -1 : (numbers.get(label) ?? names.push(label) - 1);
      if (label !== null) numbers.set(label, number);
      images.add(path, number);
      walk.pictures++;
      count++;
    }
  }
  if (count === 0) throw new UnusableImage(said`it names no picture that is here`);
  const isLabelled = byFolder || columns.label !== null;
  return [...drafts]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, { images, names }]) => ({ split: name, images, names: isLabelled ? names : null }));
}

/** Classes are given by folders where no list states them and the pictures of train lie in several. */
function liesInFolders({ root }: Walk, { path, places, columns }: ListFile): boolean {
  const folders = new Set<string>();
  for (const row of rowsIn(join(root, path))) {
    folders.add(folderOf(places[0]! + asPath(row[columns.path] ?? '')));
    if (folders.size > 2) return true;
  }
  return folders.size > 1;
}

export async function draftLists(walk: Walk, { lists }: ListPlan): Promise<readonly Draft[]> {
  const isThere = presenceIn(walk.root);
  const train = lists.find(({ split }) => split === 'train');
  const isUnlabelled = lists.every(({ columns }) => columns.label === null);
  const byFolder = isUnlabelled && train !== undefined && liesInFolders(walk, train);
  const drafts: Draft[] = [];
  for (const list of lists) {
    try {
      drafts.push(...(await draftList(walk, list, byFolder, isThere)));
    } catch (error) {
      if (!(error instanceof UnusableImage)) throw error;
      walk.rejects.add(list.path, error.reason);
    }
  }
  return drafts;
}

export const listsFound = ({ lists }: ListPlan): readonly Sentence[] =>
  lists.map(({ split, path, places: [place = ''], columns }) => {
    const list = place === '' ? asIs(path) : said`${path}, in ${place}`;
    if (columns.split !== null) return said`splits and classes: those stated in ${list}`;
    return split === null ? said`classes: those stated in ${list}` : said`${split}: the pictures named in ${list}`;
  });
