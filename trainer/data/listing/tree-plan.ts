/**
 * Looks at a folder of pictures as a person would: past what is only wrapped around it, for splits under any usual name,
 * lists, classes, or pictures without any. Names and the first entries of folders are looked at, never contents.
 */
import { areParts, leavesOf, type PlannedClass } from './class-levels.ts';
import { labelLists, levelAt, splitLists, type Level, type ListPlan, type PlannedSplit } from './split-lists.ts';
import { foldersIn, hasPictures, holdsPictures, type Child } from './folder-walk.ts';
import { isNeutral, splitInName, splitNamed, type SplitName } from './split-names.ts';

export type TreePlan =
  | { readonly kind: 'splits'; readonly base: string; readonly splits: readonly PlannedSplit[] }
  /** Its folders are classes; if there are none, its pictures have none. */
  | { readonly kind: 'classes'; readonly base: string }
  /** The deepest folders are classes. */
  | { readonly kind: 'leaves'; readonly base: string; readonly classes: readonly PlannedClass[] }
  /** Every class has folders for the splits. */
  | { readonly kind: 'classes-first'; readonly base: string; readonly classes: readonly PlannedClass[] }
  | { readonly kind: 'unlabelled'; readonly base: string }
  | ListPlan;

type Named = Child & SplitName;

const distinct = (folders: readonly Named[]) => new Set(folders.map(({ split }) => split)).size;

/** Parts of a split are numbered; years are not parts. */
const withoutPart = (name: string) => name.replaceAll(/(?<!\d)\d{1,3}(?!\d)/g, '');

/** Splits by their folders, in the order of names. Of two folders for one split the first counts, or the usual name. */
function grouped(folders: readonly Named[]): readonly PlannedSplit[] {
  const chosen = new Map<string, Named[]>();
  const usualFirst = folders.toSorted(
    (a, b) => Number(splitNamed(b.name) !== null) - Number(splitNamed(a.name) !== null),
  );
  for (const folder of usualFirst) {
    const known = chosen.get(folder.split);
    if (known === undefined) chosen.set(folder.split, [folder]);
    else if (withoutPart(known[0]!.name) === withoutPart(folder.name)) known.push(folder);
  }
  return [...chosen]
    .toSorted(([, a], [, b]) => (a[0]!.name < b[0]!.name ? -1 : 1))
    .map(([split, parts]) => ({ split, folders: parts.map(({ path }) => path) }));
}

/** True for a folder that has splits of its own: a data set called `validation`, not a split. */
function hasSplits(root: string, folder: string): boolean {
  const inside = new Set(foldersIn(root, folder).flatMap(({ name }) => splitInName(name)?.split ?? []));
  return inside.size > 1 && inside.has('train');
}

/** The folders among these that are splits; none if they may as well be classes. */
export function splitsAmong(root: string, folders: readonly Child[]): readonly PlannedSplit[] {
  const named: readonly Named[] = folders.flatMap((child) => {
    const found = splitInName(child.name);
    return found === null || hasSplits(root, child.path) ? [] : [{ ...child, ...found }];
  });
  if (named.length === 0) return [];
  const usual = named.filter(({ name }) => splitNamed(name) !== null);
  // A single folder called "train" may be the class of trains: it is a split only if it contains class folders.
  const isSure =
    distinct(usual) > 1 || (usual.length > 0 && (folders.length === 1 || foldersIn(root, usual[0]!.path).length > 0));
  if (isSure) {
    const others = named.filter((each) => splitNamed(each.name) === null);
    const hasClasses = ({ path }: Named) => foldersIn(root, path).some((each) => holdsPictures(root, each.path));
    return grouped([
      ...usual,
      ...others.filter((each) => (each.isPlain ? holdsPictures(root, each.path) : hasClasses(each))),
    ]);
  }
  const holding = named.filter(({ path }) => holdsPictures(root, path));
  const isWhole = distinct(holding) > 1 && holding.some(({ split }) => split === 'train');
  if (!isWhole) return [];
  const agree = holding.every(({ isPlain }) => isPlain) || new Set(holding.map(({ rest }) => rest)).size === 1;
  const paths = new Set(named.map(({ path }) => path));
  return agree && !folders.some(({ path }) => !paths.has(path) && holdsPictures(root, path)) ? grouped(holding) : [];
}

/** The folder whose folders are the classes of a split: `test_set/test_set`, `train/images`. */
function unwrapped(root: string, split: string, folder: string): string {
  let at = folder;
  for (;;) {
    const inner = hasPictures(root, at) ? [] : foldersIn(root, at);
    const [only] = inner;
    if (only === undefined || inner.length > 1 || hasPictures(root, only.path)) return at;
    const saysNothing = isNeutral(only.name) || splitInName(only.name)?.split === split;
    if (!saysNothing || !foldersIn(root, only.path).some(({ path }) => holdsPictures(root, path))) return at;
    at = only.path;
  }
}

