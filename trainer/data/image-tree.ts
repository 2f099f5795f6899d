/**
 * A folder of pictures: `train|val|test/class/…`, or one folder of classes that is split by a hash, or pictures without
 * classes. Names are sorted by code unit, so the order of samples is the same everywhere. Links to folders are followed
 * at the level of splits and classes only, so no circle can be entered.
 */
import { hash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, extname, join, sep } from 'node:path';
import { FaultError } from '../fault.ts';
import { isMissing } from '../files.ts';
import type { Reject } from '../protocol/dataset.ts';
import type { OpenDataset } from '../recipe.ts';
import { printable, reasonOf, throwIfCancelled } from './inspection.ts';

const readable: ReadonlySet<string> = new Set(['.jpg', '.jpeg', '.jpe', '.jfif', '.png']);
const foreign: ReadonlySet<string> = new Set(
  '.gif .webp .heic .heif .avif .svg .bmp .tif .tiff .ppm .pgm .jp2 .jxl .ico .psd'.split(' '),
);

/** Folder names that stand for a split. */
const splitNames: Readonly<Record<string, string>> = {
  train: 'train',
  training: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  test: 'test',
  testing: 'test',
};

export function splitNamed(folderName: string): string | null {
  return splitNames[folderName.toLowerCase()] ?? null;
}

/** Part of the pictures of an unsplit folder that become the validation split: one in so many. */
const heldOut = 10;
const hashedTailBytes = 4096;
export const splitRule =
  `No split on disk: a picture is in val when the SHA-256 of its size and its last ${hashedTailBytes} bytes, ` +
  `taken as a number, is a multiple of ${heldOut} (first 32 bits); equal files are always in the same split.`;

export interface TreeFile {
  /** Relative to the root, with `/`. */
  readonly path: string;
  /** Class number, or -1. */
  readonly label: number;
}

export interface TreeSplit {
  readonly split: string;
  readonly labelled: boolean;
  readonly files: readonly TreeFile[];
}

export interface Tree {
  readonly kind: 'splits' | 'classes' | 'flat' | 'none';
  readonly splits: readonly TreeSplit[];
  readonly classes: readonly string[];
  readonly problems: readonly Reject[];
  /** Files that are no pictures by their names: left alone. */
  readonly otherFiles: number;
}

const byName = (a: { readonly name: string }, b: { readonly name: string }) =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

const slashes = (path: string) => (sep === '/' ? path : path.replaceAll(sep, '/'));

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  return (await readdir(folder, { withFileTypes: true })).sort(byName);
}

interface Child {
  readonly name: string;
  readonly kind: 'folder' | 'file' | 'other';
  readonly isLink: boolean;
}

/** Entries with links resolved. What a link cannot resolve to is a problem. */
async function childrenOf(folder: string, report: (name: string, reason: string) => void): Promise<readonly Child[]> {
  const children: Child[] = [];
  for (const entry of await entriesOf(folder)) {
    if (!entry.isSymbolicLink()) {
      const kind = entry.isDirectory() ? 'folder' : entry.isFile() ? 'file' : 'other';
      children.push({ name: entry.name, kind, isLink: false });
      continue;
    }
    try {
      const target = await stat(join(folder, entry.name));
      const kind = target.isDirectory() ? 'folder' : target.isFile() ? 'file' : 'other';
      children.push({ name: entry.name, kind, isLink: true });
    } catch (error) {
      report(entry.name, isMissing(error) ? 'a link that leads nowhere' : reasonOf(error));
    }
  }
  return children;
}

interface Walk {
  readonly root: string;
  readonly problems: Reject[];
  readonly signal: AbortSignal | null;
  otherFiles: number;
}

function problem(walk: Walk, path: string, reason: string): void {
  walk.problems.push({ file: printable(path), reason });
}

/** Sorts one file into pictures, problems and others. */
function accept(walk: Walk, path: string, kind: Child['kind']): boolean {
  if (kind === 'other') {
    problem(walk, path, 'not a plain file (a pipe, a socket or a device)');
    return false;
  }
  const extension = extname(path).toLowerCase();
  if (readable.has(extension)) return true;
  if (foreign.has(extension)) problem(walk, path, `its name ends in ${extension}; only JPEG and PNG are read`);
  else walk.otherFiles++;
  return false;
}

/** Runs `work` on a folder; one that cannot be listed becomes a problem. */
async function listing(walk: Walk, path: string, work: () => Promise<void>): Promise<void> {
  if (walk.signal) throwIfCancelled(walk.signal);
  try {
    await work();
  } catch (error) {
    problem(walk, `${path}/`, reasonOf(error));
  }
}

