/** Splits given by lists: `train.txt`, `val.csv`: a picture a line, perhaps with its class. */
import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import { linesIn } from '../formats/lines.ts';
import { whyUnsafe } from '../formats/unsafe-path.ts';
import { UnusableImage } from '../unusable-image.ts';
import { foldersIn, isReadable, peek, type Walk } from './folder-walk.ts';
import { startTable } from './image-table.ts';
import type { Draft } from './listing.ts';
import { notInFolder, presenceIn } from './presence.ts';
import { splitInName } from './split-names.ts';

interface ListFile {
  readonly split: string;
  readonly path: string;
  /** What stands before the paths in the list, with `/`; '' if nothing does. */
  readonly place: string;
  readonly columns: Columns;
}

export interface ListPlan {
  readonly kind: 'lists';
  readonly base: string;
  readonly lists: readonly ListFile[];
}

/** Which field of a line is the path, and which the class; the path may lack its ending. */
interface Columns {
  readonly path: number;
  readonly label: number | null;
  readonly ending: string;
  readonly hasHeader: boolean;
}

const endings: ReadonlySet<string> = new Set(['.txt', '.csv', '.tsv', '.lst']);
/** Words of a list's name, beside that of its split, that do not make it another list. */
const listWords =
  /^(list|lists|file|files|filelist|label|labels|path|paths|gt|annotation|annotations|index|meta|names| )*$/;
const listFolders = /split|list|meta|anno|label|imagesets|partition/i;
const labelHeaders = /^(label|labels|class|classes|class_?id|class_?name|category|category_?id|target|species|y)$/i;
/** Lines that are looked at to recognise a list. */
const lookedAt = 20;
const missingEndings = ['.jpg', '.jpeg', '.JPEG', '.JPG', '.png', '.PNG'];

