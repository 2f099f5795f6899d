/**
 * ImageNet (ILSVRC 2012: Russakovsky et al., IJCV 2015) and its subsets, as people have it: class folders by WordNet id; or
 * the validation pictures in one folder beside a list of their classes; or the original archives, read where they lie.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as v from 'valibot';
import { startTable, type Place } from '../data/listing/image-table.ts';
import { draftSplit, foundBeside, readSplitFolder, startWalk, type Walk } from '../data/listing/class-folders.ts';
import { listsNeeded, readClassWords, readValidationClasses } from '../data/listing/imagenet-lists.ts';
import { readerOfListing } from '../data/listing/inspect-listing.ts';
import { type Rejects } from '../data/rejects.ts';
import { reasonOf } from '../data/unusable-image.ts';
import { united, type Draft, type Listing } from '../data/listing/listing.ts';
import type { TimeSlices } from '../data/listing/time-slices.ts';
import { openTar, type TarMember } from '../data/formats/tar.ts';
import { isFolder } from '../durable/files.ts';
import { defineDataset } from '../recipe.ts';

const homepage = 'https://www.image-net.org/challenges/LSVRC/2012/';
const expected = [
  'train/n########/*.JPEG and val/n########/*.JPEG (ImageNet-1k, ImageNet-100, Imagenette)',
  `or val/ILSVRC2012_val_########.JPEG with ${listsNeeded}`,
  'or ILSVRC2012_img_train.tar and ILSVRC2012_img_val.tar (not unpacked), with such a list',
];
const classesOfAll = 1000;
const wordnetId = /^n\d{8}$/;
const classArchive = /^(n\d{8})\.tar$/;
const validationPicture = /^ILSVRC2012_val_(\d{8})\.JPEG$/;
const splitNames = ['train', 'val', 'test'] as const;
const archives: Readonly<Partial<Record<string, string>>> = {
  train: 'ILSVRC2012_img_train.tar',
  val: 'ILSVRC2012_img_val.tar',
};
/** Where the pictures lie below the folder: at once, or as Kaggle packs them. */
const places = ['', 'ILSVRC/Data/CLS-LOC/', 'Data/CLS-LOC/'];

interface Source {
  readonly split: string;
  readonly kind: 'classes' | 'flat' | 'archive';
  /** Below the folder. */
  readonly path: string;
}

/** A folder is preferred to the archive it was taken from. */
function sourceOf(folder: string, place: string, split: string): Source | null {
  const path = place + split;
  const names = isFolder(join(folder, path)) ? readdirSync(join(folder, path)) : [];
  if (names.some((name) => wordnetId.test(name))) return { split, kind: 'classes', path };
  if (names.some((name) => validationPicture.test(name))) return { split, kind: 'flat', path };
  const archive = archives[split];
  if (archive === undefined || !existsSync(join(folder, place + archive))) return null;
  return { split, kind: 'archive', path: place + archive };
}

function sourcesIn(folder: string): readonly Source[] {
  const found = places.map((place) => splitNames.flatMap((split) => sourceOf(folder, place, split) ?? []));
  return found.find((sources) => sources.length > 0) ?? [];
}

const byName = (a: TarMember, b: TarMember) => (a.name < b.name ? -1 : 1);

/** An archive of archives, one a class. In the order of names, so that samples have the numbers they have in folders. */
async function draftTraining(folder: string, archive: string, rejects: Rejects, slices: TimeSlices): Promise<Draft> {
  const images = startTable();
  const names: string[] = [];
  const tar = openTar(join(folder, archive));
  try {
    for (const inner of [...tar.members(rejects, archive)].sort(byName)) {
      const path = `${archive}/${inner.name}`;
      const name = classArchive.exec(inner.name)?.[1];
      if (name === undefined) {
        rejects.add(path, 'not a class archive, which is named n########.tar');
        continue;
      }
      for (const { name: own, offset, size } of [...tar.members(rejects, path, inner)].sort(byName))
        images.add(`${inner.name}/${own}`, names.length, { archive, offset, size });
      names.push(name);
      if (slices.due()) await slices.next(images.count(), null);
    }
  } finally {
    tar.close();
  }
  return { split: 'train', images, names };
}