/** A year, a month or a day: `2022`, `2022-05`, `20220517 Lake`. */
export const isDate = (name: string): boolean =>
  /^(19|20)\d{2}([-_. ]?(0[1-9]|1[0-2])([-_. ]?([0-2]\d|3[01]))?)?(?!\d)/.test(name);

/** Folders two levels deep or more: classes are the first level where their folders repeat, else the deepest. */
function planDeep(root: string, base: string, holding: readonly Child[]): TreePlan | null {
  if (holding.every(({ name }) => isDate(name))) return { kind: 'unlabelled', base };
  const folders = holding.map(({ path }) => foldersIn(root, path));
  // Each has folders of something else beside its pictures, such as annotations: these are data sets, not classes.
  if (folders.every((inside) => inside.some(({ path }) => !holdsPictures(root, path)))) return null;
  const isFirst = areParts(folders.map((inside) => inside.map(({ name }) => name)));
  return isFirst ? { kind: 'classes', base } : { kind: 'leaves', base, classes: leavesOf(root, base) };
}

/** True if every class has the folders of splits, with pictures directly in them. */
function areClassesFirst(root: string, holding: readonly Child[]): boolean {
  const inner = holding.map(({ path }) => foldersIn(root, path).filter((each) => holdsPictures(root, each.path)));
  return (
    holding.length > 1 &&
    inner.every((each) => each.every(({ name, path }) => splitInName(name) !== null && hasPictures(root, path))) &&
    inner.some((each) => new Set(each.map(({ name }) => splitInName(name)?.split)).size > 1)
  );
}

/** Lists that state the classes of split folders without class folders; null if there are none. */
function listsOfSplits(root: string, level: Level, splits: readonly PlannedSplit[]): ListPlan | null {
  const isFlat = ({ folders }: PlannedSplit) =>
    folders.every((folder) => !foldersIn(root, folder).some(({ path }) => holdsPictures(root, path)));
  const found = splits.every(isFlat) ? labelLists(root, level) : null;
  if (found === null) return null;
  const isOfAll = found.lists.some(({ split }) => split === null);
  const named = new Set(found.lists.map(({ split }) => split));
  return { ...found, unlabelled: isOfAll ? [] : splits.filter(({ split }) => !named.has(split)) };
}

/** Levels of folders that may be wrapped around a data set. */
const deepestBase = 8;
/** Folders that are looked into for pictures. */
const lookedInto = 20;

/** Null if there are no pictures, or several data sets beside each other. */
export function planTree(root: string): TreePlan | null {
  let base = '';
  for (let level = 0; level <= deepestBase; level++) {
    const looked = levelAt(root, base);
    const { folders } = looked;
    const splits = splitsAmong(root, folders);
    if (splits.length > 0) {
      const inside = ({ split, folders: parts }: PlannedSplit) => ({
        split,
        folders: parts.map((part) => unwrapped(root, split, part)),
      });
      const plan = splits.map(inside);
      return listsOfSplits(root, looked, plan) ?? { kind: 'splits', base, splits: plan };
    }
    const lists = splitLists(root, looked) ?? labelLists(root, looked);
    if (lists !== null) return lists;
    if (hasPictures(root, base)) return { kind: 'classes', base };
    const isFlat = folders.slice(0, lookedInto).some(({ path }) => hasPictures(root, path));
    if (isFlat && base === '') return { kind: 'classes', base };
    const holding = folders.filter(({ path }) => holdsPictures(root, path));
    if (holding.length === 0) return null;
    const sets = holding.filter(({ path }) => splitsAmong(root, foldersIn(root, path)).length > 1);
    const [inner] = holding.length === 1 ? holding : sets.length === 1 ? sets : [];
    if (inner !== undefined) {
      base = inner.path;
      continue;
    }
    if (areClassesFirst(root, holding))
      return { kind: 'classes-first', base, classes: holding.map(({ name, path }) => ({ name, path })) };
    if (sets.length > 1) return null;
    if (isFlat) return { kind: holding.every(({ name }) => isDate(name)) ? 'unlabelled' : 'classes', base };
    return planDeep(root, base, holding);
  }
  return null;
}

/** Folders beside each other that are data sets of their own. */
export function dataSetsIn(root: string): readonly string[] {
  const folders = foldersIn(root, '').slice(0, lookedInto);
  return folders.filter(({ path }) => splitsAmong(root, foldersIn(root, path)).length > 1).map(({ name }) => name);
}