const unquoted = (field: string) => field.trim().replace(/^(["'])(.*)\1$/, '$2');

/** Fields by tabs, commas or semicolons; else a path, which may hold blanks up to its ending, and the words after it. */
function fieldsOf(line: string): readonly string[] {
  const mark = ['\t', ',', ';'].find((each) => line.includes(each));
  if (mark !== undefined) return line.split(mark).map(unquoted);
  const match = /^(.*?\.(?:jpe?g|jpe|jfif|png))(?:\s+(.*))?$/i.exec(line.trim());
  if (match === null) return line.trim().split(/\s+/);
  return [match[1]!, ...(match[2] === undefined ? [] : match[2].split(/\s+/))];
}

const isLine = (line: string) => line.trim() !== '' && !line.startsWith('#');
const asPath = (field: string) => field.replaceAll('\\', '/').replace(/^(\.\/)+/, '');

function firstLines(path: string): readonly string[] {
  const lines: string[] = [];
  for (const line of linesIn(path)) {
    if (isLine(line)) lines.push(line);
    if (lines.length > lookedAt) break;
  }
  return lines;
}

/** Where the first pictures of a list lie, and how its lines are made; null if it is no list of pictures that are here. */
function listFile(root: string, split: string, path: string, places: readonly string[]): ListFile | null {
  const lines = firstLines(join(root, path)).map(fieldsOf);
  const header = lines[0];
  for (const fields of lines) {
    const named = fields.findIndex(isReadable);
    const at = Math.max(named, 0);
    const name = asPath(fields[at] ?? '');
    if (whyUnsafe(name) !== null) continue;
    for (const place of places)
      for (const ending of named < 0 ? missingEndings : ['']) {
        if (!existsSync(join(root, place + name + ending))) continue;
        const hasHeader = header !== undefined && header !== fields && !header.some(isReadable) && header.length > 1;
        const stated = hasHeader ? header.findIndex((each) => labelHeaders.test(each)) : -1;
        const beside = at + 1 < fields.length ? at + 1 : at > 0 ? at - 1 : null;
        return { split, path, place, columns: { path: at, label: stated >= 0 ? stated : beside, ending, hasHeader } };
      }
  }
  return null;
}

/** The lists of a folder, or of a folder for lists in it: those of train and of another split. Null if there are none. */
export function splitLists(root: string, base: string): ListPlan | null {
  const folders = foldersIn(root, base);
  const homes = [base, ...folders.filter(({ name }) => listFolders.test(name)).map(({ path }) => path)];
  for (const home of homes) {
    const candidates = peek(root, home).flatMap(({ name, path, kind }) => {
      if (kind !== 'file' || !endings.has(extname(name).toLowerCase())) return [];
      const found = splitInName(name.slice(0, -extname(name).length));
      return found === null || !(found.isPlain || listWords.test(found.rest)) ? [] : [{ split: found.split, path }];
    });
    if (new Set(candidates.map(({ split }) => split)).size < 2) continue;
    const prefix = base === '' ? '' : `${base}/`;
    const places = [...new Set([prefix, home === '' ? '' : `${home}/`, ...folders.map(({ path }) => `${path}/`)])];
    const lists = new Map<string, ListFile>();
    for (const { split, path } of candidates) {
      const list = lists.has(split) ? null : readable(() => listFile(root, split, path, places));
      if (list !== null) lists.set(split, list);
    }
    if (lists.size > 1 && lists.has('train')) return { kind: 'lists', base, lists: [...lists.values()] };
  }
  return null;
}

/** Null for a file that is no text, or cannot be read. */
function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** The class of a picture by the folder it lies in. */
const folderOf = (path: string) => path.split('/').at(-2) ?? '';

/** Lists one split. Pictures that are not there are rejected. Labels are those of the list, or else the folders. */
async function draftList(
  walk: Walk,
  list: ListFile,
  byFolder: boolean,
  isThere: (path: string) => boolean,
): Promise<Draft> {
  const images = startTable();
  const names: string[] = [];
  const numbers = new Map<string, number>();
  const { columns } = list;
  let skips = columns.hasHeader;
  for (const line of linesIn(join(walk.root, list.path))) {
    if (walk.slices.due()) await walk.slices.next(images.count(), null);
    if (!isLine(line)) continue;
    const fields = fieldsOf(line);
    if (skips) {
      skips = false;
      continue;
    }
    const stated = asPath(fields[columns.path] ?? '');
    const trouble = whyUnsafe(stated);
    const path = list.place + stated + columns.ending;
    const label = byFolder ? folderOf(path) : columns.label === null ? null : fields[columns.label];
    if (trouble !== null) walk.rejects.add(stated, trouble);
    else if (!isThere(path)) walk.rejects.add(path, notInFolder);
    else if (label === undefined || label === '') walk.rejects.add(path, `${list.path} gives it no class`);
    else if (label === null) images.add(path, -1);
    else {
      const number = numbers.get(label) ?? names.push(label) - 1;
      numbers.set(label, number);
      images.add(path, number);
      walk.pictures++;
    }
  }
  if (images.count() === 0) throw new UnusableImage('it names no picture that is here');
  return { split: list.split, images, names: byFolder || columns.label !== null ? names : null };
}

/** Classes are given by folders where no list states them and the pictures of train lie in several. */
function liesInFolders({ root }: Walk, { path, place, columns }: ListFile): boolean {
  const folders = new Set<string>();
  for (const line of linesIn(join(root, path))) {
    if (isLine(line)) folders.add(folderOf(place + asPath(fieldsOf(line)[columns.path] ?? '')));
    if (folders.size > 2) return true;
  }
  return folders.size > 1;
}

export async function draftLists(walk: Walk, { lists }: ListPlan): Promise<readonly Draft[]> {
  const isThere = presenceIn(walk.root);
  const train = lists.find(({ split }) => split === 'train')!;
  const byFolder = lists.every(({ columns }) => columns.label === null) && liesInFolders(walk, train);
  const drafts: Draft[] = [];
  for (const list of lists) {
    try {
      drafts.push(await draftList(walk, list, byFolder, isThere));
    } catch (error) {
      if (!(error instanceof UnusableImage)) throw error;
      walk.rejects.add(list.path, error.message);
    }
  }
  return drafts;
}

export const listsFound = ({ lists }: ListPlan): readonly string[] =>
  lists.map(
    ({ split, path, place }) => `${split}: the pictures named in ${path}${place === '' ? '' : `, in ${place}`}`,
  );
