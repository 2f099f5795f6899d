/**
 * A folder of pictures: split folders of class folders, one folder of classes that is split by a hash, lists, or pictures
 * without classes. Names are sorted by code unit, so the order of samples is the same everywhere. Links to folders are
 * followed only at the level of splits and classes, so cycles are impossible.
 */
import type { Reading, ReadingChoice } from '../../protocol/dataset.ts';
import { printable, type Rejects } from '../rejects.ts';
import {
  accept,
  childrenIn,
  countPictures,
  leadsBack,
  leftoversChoice,
  leftoversFound,
  reportUnused,
  startWalk,
  type Child,
  type Walk,
} from './folder-walk.ts';
import { byOwnName, classLevels, leavesOf, type PlannedClass } from './class-levels.ts';
import { ordersDiffer } from './class-order.ts';
import { splitByHash, splitRule } from './hash-split.ts';
import { startTable, type TableBuilder } from './image-table.ts';
import { united, type Draft, type ListedSplit, type Listing } from './listing.ts';
import { draftLists, listsFound, type ListPlan, type PlannedSplit } from './split-lists.ts';
import { splitInName } from './split-names.ts';
import type { TimeSlices } from './time-slices.ts';
import { planTree, type TreePlan } from './tree-plan.ts';
import { asIs, said, type Sentence } from '../../protocol/sentence.ts';

/** Adds all pictures under a class folder, at any depth. */
async function addPictures(walk: Walk, folder: string, label: number, into: TableBuilder): Promise<void> {
  for (const child of childrenIn(walk, folder)) {
    if (walk.slices.due()) await walk.slices.next(walk.pictures, null);
    const { path, kind, isLink } = child;
    if (kind !== 'folder') {
      if (accept(walk, child)) into.add(path, label);
    } else if (isLink) walk.rejects.add(path, said`a link to a folder inside a class folder; it is not followed`);
    else await addPictures(walk, path, label, into);
  }
}

interface SplitFolder {
  readonly classes: readonly Child[];
  /** Pictures beside the class folders. */
  readonly loose: readonly string[];
}

/** Class folders and loose pictures of a split (`folder` is '' for the root). */
export async function readSplitFolder(walk: Walk, folder: string): Promise<SplitFolder> {
  const classes: Child[] = [];
  const loose: string[] = [];
  for (const child of childrenIn(walk, folder)) {
    const { name, path, kind, isLink } = child;
    if (kind !== 'folder') {
      if (accept(walk, child)) loose.push(path);
    } else if (isLink && leadsBack(walk, path))
      walk.rejects.add(path, said`a link that leads back to a folder above it`);
    else if (!name.startsWith('.')) classes.push(child);
    else await reportHidden(walk, path);
  }
  return { classes, loose };
}

async function reportHidden(walk: Walk, path: string): Promise<void> {
  const count = await countPictures(walk, path);
  if (count > 0)
    walk.unused.add(
      asIs(printable(`${path}/`)),
      count,
      said`its name begins with a dot: it is hidden`,
      said`rename it`,
    );
}

/** Lists a split by its class folders; if there are none, its loose pictures without labels. */
export async function draftSplit(walk: Walk, split: string, { classes, loose }: SplitFolder): Promise<Draft> {
  const images = startTable();
  for (const [label, { path }] of classes.entries()) {
    const before = images.count();
    await addPictures(walk, path, label, images);
    if (images.count() === before) walk.rejects.add(`${path}/`, said`a class folder without a readable image`);
  }
  if (images.count() === 0) {
    for (const path of loose) images.add(path, -1);
    return { split, images, names: null };
  }
  for (const path of loose) walk.rejects.add(path, said`outside the class folders, so it does not have a class`);
  return { split, images, names: classes.map(({ name }) => name) };
}

/** A split whose class folders are in one folder or, part by part, in several. */
export async function draftParts(walk: Walk, { split, folders }: PlannedSplit): Promise<Draft> {
  const parts: SplitFolder[] = [];
  for (const folder of folders) parts.push(await readSplitFolder(walk, folder));
  return draftSplit(walk, split, {
    classes: parts.flatMap(({ classes }) => classes),
    loose: parts.flatMap(({ loose }) => loose),
  });
}

type DeepLevel = Exclude<NonNullable<Reading['classes']>, 'first-level'>;

const deepFolders = (root: string, folder: string, level: DeepLevel): readonly PlannedClass[] =>
  level === 'deepest' ? leavesOf(root, folder) : byOwnName(leavesOf(root, folder));

