/**
 * A folder of pictures: `train|val|test/class/…`, or one folder of classes that is split by a hash, or pictures without
 * classes. Names are sorted by code unit, so the order of samples is the same everywhere. Links to folders are followed
 * only at the level of splits and classes, so cycles are impossible.
 */
import { hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs';
import type { Dirent, Stats } from 'node:fs';
import { extname, join, sep } from 'node:path';
import { isMissing } from '../../durable/files.ts';
import { readableExtensions, unreadExtension } from '../pixels/image-formats.ts';
import { nameOf, selected, startTable, type TableBuilder } from './image-table.ts';
import { type ImageTable } from '../found-images.ts';
import { type Rejects } from '../rejects.ts';
import { reasonOf } from '../unusable-image.ts';
import { united, type Draft, type ListedSplit, type Listing } from './listing.ts';
import type { TimeSlices } from './time-slices.ts';

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

/** One in this many pictures of an unsplit folder becomes part of the validation split. */
const heldOut = 10;
const hashedTailBytes = 4096;
const splitRule =
  `No split on disk: a picture is in val when the SHA-256 of its size and its last ${hashedTailBytes} bytes, ` +
  `taken as a number, is a multiple of ${heldOut} (first 32 bits); equal files are always in the same split.`;

interface Child {
  readonly name: string;
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly kind: 'folder' | 'file' | 'other';
  readonly isLink: boolean;
}

const byName = (a: { readonly name: string }, b: { readonly name: string }) =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

const below = (folder: string, name: string) => (folder === '' ? name : `${folder}/${name}`);

const kindOf = (entry: Dirent | Stats): Child['kind'] =>
  entry.isDirectory() ? 'folder' : entry.isFile() ? 'file' : 'other';

const ignore = () => undefined;

/** Entries of a folder below the root ('' for the root itself), links resolved. Broken links are reported. */
function childrenOf(root: string, folder: string, report: Rejects['add']): readonly Child[] {
  const children: Child[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true }).sort(byName)) {
    const { name } = entry;
    const path = below(folder, name);
    const isLink = entry.isSymbolicLink();
    try {
      children.push({ name, path, kind: kindOf(isLink ? statSync(join(root, path)) : entry), isLink });
    } catch (error) {
      report(path, isMissing(error) ? 'a broken link' : reasonOf(error));
    }
  }
  return children;
}

/** A walk through the folders below a root. */
export interface Walk {
  readonly root: string;
  readonly rejects: Rejects;
  readonly slices: TimeSlices;
  /** Pictures found so far. */
  pictures: number;
  /** Files whose names are not those of pictures: ignored. */
  otherFiles: number;
}

export function startWalk(root: string, rejects: Rejects, slices: TimeSlices): Walk {
  return { root, rejects, slices, pictures: 0, otherFiles: 0 };
}

/** A folder that cannot be listed becomes a problem. */
function childrenIn({ root, rejects }: Walk, folder: string): readonly Child[] {
  try {
    return childrenOf(root, folder, rejects.add);
  } catch (error) {
    rejects.add(`${folder}/`, reasonOf(error));
    return [];
  }
}

/** Sorts one file into pictures, problems and others. */
function accept(walk: Walk, { path, kind }: Child): boolean {
  if (kind === 'other') {
    walk.rejects.add(path, 'not a plain file (a pipe, a socket or a device)');
    return false;
  }
  const extension = extname(path).toLowerCase();
  if (readableExtensions.has(extension)) {
    walk.pictures++;
    return true;
  }
  const reason = unreadExtension(extname(path));
  if (reason === null) walk.otherFiles++;
  else walk.rejects.add(path, reason);
  return false;
}

/** Adds all pictures under a class folder, at any depth. */
async function addPictures(walk: Walk, folder: string, label: number, into: TableBuilder): Promise<void> {
  for (const child of childrenIn(walk, folder)) {
    if (walk.slices.due()) await walk.slices.next(walk.pictures, null);
    const { path, kind, isLink } = child;
    if (kind !== 'folder') {
      if (accept(walk, child)) into.add(path, label);
    } else if (isLink) walk.rejects.add(path, 'a link to a folder inside a class folder; it is not followed');
    else await addPictures(walk, path, label, into);
  }
}

/** True if a linked folder is the root, above it, or inside a folder that would list it again. */
function leadsBack({ root }: Walk, path: string): boolean {
  const target = realpathSync(join(root, path));
  const from = realpathSync(join(root, path, '..'));
  return from === target || from.startsWith(target + sep);
}

interface SplitFolder {
  readonly classes: readonly Child[];
  /** Pictures beside the class folders. */
  readonly loose: readonly string[];
}

