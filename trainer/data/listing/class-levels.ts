/** Which folders are classes where pictures lie several levels deep: those of the first level, the deepest, or the names of these. */
import type { Reading } from '../../protocol/dataset.ts';
import { foldersIn, hasPictures, holdsPictures } from './folder-walk.ts';

export interface PlannedClass {
  readonly name: string;
  readonly path: string;
}

/** Folders with pictures directly in them, and nothing above them; they are called by their paths. */
export function leavesOf(root: string, folder: string, prefix = ''): readonly PlannedClass[] {
  return foldersIn(root, folder).flatMap(({ name, path, isLink }) => {
    const own = prefix === '' ? name : `${prefix}/${name}`;
    if (hasPictures(root, path)) return [{ name: own, path }];
    return isLink ? [] : leavesOf(root, path, own);
  });
}

/** True where folders below the first level say nothing of a class: most have the same names, or each is alone. */
export function areParts(inner: readonly (readonly string[])[]): boolean {
  const times = new Map<string, number>();
  for (const name of inner.flat()) times.set(name, (times.get(name) ?? 0) + 1);
  return Math.max(...times.values()) * 2 > inner.length || inner.every((names) => names.length === 1);
}

/** The deepest folders called by their own names: folders of one name are one class, as the classes of several domains are. */
export const byOwnName = (leaves: readonly PlannedClass[]): readonly PlannedClass[] =>
  leaves.map(({ name, path }) => ({ name: name.slice(name.lastIndexOf('/') + 1), path }));

/** Numbers of classes by each level that makes sense. */
export type ClassLevels = Readonly<Partial<Record<NonNullable<Reading['classes']>, number>>>;

/** @param folders that hold the classes, one a split; null where one level alone makes sense */
export function classLevels(root: string, folders: readonly string[]): ClassLevels | null {
  const found = folders.flatMap((folder) => leavesOf(root, folder));
  const leaves = new Set(found.map(({ name }) => name));
  if (![...leaves].some((name) => name.includes('/'))) return null;
  const first = folders.flatMap((folder) => foldersIn(root, folder)).filter(({ path }) => holdsPictures(root, path));
  const inner = first.map(({ path }) => foldersIn(root, path).map(({ name }) => name));
  const deep = inner.filter((names) => names.length > 0);
  const own = new Set(byOwnName(found).map(({ name }) => name));
  const isRepeated = own.size > 1 && own.size < leaves.size;
  const levels = {
    'first-level': new Set(first.map(({ name }) => name)).size,
    ...(!areParts(deep) && { deepest: leaves.size }),
    ...(isRepeated && deep.some((names) => names.length > 1) && { 'deepest-names': own.size }),
  };
  return Object.keys(levels).length > 1 ? levels : null;
}
