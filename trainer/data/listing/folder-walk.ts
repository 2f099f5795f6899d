/** Walks the folders below a root: names by code unit, what systems leave behind left out, every problem with its reason. */
import { existsSync, opendirSync, readdirSync, realpathSync, statSync } from 'node:fs';
import type { Dirent, Stats } from 'node:fs';
import { extname, join, sep } from 'node:path';
import { isMissing } from '../../durable/files.ts';
import type { Reading, ReadingChoice } from '../../protocol/dataset.ts';
import { readableExtensions, unreadExtension } from '../pixels/image-formats.ts';
import { printable, type Rejects } from '../rejects.ts';
import { reasonOf } from '../unusable-image.ts';
import { leftBy } from './leftovers.ts';
import type { TimeSlices } from './time-slices.ts';
import { startUnused, type UnusedFiles } from './unused.ts';
import { asIs, said, type Sentence } from '../../protocol/sentence.ts';

interface Container {
  readonly kind: Sentence;
  readonly use: Sentence;
  readonly endings: string;
}
/** Files that may hold pictures, but not as a folder of pictures has them. */
const containers: readonly Container[] = [
  { kind: said`archives`, use: said`unpack them`, endings: '.zip .tar .tgz .gz .bz2 .xz .7z .rar .zst' },
  {
    kind: said`films`,
    use: said`save their frames as pictures`,
    endings: '.mp4 .avi .mov .mkv .webm .m4v .mpg .mpeg .wmv',
  },
  {
    kind: said`arrays and tables`,
    use: said`save their pictures as files`,
    endings: '.npy .npz .h5 .hdf5 .mat .parquet .arrow .tfrecord .lmdb .mdb .pkl',
  },
];
const containerOf: ReadonlyMap<string, Container> = new Map(
  containers.flatMap((container) => container.endings.split(' ').map((ending) => [ending, container] as const)),
);

const endingOf = (name: string) => extname(name).toLowerCase();
/** True for a name of a picture that can be read. */
export const isReadable = (name: string): boolean => readableExtensions.has(endingOf(name));
const isPicture = (name: string) => isReadable(name) || unreadExtension(extname(name)) !== null;

export interface Child {
  readonly name: string;
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly kind: 'folder' | 'file' | 'other';
  readonly isLink: boolean;
}

const byName = (a: { readonly name: string }, b: { readonly name: string }) =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

export const below = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);

const kindOf = (entry: Dirent | Stats): Child['kind'] =>
  entry.isDirectory() ? 'folder' : entry.isFile() ? 'file' : 'other';

/** A walk through the folders below a root. */
export interface Walk {
  readonly root: string;
  readonly rejects: Rejects;
  readonly slices: TimeSlices;
  readonly unused: UnusedFiles;
  /** What systems left behind is taken in like anything else. */
  readonly takesLeftovers: boolean;
  /** What systems left behind, by kind: how many files and folders. */
  readonly leftovers: Map<Sentence, number>;
  /** Pictures found so far. */
  pictures: number;
  /** Files whose names are not those of pictures: ignored. */
  otherFiles: number;
}

export function startWalk(root: string, rejects: Rejects, slices: TimeSlices, reading: Reading): Walk {
  const takesLeftovers = reading.leftovers === 'taken-in';
  const found = { unused: startUnused(), leftovers: new Map<Sentence, number>(), pictures: 0, otherFiles: 0 };
  return { root, rejects, slices, takesLeftovers, ...found };
}

/** What to do where an entry cannot be used, or is none of the data set. */
interface Listener {
  readonly problem: Rejects['add'];
  /** @returns true to take it in nevertheless */
  readonly leftover: (kind: Sentence) => boolean;
}

const nobody: Listener = { problem: () => undefined, leftover: () => false };

const listenerOf = ({ rejects, leftovers, takesLeftovers }: Walk): Listener => ({
  problem: rejects.add,
  leftover(kind) {
    leftovers.set(kind, (leftovers.get(kind) ?? 0) + 1);
    return takesLeftovers;
  },
});

