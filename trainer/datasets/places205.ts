/**
 * Places205 (Zhou et al., NIPS 2014): 256 pixel pictures of 205 kinds of places, and lists of `path label` for training and
 * validation, which name them from `images256`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { whyUnsafe } from '../data/formats/unsafe-path.ts';
import { UnusableImage } from '../data/unusable-image.ts';
import { startTable, type TableBuilder } from '../data/listing/image-table.ts';
import { notInFolder, presenceIn } from '../data/listing/presence.ts';
import { readerOfListing } from '../data/listing/inspect-listing.ts';
import { type Rejects } from '../data/rejects.ts';
import { reasonOf } from '../data/unusable-image.ts';
import { linesIn } from '../data/formats/lines.ts';
import type { ListedSplit, Listing } from '../data/listing/listing.ts';
import type { TimeSlices } from '../data/listing/time-slices.ts';
import { defineDataset } from '../recipe.ts';
import { quoted, said } from '../protocol/sentence.ts';

const homepage = 'http://places.csail.mit.edu/';
const expected = [
  said`trainvalsplit_places205/train_places205.csv and val_places205.csv (or txt), a path and a label per line`,
  said`the images they list, from images256/ or from the folder itself`,
  said`trainvalsplit_places205/categoryIndex_places205.csv, for the names of the classes`,
];
const classCount = 205;
const splits = ['train', 'val'] as const;
const listPlaces = ['trainvalsplit_places205/', ''];
/** The second is how the archive unpacks. */
const picturePlaces = ['images256/', 'data/vision/torralba/deeplearning/images256/', ''];
const namesList = 'categoryIndex_places205.csv';

const firstThere = (folder: string, paths: readonly string[]) =>
  paths.find((path) => existsSync(join(folder, path))) ?? null;

const listOf = (folder: string, split: string) =>
  firstThere(
    folder,
    listPlaces.flatMap((place) => ['csv', 'txt'].map((ending) => `${place}${split}_places205.${ending}`)),
  );

/** `a/abbey/0001.jpg 0`, `/a/abbey 0`: a path, perhaps from a root, and a number below 205. */
function parsed(line: string): readonly [path: string, label: number] {
  const match = /^\/?(.*\S)[\s,]+(\d{1,3})\s*$/.exec(line);
  const label = Number(match?.[2]);
  if (!match || label >= classCount)
    throw new UnusableImage(
      said`${quoted(JSON.stringify(line.slice(0, 80)))} is not a path with a label from 0 to ${classCount - 1}`,
    );
  return [match[1]!, label];
}

/** Names by number; the numbers themselves where no list says otherwise. */
function classNames(folder: string, rejects: Rejects): readonly string[] {
  const names = Array.from({ length: classCount }, (_, label) => String(label));
  const path = firstThere(
    folder,
    listPlaces.map((place) => place + namesList),
  );
  if (path === null) return names;
  try {
    for (const line of linesIn(join(folder, path))) {
      const [name, label] = parsed(line);
      names[label] = name;
    }
  } catch (error) {
    rejects.add(path, reasonOf(error));
  }
  return names;
}

async function readList(
  folder: string,
  path: string,
  images: TableBuilder,
  rejects: Rejects,
  slices: TimeSlices,
): Promise<void> {
  let place: string | null = null;
  const isThere = presenceIn(folder);
  for (const line of linesIn(join(folder, path))) {
    if (slices.due()) await slices.next(images.count(), null);
    const [picture, label] = parsed(line);
    const trouble = whyUnsafe(picture);
    if (trouble !== null) {
      rejects.add(picture, trouble);
      continue;
    }
    // All pictures lie where the first that is there lies.
    place ??= picturePlaces.find((each) => existsSync(join(folder, each + picture))) ?? null;
    if (place === null || !isThere(place + picture)) rejects.add((place ?? '') + picture, notInFolder);
    else images.add(place + picture, label);
  }
}

async function list(folder: string, rejects: Rejects, slices: TimeSlices): Promise<Listing> {
  const listed: ListedSplit[] = [];
  const lists = splits.flatMap((split) => {
    const path = listOf(folder, split);
    return path === null ? [] : [{ split, path }];
  });
  for (const { split, path } of lists) {
    const images = startTable();
    try {
      await readList(folder, path, images, rejects, slices);
      listed.push({ split, images: images.finish((label) => label) });
    } catch (error) {
      rejects.add(path, reasonOf(error));
    }
  }
  const found = lists.map(({ split, path }) => said`${split}: ${path}`);
  return { splits: listed, classes: classNames(folder, rejects), found, splitRule: null };
}

export const dataset = defineDataset({
  id: 'places205',
  title: 'Places205',
  licence: null,
  homepage,
  splits,
  channels: 3,
  options: v.strictObject({}),
  expected,
  recognises: async (folder) => splits.some((split) => listOf(folder, split) !== null),
  ...readerOfListing(list, { dataset: 'places205', title: 'Places205', expected, licence: null, source: homepage }),
});