/** The deepest folders of a split as its classes. What lies beside them has none. */
async function draftDeepest(walk: Walk, { split, folders }: PlannedSplit, level: DeepLevel): Promise<Draft> {
  for (const folder of folders)
    for (const path of (await readSplitFolder(walk, folder)).loose)
      walk.rejects.add(path, said`outside the class folders, so it does not have a class`);
  return draftClasses(
    walk,
    split,
    folders.flatMap((folder) => deepFolders(walk.root, folder, level)),
  );
}

/** Folders of one name are one class. */
async function draftClasses(walk: Walk, split: string, classes: readonly PlannedClass[]): Promise<Draft> {
  const images = startTable();
  const names = [...new Set(classes.map(({ name }) => name))];
  const labels = new Map(names.map((name, label) => [name, label]));
  for (const { name, path } of classes) await addPictures(walk, path, labels.get(name)!, images);
  return { split, images, names };
}

/** The folders of one split in every class. */
async function draftClassesFirst(walk: Walk, classes: readonly PlannedClass[]): Promise<readonly Draft[]> {
  const bySplit = new Map<string, PlannedClass[]>();
  for (const { name, path } of classes)
    for (const child of childrenIn(walk, path)) {
      const split = child.kind === 'folder' ? splitInName(child.name)?.split : undefined;
      if (split !== undefined) bySplit.set(split, [...(bySplit.get(split) ?? []), { name, path: child.path }]);
    }
  const drafts: Draft[] = [];
  for (const [split, folders] of [...bySplit].sort(([a], [b]) => (a < b ? -1 : 1)))
    drafts.push(await draftClasses(walk, split, folders));
  return drafts;
}

async function draftUnlabelled(walk: Walk, folder: string): Promise<Draft> {
  const images = startTable();
  await addPictures(walk, folder, -1, images);
  return { split: 'train', images, names: null };
}

async function draftsOf(walk: Walk, plan: TreePlan, level: DeepLevel | null): Promise<readonly Draft[]> {
  switch (plan.kind) {
    case 'splits': {
      const drafts: Draft[] = [];
      for (const split of plan.splits)
        drafts.push(await (level === null ? draftParts(walk, split) : draftDeepest(walk, split, level)));
      return drafts;
    }
    case 'classes':
      return [await draftSplit(walk, 'train', await readSplitFolder(walk, plan.base))];
    case 'leaves':
      return [await draftClasses(walk, 'train', plan.classes)];
    case 'classes-first':
      return draftClassesFirst(walk, plan.classes);
    case 'unlabelled':
      return [await draftUnlabelled(walk, plan.base)];
    case 'lists': {
      const drafts = [...(await draftLists(walk, plan))];
      for (const split of plan.unlabelled ?? []) drafts.push(await draftParts(walk, split));
      return drafts;
    }
  }
}

/** Folders that were listed whole. */
function usedBy(plan: TreePlan): readonly string[] {
  if (plan.kind === 'splits') return plan.splits.flatMap(({ folders }) => folders);
  return [plan.base];
}

async function reportUnlisted(walk: Walk, { base }: ListPlan, splits: readonly ListedSplit[]): Promise<void> {
  const listed = splits.reduce((sum, { images }) => sum + images.count, 0);
  const unlisted = (await countPictures(walk, base)) - listed;
  if (unlisted > 0)
    walk.unused.add(
      said`pictures that no list names`,
      unlisted,
      said`the lists say what is in each split`,
      said`add them to a list`,
    );
}

const deepestAreClasses: Readonly<Record<DeepLevel, Sentence>> = {
  deepest: said`classes: the deepest folders, called by their paths`,
  'deepest-names': said`classes: the names of the deepest folders, wherever they lie`,
};

/** What was taken for what, in words. */
function layoutOf(plan: TreePlan, splits: readonly ListedSplit[], level: DeepLevel | null): readonly Sentence[] {
  const names = splits.map(({ split }) => split);
  const inside = plan.base === '' ? [] : [said`the data set lies in ${plan.base}/`];
  switch (plan.kind) {
    case 'splits': {
      const named = plan.splits.flatMap(({ split, folders }) =>
        folders.length === 1 && folders[0] === (plan.base === '' ? split : `${plan.base}/${split}`)
          ? []
          : [said`${split}: ${folders.map((folder) => `${folder}/`)}`],
      );
      const deep = level === null ? [] : [deepestAreClasses[level]];
      return [...inside, said`split folders: ${names}`, ...named, ...deep];
    }
    case 'lists':
      return [...inside, said`splits by lists`, ...listsFound(plan)];
    case 'classes-first':
      return [...inside, said`split folders inside the classes: ${names}`];
    case 'unlabelled':
      return [...inside, said`folders by date: pictures without classes, for pretraining only`];
    case 'leaves':
      return [...inside, deepestAreClasses[level ?? 'deepest']];
    case 'classes':
      return [
        ...inside,
        splits[0]!.images.labels === null
          ? said`images without class folders: for pretraining only`
          : said`a folder of class folders`,
      ];
  }
}