/** Pictures below a folder whose own name cannot be written as text. */
function picturesBelowBytes(folder: Buffer): number {
  let count = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, encoding: 'buffer' })) {
    if (entry.isDirectory()) count += picturesBelowBytes(Buffer.concat([folder, Buffer.from('/'), entry.name]));
    else if (isPicture(entry.name.toString('latin1'))) count++;
  }
  return count;
}

/** The reason for an entry whose name, read as UTF-8, is not the name it has. */
function whyUndecodable(root: string, folder: string, shown: string, isFolder: boolean): Sentence {
  const rename = said`its name has bytes that are not UTF-8: rename it (convmv renames many)`;
  const own = readdirSync(join(root, folder), 'buffer').find((name) => name.toString('utf8') === shown);
  if (!isFolder || own === undefined) return rename;
  const count = picturesBelowBytes(Buffer.concat([Buffer.from(`${join(root, folder)}/`), own]));
  return said`${rename}; pictures inside: ${count}`;
}

/** Entries of a folder below the root ('' for the root itself), links resolved. Broken links are reported. */
function childrenOf(root: string, folder: string, { problem, leftover }: Listener): readonly Child[] {
  const children: Child[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true }).sort(byName)) {
    const { name } = entry;
    const path = below(folder, name);
    const isLink = entry.isSymbolicLink();
    try {
      const left = leftBy(name, entry.isDirectory());
      if (left !== null && !leftover(left)) continue;
      if (name.includes('\uFFFD') && !existsSync(join(root, path)))
        problem(entry.isDirectory() ? `${path}/` : path, whyUndecodable(root, folder, name, entry.isDirectory()));
      else children.push({ name, path, kind: kindOf(isLink ? statSync(join(root, path)) : entry), isLink });
    } catch (error) {
      problem(path, isMissing(error) ? said`a broken link` : reasonOf(error));
    }
  }
  return children;
}

/** A folder that cannot be listed becomes a problem. */
export function childrenIn(walk: Walk, folder: string): readonly Child[] {
  try {
    return childrenOf(walk.root, folder, listenerOf(walk));
  } catch (error) {
    walk.rejects.add(`${folder}/`, reasonOf(error));
    return [];
  }
}

/** A look into a folder, which reports nothing. */
export function peek(root: string, folder: string): readonly Child[] {
  try {
    return childrenOf(root, folder, nobody);
  } catch {
    return [];
  }
}

/** The first entry of a folder that a test is true for: a folder of a million files is not read to its end. */
function firstOf(root: string, folder: string, test: (entry: Dirent) => boolean): boolean {
  try {
    const open = opendirSync(join(root, folder), { bufferSize: 256 });
    try {
      for (let entry = open.readSync(); entry !== null; entry = open.readSync()) if (test(entry)) return true;
      return false;
    } finally {
      open.closeSync();
    }
  } catch {
    return false;
  }
}

/** True if a readable picture, or a link with such a name, is directly in a folder. */
export const hasPictures = (root: string, folder: string): boolean =>
  firstOf(
    root,
    folder,
    (entry) => isReadable(entry.name) && !entry.isDirectory() && leftBy(entry.name, false) === null,
  );

/** Levels of folders that a look follows. */
const deepest = 12;

/** True if there is a readable picture in a folder or below it; links to folders are followed at the first level alone. */
export function holdsPictures(root: string, folder: string, depth = 0): boolean {
  if (hasPictures(root, folder)) return true;
  if (depth >= deepest) return false;
  return foldersIn(root, folder).some(({ path, isLink }) => !isLink && holdsPictures(root, path, depth + 1));
}

export const visibleFolders = (entries: readonly Child[]): readonly Child[] =>
  entries.filter(({ name, kind }) => kind === 'folder' && !name.startsWith('.'));

/** Folders in a folder, without those that are hidden. */
export const foldersIn = (root: string, folder: string): readonly Child[] => visibleFolders(peek(root, folder));