interface Picture {
  readonly path: string;
  readonly place: Place | null;
}

function picturesInArchive(folder: string, archive: string, rejects: Rejects): readonly Picture[] {
  const tar = openTar(join(folder, archive));
  try {
    const members = [...tar.members(rejects, archive)].sort(byName);
    return members.map(({ name, offset, size }) => ({ path: name, place: { archive, offset, size } }));
  } finally {
    tar.close();
  }
}

/** Pictures of all classes side by side, labelled by a list; without a list there is no such split. */
async function draftValidation(
  folder: string,
  { split, path }: Source,
  pictures: readonly Picture[],
  rejects: Rejects,
): Promise<Draft | null> {
  const classes = await readValidationClasses(folder, rejects);
  if (!classes) {
    rejects.add(path, `the list of its image classes is missing: ${listsNeeded}`);
    return null;
  }
  const synsetOf = (picture: Picture) =>
    classes.synsets.get(Number(validationPicture.exec(basename(picture.path))?.[1]));
  const names = [...new Set(pictures.flatMap((picture) => synsetOf(picture) ?? []))].sort();
  const numbers = new Map(names.map((name, number) => [name, number]));
  const images = startTable();
  for (const picture of pictures) {
    const synset = synsetOf(picture);
    if (synset !== undefined) images.add(picture.path, numbers.get(synset)!, picture.place);
    else rejects.add(picture.place ? `${path}/${picture.path}` : picture.path, `not listed in ${classes.list}`);
  }
  return { split, images, names };
}

async function draftOf(folder: string, source: Source, walk: Walk): Promise<Draft | null> {
  const { split, kind, path } = source;
  const { rejects, slices } = walk;
  if (kind === 'classes') return draftSplit(walk, split, readSplitFolder(walk, path));
  if (kind === 'archive' && split === 'train') return draftTraining(folder, path, rejects, slices);
  const pictures =
    kind === 'archive'
      ? picturesInArchive(folder, path, rejects)
      : readSplitFolder(walk, path).loose.map((picture) => ({ path: picture, place: null }));
  return draftValidation(folder, source, pictures, rejects);
}

async function list(folder: string, rejects: Rejects, slices: TimeSlices): Promise<Listing> {
  const walk = startWalk(folder, rejects, slices);
  const drafts: Draft[] = [];
  const sources = sourcesIn(folder);
  for (const source of sources) {
    try {
      const draft = await draftOf(folder, source, walk);
      if (draft) drafts.push(draft);
    } catch (error) {
      rejects.add(source.path, reasonOf(error));
    }
  }
  const { splits, classes } = united(drafts, rejects);
  const words = await readClassWords(folder);
  return {
    splits,
    // Two classes are called "crane", so the id stays.
    classes: classes.map((id) => (words.has(id) ? `${words.get(id)} (${id})` : id)),
    // A figure of a subset must not be taken for one of ImageNet.
    title: classes.length === classesOfAll ? 'ImageNet' : `ImageNet, ${classes.length} classes`,
    found: [...sources.map(({ split, path }) => `${split}: ${path}`), ...foundBeside(walk, classes)],
    splitRule: null,
  };
}

export const dataset = defineDataset({
  id: 'imagenet',
  title: 'ImageNet and its subsets',
  licence: null,
  homepage,
  splits: splitNames,
  channels: 3,
  options: v.strictObject({}),
  expected,
  recognises: async (folder) => sourcesIn(folder).length > 0,
  ...readerOfListing(list, { dataset: 'imagenet', title: 'ImageNet', expected, licence: null, source: homepage }),
});