/** All pictures under a class folder, at any depth. */
async function picturesUnder(walk: Walk, folder: string, into: string[]): Promise<void> {
  await listing(walk, folder, async () => {
    const children = await childrenOf(join(walk.root, folder), (name, reason) =>
      problem(walk, `${folder}/${name}`, reason),
    );
    for (const { name, kind, isLink } of children) {
      const path = `${folder}/${name}`;
      if (kind !== 'folder') {
        if (accept(walk, path, kind)) into.push(path);
      } else if (isLink) problem(walk, path, 'a link to a folder inside a class folder; it is not followed');
      else await picturesUnder(walk, path, into);
    }
  });
}

/** Whether a linked folder is the root, or above it, or inside a folder it would be listed from again. */
async function leadsBack(walk: Walk, path: string): Promise<boolean> {
  const target = await realpath(join(walk.root, path));
  const from = await realpath(join(walk.root, path, '..'));
  return from === target || from.startsWith(target + sep);
}

interface ClassFolders {
  readonly folders: readonly string[];
  readonly loose: readonly string[];
}

/** The class folders and loose pictures of a split (`folder` is '' for the root). */
async function classFolders(walk: Walk, folder: string): Promise<ClassFolders> {
  const folders: string[] = [];
  const loose: string[] = [];
  await listing(walk, folder, async () => {
    const children = await childrenOf(join(walk.root, folder), (name, reason) =>
      problem(walk, folder === '' ? name : `${folder}/${name}`, reason),
    );
    for (const { name, kind, isLink } of children) {
      const path = folder === '' ? name : `${folder}/${name}`;
      if (kind === 'folder') {
        if (isLink && (await leadsBack(walk, path))) problem(walk, path, 'a link that leads back to a folder above it');
        else if (!name.startsWith('.')) folders.push(path);
      } else if (accept(walk, path, kind)) loose.push(path);
    }
  });
  return { folders, loose };
}

async function readSplit(
  walk: Walk,
  folder: string,
): Promise<{ files: { path: string; name: string | null }[]; names: string[] }> {
  const { folders, loose } = await classFolders(walk, folder);
  if (folders.length === 0) return { files: loose.map((path) => ({ path, name: null })), names: [] };
  const files: { path: string; name: string }[] = [];
  for (const each of folders) {
    const pictures: string[] = [];
    await picturesUnder(walk, each, pictures);
    const name = basename(each);
    if (pictures.length === 0) problem(walk, `${each}/`, 'a class folder without a picture that can be read');
    for (const path of pictures) files.push({ path, name });
  }
  if (files.length === 0) return { files: loose.map((path) => ({ path, name: null })), names: [] };
  for (const path of loose) problem(walk, path, 'lies beside the class folders, so it has no class');
  return { files, names: folders.map((each) => basename(each)) };
}

/** The split folders of a root, or none: then its folders are classes. */
async function splitFolders(root: string): Promise<readonly { readonly split: string; readonly folder: string }[]> {
  const folders = (await childrenOf(root, () => undefined)).filter((child) => child.kind === 'folder');
  const splits = folders.flatMap(({ name }) => {
    const split = splitNamed(name);
    return split === null ? [] : [{ split, folder: name }];
  });
  const distinct = splits.filter((each, i) => splits.findIndex((other) => other.split === each.split) === i);
  if (distinct.length !== 1 || folders.length === 1) return distinct;
  // One folder called "train" among others may be the class of trains: it is a split only if it holds class folders.
  const inside = await childrenOf(join(root, distinct[0]!.folder), () => undefined);
  return inside.some((child) => child.kind === 'folder') ? distinct : [];
}

async function isHeldOut(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const length = Math.min(size, hashedTailBytes);
    const tail = Buffer.alloc(length);
    await file.read(tail, 0, length, size - length);
    return hash('sha256', Buffer.concat([Buffer.from(`${size}\n`), tail]), 'buffer').readUInt32BE(0) % heldOut === 0;
  } finally {
    await file.close();
  }
}

async function splitByHash(walk: Walk, files: readonly TreeFile[], labelled: boolean): Promise<readonly TreeSplit[]> {
  const train: TreeFile[] = [];
  const val: TreeFile[] = [];
  for (const file of files) {
    if (walk.signal) throwIfCancelled(walk.signal);
    try {
      ((await isHeldOut(join(walk.root, file.path))) ? val : train).push(file);
    } catch (error) {
      problem(walk, file.path, reasonOf(error));
    }
  }
  return [
    { split: 'train', labelled, files: train },
    { split: 'val', labelled, files: val },
  ];
}

