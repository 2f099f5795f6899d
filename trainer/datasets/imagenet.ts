/**
 * ImageNet (ILSVRC 2012: Russakovsky et al., IJCV 2015) and its subsets, as people have it: class folders by WordNet id; or
 * the validation pictures in one folder beside a list of their classes; or the original archives, read where they lie.
 */
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as v from 'valibot';
import { linesIn } from '../data/formats/lines.ts';
import { startTable, type Place } from '../data/listing/image-table.ts';
import { draftParts, foundBeside, readSplitFolder } from '../data/listing/class-folders.ts';
import { leftoversChoice, reportUnused, startWalk, type Walk } from '../data/listing/folder-walk.ts';
import { annotations, sourcesIn, validationPicture, type Source } from '../data/listing/imagenet-layout.ts';
import { listsNeeded, readClassWords, readValidationClasses } from '../data/listing/imagenet-lists.ts';
import { readerOfListing } from '../data/listing/inspect-listing.ts';
import { subsetNamed } from '../data/listing/known-subsets.ts';
import type { Reading } from '../protocol/dataset.ts';
import { printable, type Rejects } from '../data/rejects.ts';
import { reasonOf } from '../data/unusable-image.ts';
import { united, type Draft, type Listing } from '../data/listing/listing.ts';
import type { TimeSlices } from '../data/listing/time-slices.ts';
import { openTar, type TarMember } from '../data/formats/tar.ts';
import { defineDataset } from '../recipe.ts';
import { asIs, quoted, said, type Sentence } from '../protocol/sentence.ts';

const homepage = 'https://www.image-net.org/challenges/LSVRC/2012/';
const expected = [
  said`train/n########/*.JPEG and val/n########/*.JPEG (ImageNet-1k, ImageNet-100, Imagenette, Tiny-ImageNet)`,
  said`or val/ILSVRC2012_val_########.JPEG with ${listsNeeded}`,
  said`or ILSVRC2012_img_train.tar and ILSVRC2012_img_val.tar (not unpacked), with such a list`,
];
const classesOfAll = 1000;
const classArchive = /^(n\d{8})\.tar$/;

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
        rejects.add(path, said`not a class archive, which is named n########.tar`);
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

/** What a list says of pictures that lie side by side. */
interface Stated {
  readonly list: string;
  readonly synsetOf: (picture: Picture) => string | undefined;
  /** Pictures that it names. */
  readonly named: number;
}

/** A split of pictures that lie side by side. Pictures that are listed and not there are counted in a warning. */
function draftFlat(
  split: string,
  path: string,
  pictures: readonly Picture[],
  { list, synsetOf, named }: Stated,
  { rejects }: Walk,
  warnings: Sentence[],
): Draft {
  const names = [...new Set(pictures.flatMap((picture) => synsetOf(picture) ?? []))].sort();
  const numbers = new Map(names.map((name, number) => [name, number]));
  const images = startTable();
  for (const picture of pictures) {
    const synset = synsetOf(picture);
    if (synset !== undefined) images.add(picture.path, numbers.get(synset)!, picture.place);
    else rejects.add(picture.place ? `${path}/${picture.path}` : picture.path, said`not listed in ${list}`);
  }
  const absent = named - images.count();
  if (absent > 0) warnings.push(said`Of the pictures named in ${list}, ${absent} are not in ${path}.`);
  return { split, images, names };
}

const loosePictures = async (walk: Walk, path: string): Promise<readonly Picture[]> =>
  (await readSplitFolder(walk, path)).loose.map((picture) => ({ path: picture, place: null }));