const otherFiles = (count: number): Sentence =>
  count === 1 ? said`1 other file, ignored` : said`${count} other files, ignored`;

/** Findings common to every folder listing, besides its layout. */
export function foundBeside(walk: Walk, classes: readonly string[]): readonly Sentence[] {
  const leftovers = leftoversFound(walk);
  return [
    ...(classes.length === 1 ? [said`only one class: labels carry no information`] : []),
    ...(walk.otherFiles > 0 ? [otherFiles(walk.otherFiles)] : []),
    ...(leftovers === null ? [] : [leftovers]),
  ];
}

/** A plan, and what else its classes might be. */
interface Decided {
  readonly plan: TreePlan;
  /** Where its classes are the deepest folders: what they are called by. */
  readonly level: DeepLevel | null;
  readonly choices: readonly ReadingChoice[];
}

/** Takes the level of classes that a person decided, where several make sense. */
function decide(root: string, plan: TreePlan, { classes: wanted }: Reading): Decided {
  const folders = plan.kind === 'splits' ? plan.splits.flatMap((split) => split.folders) : [plan.base];
  const isOfFolders = plan.kind === 'splits' || plan.kind === 'classes' || plan.kind === 'leaves';
  const levels = isOfFolders ? classLevels(root, folders) : null;
  const usual = plan.kind === 'leaves' ? 'deepest' : 'first-level';
  if (levels === null) return { plan, level: usual === 'deepest' ? usual : null, choices: [] };
  const now = wanted ?? usual;
  const answers = Object.entries(levels).map(([value, count]) => ({ value, count }));
  const level = now === 'first-level' ? null : now;
  const { base } = plan;
  const ofFolders = (): TreePlan =>
    level === null ? { kind: 'classes', base } : { kind: 'leaves', base, classes: deepFolders(root, base, level) };
  return {
    plan: plan.kind === 'splits' || now === usual ? plan : ofFolders(),
    level,
    choices: [{ about: 'classes', now, answers }],
  };
}

/** The split of which a part becomes val: the only one with classes, unless another is called so. Null if there is none. */
function splitsToo({ kind }: TreePlan, splits: readonly ListedSplit[]): ListedSplit | null {
  const labelled = splits.filter(({ images }) => images.labels !== null);
  const [only] = labelled;
  const isWhole = kind === 'classes' || kind === 'leaves' || kind === 'lists';
  const hasVal = splits.some(({ split }) => split === 'val');
  return isWhole && labelled.length === 1 && only!.split === 'train' && !hasVal ? only! : null;
}

const orderChoice = (classes: readonly string[], { order = 'text' }: Reading): readonly ReadingChoice[] =>
  ordersDiffer(classes)
    ? [
        {
          about: 'order',
          now: order,
          answers: ['numeric', 'text'].map((value) => ({ value, count: classes.length })),
        },
      ]
    : [];

export async function listTree(
  root: string,
  rejects: Rejects,
  slices: TimeSlices,
  reading: Reading = {},
): Promise<Listing> {
  const walk = startWalk(root, rejects, slices, reading);
  const { plan, level, choices } = decide(root, planTree(root) ?? { kind: 'classes', base: '' }, reading);
  const { splits, classes, warnings } = united(await draftsOf(walk, plan, level), rejects, reading.order);
  if (plan.kind === 'lists') await reportUnlisted(walk, plan, splits);
  else await reportUnused(walk, usedBy(plan));
  const listed = (layout: readonly Sentence[], rest: Partial<Listing> = {}): Listing => ({
    splits,
    classes,
    found: [...layout, ...foundBeside(walk, classes)],
    warnings,
    unused: walk.unused.list(),
    choices: [...choices, ...orderChoice(classes, reading), ...leftoversChoice(walk)],
    splitRule: null,
    ...rest,
  });
  if (splits.every(({ images }) => images.count === 0) && plan.kind !== 'splits')
    return listed([said`no pictures`], { splits: [] });
  const layout = layoutOf(plan, splits, level);
  const train = splitsToo(plan, splits);
  if (train === null) return listed(layout);
  const made = await splitByHash(walk, train.images, classes);
  const others = splits.filter((split) => split !== train);
  return listed(layout, { splits: [...made.splits, ...others], splitRule, warnings: [...warnings, ...made.warnings] });
}

/** True if a few entries suggest that the folder has pictures where a class tree would. */
export const looksLikeTree = (root: string): Promise<boolean> => Promise.resolve(planTree(root) !== null);