/** Lists a folder of pictures. Classes are the union over the splits, so a class has one number in all of them. */
export async function scanTree(root: string, signal: AbortSignal | null = null): Promise<Tree> {
  const walk: Walk = { root, problems: [], signal, otherFiles: 0 };
  const found = await splitFolders(root);
  const read = await Promise.all(
    (found.length > 0 ? found : [{ split: '', folder: '' }]).map(async ({ split, folder }) => ({
      split,
      ...(await readSplit(walk, folder)),
    })),
  );
  const classes = [...new Set(read.flatMap((each) => each.names))].sort();
  const numbers = new Map(classes.map((name, number) => [name, number]));
  const splits = read.map(({ split, files, names }): TreeSplit => ({
    split,
    labelled: names.length > 0,
    files: files.map(({ path, name }) => ({ path, label: name === null ? -1 : numbers.get(name)! })),
  }));
  for (const split of splits.filter((each) => each.labelled && found.length > 1)) {
    const own = new Set(split.files.map((file) => file.label));
    for (const other of splits) {
      if (other === split || !other.labelled || split.split !== 'train') continue;
      const foreignLabels = new Set(other.files.map((file) => file.label).filter((label) => !own.has(label)));
      for (const label of foreignLabels) {
        problem(walk, `${other.split}/${classes[label]}/`, 'a class without pictures in train');
      }
    }
  }
  const finish = (kind: Tree['kind'], finished: readonly TreeSplit[]): Tree => ({
    kind,
    splits: finished,
    classes,
    problems: walk.problems,
    otherFiles: walk.otherFiles,
  });
  if (found.length > 0) return finish('splits', splits);
  const only = splits[0]!;
  if (only.files.length === 0) return finish('none', []);
  if (only.labelled) return finish('classes', await splitByHash(walk, only.files, true));
  return finish('flat', [{ ...only, split: 'train' }]);
}

/** Whether the folder holds pictures where a tree would have them, from a look at a few entries. */
export async function looksLikeTree(root: string): Promise<boolean> {
  if ((await splitFolders(root)).length > 0) return true;
  const hasPicture = (children: readonly Child[]) =>
    children.some(({ name, kind }) => kind === 'file' && readable.has(extname(name).toLowerCase()));
  const children = await childrenOf(root, () => undefined);
  if (hasPicture(children)) return true;
  for (const { name } of children.filter((child) => child.kind === 'folder').slice(0, 20)) {
    if (hasPicture(await childrenOf(join(root, name), () => undefined))) return true;
  }
  return false;
}

/** A picture may not be larger than this on disk; nothing real is, and a file of any size must not fill the memory. */
const largestFileBytes = 256 << 20;

export async function readPicture(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > largestFileBytes) {
      throw new FaultError('unreadable-file', `${path} has ${size} bytes; a picture may have ${largestFileBytes}.`);
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

export async function openTree(root: string, split: string, exclude: readonly string[] = []): Promise<OpenDataset> {
  const tree = await scanTree(root).catch((error: unknown) => {
    throw new FaultError('not-found', `${root}: ${reasonOf(error)}.`, { path: root }, { cause: error });
  });
  const found = tree.splits.find((each) => each.split === split);
  if (!found) {
    const known = tree.splits.map((each) => each.split).join(', ') || 'none';
    throw new FaultError('not-found', `${root} has no split "${split}". It has: ${known}.`, { path: root, split });
  }
  const excluded = new Set(exclude);
  const files = found.files.filter((file) => !excluded.has(printable(file.path)));
  return {
    count: files.length,
    classes: tree.classes,
    channels: 3,
    labels: async () => (found.labelled ? Int32Array.from(files, (file) => file.label) : null),
    async sample(index) {
      const { path, label } = files[index]!;
      const name = printable(slashes(path));
      try {
        const bytes = await readPicture(join(root, path));
        return { image: { kind: 'encoded', bytes }, label: label < 0 ? null : label, name };
      } catch (error) {
        if (error instanceof FaultError) throw error;
        const reason = reasonOf(error);
        throw new FaultError('unreadable-file', `${name}: ${reason}. Leave it out, or replace it.`, {
          file: name,
          reason,
        });
      }
    },
    close: async () => undefined,
  };
}