/** Class folders and loose pictures of a split (`folder` is '' for the root). */
export function readSplitFolder(walk: Walk, folder: string): SplitFolder {
  const classes: Child[] = [];
  const loose: string[] = [];
  for (const child of childrenIn(walk, folder)) {
    const { name, path, kind, isLink } = child;
    if (kind !== 'folder') {
      if (accept(walk, child)) loose.push(path);
    } else if (isLink && leadsBack(walk, path)) walk.rejects.add(path, 'a link that leads back to a folder above it');
    else if (!name.startsWith('.')) classes.push(child);
  }
  return { classes, loose };
}

/** Lists a split by its class folders; if there are none, its loose pictures without labels. */
export async function draftSplit(walk: Walk, split: string, { classes, loose }: SplitFolder): Promise<Draft> {
  const images = startTable();
  for (const [label, { path }] of classes.entries()) {
    const before = images.count();
    await addPictures(walk, path, label, images);
    if (images.count() === before) walk.rejects.add(`${path}/`, 'a class folder without a readable image');
  }
  if (images.count() === 0) {
    for (const path of loose) images.add(path, -1);
    return { split, images, names: null };
  }
  for (const path of loose) walk.rejects.add(path, 'outside the class folders, so it does not have a class');
  return { split, images, names: classes.map(({ name }) => name) };
}

/** The split folders of a root; if there are none, its folders are classes. */
function splitFolders(root: string): readonly { readonly split: string; readonly folder: string }[] {
  const folders = childrenOf(root, '', ignore).filter((child) => child.kind === 'folder');
  const splits = folders.flatMap(({ name }) => {
    const split = splitNamed(name);
    return split === null ? [] : [{ split, folder: name }];
  });
  const distinct = splits.filter((each, i) => splits.findIndex((other) => other.split === each.split) === i);
  if (distinct.length !== 1 || folders.length === 1) return distinct;
  // A single folder called "train" may be the class of trains: it is a split only if it contains class folders.
  return childrenOf(root, distinct[0]!.folder, ignore).some((child) => child.kind === 'folder') ? distinct : [];
}

function isHeldOut(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const length = Math.min(size, hashedTailBytes);
    const tail = Buffer.alloc(length);
    readSync(file, tail, 0, length, size - length);
    return hash('sha256', Buffer.concat([Buffer.from(`${size}\n`), tail]), 'buffer').readUInt32BE(0) % heldOut === 0;
  } finally {
    closeSync(file);
  }
}

async function splitByHash({ root, rejects, slices }: Walk, images: ImageTable): Promise<readonly ListedSplit[]> {
  const splits: (string | null)[] = [];
  for (let index = 0; index < images.count; index++) {
    if (slices.due()) await slices.next(index, images.count);
    const path = nameOf(images, index);
    try {
      splits.push(isHeldOut(join(root, path)) ? 'val' : 'train');
    } catch (error) {
      rejects.add(path, reasonOf(error));
      splits.push(null);
    }
  }
  return ['train', 'val'].map((split) => ({ split, images: selected(images, (index) => splits[index] === split) }));
}

/** Findings common to every folder listing, besides its layout. */
export function foundBeside({ otherFiles }: Walk, classes: readonly string[]): readonly string[] {
  return [
    ...(classes.length === 1 ? ['only one class: labels carry no information'] : []),
    ...(otherFiles > 0 ? [`${otherFiles} other files, ignored`] : []),
  ];
}

export async function listTree(root: string, rejects: Rejects, slices: TimeSlices): Promise<Listing> {
  const walk = startWalk(root, rejects, slices);
  const folders = splitFolders(root);
  const drafts: Draft[] = [];
  for (const { split, folder } of folders.length > 0 ? folders : [{ split: 'train', folder: '' }])
    drafts.push(await draftSplit(walk, split, readSplitFolder(walk, folder)));
  const { splits, classes } = united(drafts, rejects);
  const listed = (layout: string, rest: Partial<Listing> = {}): Listing => ({
    splits,
    classes,
    found: [layout, ...foundBeside(walk, classes)],
    splitRule: null,
    ...rest,
  });
  const { images } = splits[0]!;
  if (folders.length > 0) return listed(`split folders: ${splits.map(({ split }) => split).join(', ')}`);
  if (images.count === 0) return listed('no pictures', { splits: [] });
  if (images.labels === null) return listed('images without class folders: for pretraining only');
  return listed('a folder of class folders', { splits: await splitByHash(walk, images), splitRule });
}

/** True if a few entries suggest that the folder has pictures where a class tree would. */
export async function looksLikeTree(root: string): Promise<boolean> {
  if (splitFolders(root).length > 0) return true;
  const hasPicture = (children: readonly Child[]) =>
    children.some(({ name, kind }) => kind === 'file' && readableExtensions.has(extname(name).toLowerCase()));
  const children = childrenOf(root, '', ignore);
  if (hasPicture(children)) return true;
  return children
    .filter((child) => child.kind === 'folder')
    .slice(0, 20)
    .some(({ path }) => hasPicture(childrenOf(root, path, ignore)));
}
