/**
 * Where ImageNet and its subsets lie below a folder: class folders by WordNet id under any name of a split, the validation
 * pictures in one folder wherever that is, Tiny-ImageNet's list of them, or the original archives.
 */
import { existsSync, opendirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isFolder } from '../../durable/files.ts';
import { below, foldersIn, holdsPictures } from './folder-walk.ts';
import { splitInName } from './split-names.ts';
import { splitsAmong } from './tree-plan.ts';

export interface Source {
  readonly split: string;
  /** `annotated`: pictures side by side, with a list of their ids beside them, as Tiny-ImageNet has them. */
  readonly kind: 'classes' | 'flat' | 'annotated' | 'archive';
  /** Below the folder. Only class folders lie in several. */
  readonly paths: readonly string[];
}

export const validationPicture = /^ILSVRC2012_val_(\d{8})\.JPEG$/;
export const annotations = 'val_annotations.txt';
const wordnetId = /^n\d{8}$/;
const splitNames = ['train', 'val', 'test'] as const;
const archives: Readonly<Partial<Record<string, string>>> = {
  train: 'ILSVRC2012_img_train.tar',
  val: 'ILSVRC2012_img_val.tar',
};
/** Where the pictures lie below the folder: at once, or as Kaggle packs them. */
const places = ['', 'ILSVRC/Data/CLS-LOC', 'Data/CLS-LOC'];

/** Entries of a folder that are looked at to see what is in it. */
const lookedAt = 500;

function someName(path: string, test: (name: string) => boolean): boolean {
  try {
    const open = opendirSync(path, { bufferSize: lookedAt });
    try {
      for (let entry = open.readSync(), at = 0; entry !== null && at < lookedAt; entry = open.readSync(), at++)
        if (test(entry.name)) return true;
      return false;
    } finally {
      open.closeSync();
    }
  } catch {
    return false;
  }
}

const hasClasses = (folder: string, path: string) => someName(join(folder, path), (name) => wordnetId.test(name));
const isFlat = (folder: string, path: string) => someName(join(folder, path), (name) => validationPicture.test(name));
const isAnnotated = (folder: string, path: string) =>
  existsSync(join(folder, path, annotations)) && isFolder(join(folder, path, 'images'));

/** A folder is preferred to the archive it was taken from. */
function sourceOf(folder: string, base: string, split: string): Source | null {
  const path = below(base, split);
  const names = isFolder(join(folder, path)) ? readdirSync(join(folder, path)) : [];
  if (names.some((name) => wordnetId.test(name))) return { split, kind: 'classes', paths: [path] };
  if (names.some((name) => validationPicture.test(name))) return { split, kind: 'flat', paths: [path] };
  const archive = archives[split];
  if (archive === undefined || !existsSync(join(folder, below(base, archive)))) return null;
  return { split, kind: 'archive', paths: [below(base, archive)] };
}

/** Splits called otherwise, and Tiny-ImageNet's validation pictures. */
function furtherSources(folder: string, base: string, known: readonly Source[]): readonly Source[] {
  const taken = new Set(known.map(({ split }) => split));
  const folders = foldersIn(folder, base).filter(
    ({ name, path }) => splitInName(name) !== null && isFolder(join(folder, path)),
  );
  const named = splitsAmong(folder, folders).filter(({ split }) => !taken.has(split));
  return named.flatMap(({ split, folders: paths }): readonly Source[] => {
    const [path = ''] = paths;
    if (hasClasses(folder, path))
      return [{ split, kind: 'classes', paths: paths.filter((each) => hasClasses(folder, each)) }];
    if (isFlat(folder, path)) return [{ split, kind: 'flat', paths: [path] }];
    return isAnnotated(folder, path) ? [{ split, kind: 'annotated', paths: [path] }] : [];
  });
}

const deepestFlat = 5;
/** Folders looked into for the validation pictures. */
const mostLookedInto = 500;

/** Folders with validation pictures side by side, other than class folders. */
function flatFolders(folder: string, base: string): readonly string[] {
  const found: string[] = [];
  let looked = 0;
  const visit = (at: string, depth: number): void => {
    for (const { name, path, isLink } of foldersIn(folder, at)) {
      if (wordnetId.test(name) || ++looked > mostLookedInto) continue;
      if (isFlat(folder, path)) found.push(path);
      else if (depth < deepestFlat && !isLink) visit(path, depth + 1);
    }
  };
  visit(base, 1);
  return found;
}

/** The one folder with the validation pictures, if it is no class of another data set. */
function flatSource(folder: string, base: string, others: readonly Source[]): Source | null {
  const [path, second] = flatFolders(folder, base);
  if (path === undefined || second !== undefined) return null;
  const isNamed = path.split('/').some((name) => splitInName(name)?.split === 'val');
  return isNamed || others.length > 0 ? { split: 'val', kind: 'flat', paths: [path] } : null;
}

function sourcesAt(folder: string, base: string): readonly Source[] {
  const usual = splitNames.flatMap((split) => sourceOf(folder, base, split) ?? []);
  const all = [...usual, ...furtherSources(folder, base, usual)];
  const flat = all.some(({ split }) => split === 'val') ? null : flatSource(folder, base, all);
  const rank = ({ split }: Source) => splitNames.findIndex((name) => name === split);
  return (flat === null ? all : [...all, flat]).toSorted((a, b) => rank(a) - rank(b));
}

/** Levels of folders that may be wrapped around the data set. */
const deepestBase = 4;

/** Splits as they lie below a folder, or below what is wrapped around them; none if it is not ImageNet. */
export function sourcesIn(folder: string): readonly Source[] {
  const usual = places.find((place) => splitNames.some((split) => sourceOf(folder, place, split) !== null));
  const atRoot = sourcesAt(folder, usual ?? '');
  if (atRoot.length > 0) return atRoot;
  let base = '';
  for (let level = 0; level < deepestBase; level++) {
    const inner = foldersIn(folder, base).filter(({ path }) => holdsPictures(folder, path));
    const [only] = inner;
    if (only === undefined || inner.length > 1) return [];
    base = only.path;
    const found = sourcesAt(folder, base);
    if (found.length > 0) return found;
  }
  return [];
}