/** Sorts one file into pictures, problems and others. */
export function accept(walk: Walk, { path, kind }: Child): boolean {
  if (kind === 'other') {
    walk.rejects.add(path, said`not a plain file (a pipe, a socket or a device)`);
    return false;
  }
  if (isReadable(path)) {
    walk.pictures++;
    return true;
  }
  const reason = unreadExtension(extname(path));
  if (reason === null) walk.otherFiles++;
  else walk.rejects.add(path, reason);
  reportContainer(walk, path);
  return false;
}

function reportContainer(walk: Walk, path: string): void {
  const container = containerOf.get(endingOf(path));
  if (container)
    walk.unused.file(container.kind, path, said`they may hold pictures, which are not read`, container.use);
}

/** Pictures at any depth of a folder, by their names. */
export async function countPictures(walk: Walk, folder: string): Promise<number> {
  let count = 0;
  for (const { name, path, kind, isLink } of peek(walk.root, folder)) {
    if (walk.slices.due()) await walk.slices.next(walk.pictures, null);
    if (kind === 'folder') count += isLink ? 0 : await countPictures(walk, path);
    else if (isPicture(name)) count++;
  }
  return count;
}

/** True if a linked folder is the root, above it, or inside a folder that would list it again. */
export function leadsBack({ root }: Walk, path: string): boolean {
  const target = realpathSync(join(root, path));
  const from = realpathSync(join(root, path, '..'));
  return from === target || from.startsWith(target + sep);
}

const foldersAbove = (path: string): readonly string[] =>
  path.split('/').map((_, at, parts) => parts.slice(0, at).join('/'));

/**
 * Reports every folder that holds pictures and is neither among the `used` ones nor inside one. `used`: paths of folders,
 * or of files, that were listed.
 */
export async function reportUnused(walk: Walk, used: readonly string[]): Promise<void> {
  const listed = new Set(used);
  const above = new Set(used.flatMap(foldersAbove));
  const visit = async (folder: string): Promise<void> => {
    let loose = 0;
    for (const { name, path, kind, isLink } of peek(walk.root, folder)) {
      if (listed.has(path)) continue;
      if (kind !== 'folder') {
        loose += Number(isPicture(name));
        reportContainer(walk, path);
      } else if (above.has(path)) await visit(path);
      else if (!isLink) await reportFolder(walk, path);
    }
    if (loose > 0)
      walk.unused.add(
        folder === '' ? said`pictures beside the folders` : said`pictures in ${printable(folder)}/, beside its folders`,
        loose,
        said`they are in none of the folders that are used`,
        said`move them into the folder of their split and class`,
      );
  };
  if (!listed.has('')) await visit('');
}

async function reportFolder(walk: Walk, path: string): Promise<void> {
  const count = await countPictures(walk, path);
  if (count === 0) return;
  walk.unused.add(
    asIs(printable(`${path}/`)),
    count,
    said`it is none of the folders that were recognised as splits or classes`,
    said`choose it by itself, or call it train, val or test`,
  );
}

const leftoversIn = ({ leftovers }: Walk) => [...leftovers.values()].reduce((sum, each) => sum + each, 0);

/** The choice to take in what systems left behind. */
export function leftoversChoice(walk: Walk): readonly ReadingChoice[] {
  const count = leftoversIn(walk);
  if (count === 0) return [];
  const answers = ['left-out', 'taken-in'].map((value) => ({ value, count }));
  return [{ about: 'leftovers', now: walk.takesLeftovers ? 'taken-in' : 'left-out', answers }];
}

/** One line on what systems left behind; null if there is nothing. */
export function leftoversFound(walk: Walk): Sentence | null {
  const { leftovers, takesLeftovers } = walk;
  const count = leftoversIn(walk);
  if (count === 0) return null;
  const kinds = [...leftovers].map(([kind, each]) => said`${kind} (${each})`);
  if (takesLeftovers)
    return count === 1
      ? said`1 file or folder that systems leave behind, taken in: ${kinds}`
      : said`${count} files and folders that systems leave behind, taken in: ${kinds}`;
  return count === 1
    ? said`1 file or folder that systems leave behind, left out: ${kinds}`
    : said`${count} files and folders that systems leave behind, left out: ${kinds}`;
}