/** The validation pictures, labelled by a list; without a list there is no such split. */
async function draftValidation(
  walk: Walk,
  { split, kind, paths }: Source,
  warnings: Sentence[],
): Promise<Draft | null> {
  const [path = ''] = paths;
  const { root, rejects, unused } = walk;
  const pictures = kind === 'archive' ? picturesInArchive(root, path, rejects) : await loosePictures(walk, path);
  const classes = await readValidationClasses(root, rejects, [kind === 'archive' ? dirname(path) : path]);
  if (!classes) {
    rejects.add(path, said`the list of its image classes is missing: ${listsNeeded}`);
    const what = asIs(printable(kind === 'archive' ? path : `${path}/`));
    unused.add(
      what,
      pictures.length,
      said`the list of the classes of these pictures is missing`,
      said`add ${listsNeeded}`,
    );
    return null;
  }
  const { list, synsets } = classes;
  const synsetOf = (picture: Picture) => synsets.get(Number(validationPicture.exec(basename(picture.path))?.[1]));
  return draftFlat(split, path, pictures, { list, synsetOf, named: synsets.size }, walk, warnings);
}

/** Tiny-ImageNet's validation pictures: `val_0.JPEG`, its WordNet id and a box. */
async function draftAnnotated(walk: Walk, { split, paths }: Source, warnings: Sentence[]): Promise<Draft> {
  const [path = ''] = paths;
  const list = `${path}/${annotations}`;
  const synsets = new Map<string, string>();
  for (const line of linesIn(join(walk.root, list))) {
    const match = /^(\S+)\s+(n\d{8})\b/.exec(line);
    if (match) synsets.set(match[1]!, match[2]!);
    else walk.rejects.add(list, said`${quoted(JSON.stringify(line.slice(0, 80)))} is not a picture with a WordNet id`);
  }
  const synsetOf = (picture: Picture) => synsets.get(basename(picture.path));
  const pictures = await loosePictures(walk, `${path}/images`);
  return draftFlat(split, `${path}/images`, pictures, { list, synsetOf, named: synsets.size }, walk, warnings);
}

async function draftOf(source: Source, walk: Walk, warnings: Sentence[]): Promise<Draft | null> {
  const { split, kind, paths } = source;
  if (kind === 'classes') return draftParts(walk, { split, folders: paths });
  if (kind === 'archive' && split === 'train') return draftTraining(walk.root, paths[0]!, walk.rejects, walk.slices);
  return kind === 'annotated' ? draftAnnotated(walk, source, warnings) : draftValidation(walk, source, warnings);
}

/** Archives that hold what the folders hold, and the development kit. */
const ownArchives = (folder: string): readonly string[] =>
  readdirSync(folder).filter((name) => /^ILSVRC2012_\w+\.tar(\.gz)?$/.test(name));

async function list(folder: string, rejects: Rejects, slices: TimeSlices, reading: Reading): Promise<Listing> {
  const walk = startWalk(folder, rejects, slices, reading);
  const drafts: Draft[] = [];
  const sources = sourcesIn(folder);
  const ofLists: Sentence[] = [];
  for (const source of sources) {
    try {
      const draft = await draftOf(source, walk, ofLists);
      if (draft) drafts.push(draft);
    } catch (error) {
      rejects.add(source.paths[0]!, reasonOf(error));
    }
  }
  const paths = sources.flatMap((source) => source.paths);
  await reportUnused(walk, [...paths, ...ownArchives(folder)]);
  const { splits, classes, warnings } = united(drafts, rejects);
  const words = await readClassWords(folder, paths.map(dirname));
  return {
    splits,
    // Two classes are called "crane", so the id stays.
    classes: classes.map((id) => (words.has(id) ? `${words.get(id)} (${id})` : id)),
    // A figure of a subset must not be taken for one of ImageNet.
    title:
      classes.length === classesOfAll ? 'ImageNet' : (subsetNamed(classes) ?? `ImageNet, ${classes.length} classes`),
    found: [...sources.map((source) => said`${source.split}: ${source.paths}`), ...foundBeside(walk, classes)],
    warnings: [...warnings, ...ofLists],
    unused: walk.unused.list(),
    choices: leftoversChoice(walk),
    splitRule: null,
  };
}

export const dataset = defineDataset({
  id: 'imagenet',
  title: 'ImageNet and its subsets',
  licence: null,
  homepage,
  splits: ['train', 'val', 'test'],
  channels: 3,
  options: v.strictObject({}),
  expected,
  recognises: async (folder) => sourcesIn(folder).length > 0,
  ...readerOfListing(list, { dataset: 'imagenet', title: 'ImageNet', expected, licence: null, source: homepage }),
});
