/**
 * PASCAL VOC's classification sets (2005 to 2012): JPEGImages/ID.jpg, ImageSets/Main/SPLIT.txt with the ids of a split, and
 * ImageSets/Main/CLASS_SPLIT.txt with 1 after an id whose image shows the class, -1 where it does not, 0 where it is there but
 * difficult to recognise. http://host.robots.ox.ac.uk/pascal/VOC/
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as v from 'valibot';
import { FaultError } from '../durable/fault-error.ts';
import { UnusableImage } from '../data/unusable-image.ts';
import { nameOf, startTable } from '../data/listing/image-table.ts';
import { inspectListing, type ListingDescription } from '../data/listing/inspect-listing.ts';
import { linesIn } from '../data/formats/lines.ts';
import { notInFolder } from '../data/listing/presence.ts';
import { openListing, type List } from '../data/listing/listing.ts';
import { unreadableFile } from '../data/formats/record-file.ts';
import type { SplitInspection } from '../protocol/dataset.ts';
import { defineDataset, type OpenOptions } from '../recipe.ts';
import { quoted, said } from '../protocol/sentence.ts';

const title = 'PASCAL VOC';
const source = 'http://host.robots.ox.ac.uk/pascal/VOC/';
const expected = [
  said`VOC2007 or VOC2012 (inside VOCdevkit, or its own folder): JPEGImages/*.jpg, ImageSets/Main/trainval.txt and test.txt`,
  said`or train.txt and val.txt; and for each class ImageSets/Main/CLASS_SPLIT.txt`,
];
const description: ListingDescription = {
  dataset: 'voc',
  title,
  expected,
  licence: null,
  source,
  absent: notInFolder,
};

const lists = 'ImageSets/Main';
/** Splits that have no image in common: trainval is train and val together. */
const wholes = [
  ['trainval', 'test'],
  ['train', 'val', 'test'],
] as const;
/** As the field writes it, and papers' tables: VOC07. */
const titleOf = (folder: string): string => (/^VOC20\d\d$/.test(basename(folder)) ? `VOC${folder.slice(-2)}` : title);

/** Ids become parts of paths. */
const id = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

const isYear = (folder: string): boolean => existsSync(join(folder, lists)) && existsSync(join(folder, 'JPEGImages'));

/** The folder of the one year that is there, from the folder that was chosen, or null. */
function yearIn(folder: string): string | null {
  if (isYear(folder)) return '';
  const years = ['', 'VOCdevkit'].flatMap((above) => {
    if (!existsSync(join(folder, above))) return [];
    const names = readdirSync(join(folder, above)).filter((name) => /^VOC20\d\d$/.test(name));
    return names.map((name) => (above === '' ? name : `${above}/${name}`)).filter((path) => isYear(join(folder, path)));
  });
  return years.length === 1 ? years[0]! : null;
}

/** @throws FaultError that names the list */
function* linesOf(path: string): Generator<string> {
  try {
    for (const line of linesIn(path)) if (line.trim() !== '') yield line.trim();
  } catch (error) {
    throw unreadableFile(path, error);
  }
}

interface Layout {
  /** Path of the year from the folder that was chosen; '' where that is it. */
  readonly year: string;
  readonly splits: readonly string[];
  readonly classes: readonly string[];
}

/** @throws UnusableImage saying what is missing */
function layoutOf(folder: string): Layout {
  const year = yearIn(folder);
  if (year === null)
    throw new UnusableImage(said`it must contain exactly one year of PASCAL VOC: choose the folder of one year`);
  const names = new Set(readdirSync(join(folder, year, lists)));
  const splits = wholes.find((all) => names.has(`${all[0]}.txt`))?.filter((split) => names.has(`${split}.txt`)) ?? [];
  // Without lists of classes a split has no truth: VOC2012's test.
  const classesOf = (split: string): readonly string[] =>
    [...names]
      .flatMap((name) => (name.endsWith(`_${split}.txt`) ? [name.slice(0, -`_${split}.txt`.length)] : []))
      .sort();
  const classes = splits[0] === undefined ? [] : classesOf(splits[0]);
  return { year, splits: splits.filter((split) => classesOf(split).length === classes.length), classes };
}

const inYear = (year: string, path: string): string => (year === '' ? path : `${year}/${path}`);

const list: List = async (folder, rejects, slices) => {
  const { year, splits, classes } = layoutOf(folder);
  const listed = [];
  for (const split of splits) {
    const images = startTable();
    const path = inYear(year, `${lists}/${split}.txt`);
    for (const line of linesOf(join(folder, path))) {
      if (slices.due()) await slices.next(images.count(), null);
      if (id.test(line)) images.add(inYear(year, `JPEGImages/${line}.jpg`), -1);
      else rejects.add(path, said`it names an image "${quoted(line)}"; an id is letters, digits, _, - and .`);
    }
    listed.push({ split, images: images.finish(null) });
  }
  const several = said`an image may show several classes: for the linear SVM and for pretraining`;
  return { splits: listed, classes, title: titleOf(year === '' ? folder : year), found: [several], splitRule: null };
};

const truths: Readonly<Record<string, number>> = { '1': 1, '-1': 0, '0': -1 };

/** [names, classes], in the order of the names, which are paths of images. */
function presenceOf(folder: string, split: string, names: readonly string[]): Int8Array {
  const { year, classes } = layoutOf(folder);
  const rows = new Map(names.map((name, row) => [name, row]));
  const presence = new Int8Array(names.length * classes.length);
  classes.forEach((name, label) => {
    const path = join(folder, year, lists, `${name}_${split}.txt`);
    const known = new Set<number>();
    for (const line of linesOf(path)) {
      const [image = '', value = ''] = line.split(/\s+/);
      const truth = truths[value];
      if (truth === undefined)
        throw new FaultError('unreadable-file', `${path}: "${line}" is not an id followed by 1, 0 or -1.`, {
          file: path,
        });
      const row = rows.get(inYear(year, `JPEGImages/${image}.jpg`));
      if (row === undefined) continue;
      if (known.has(row))
        throw new FaultError('unreadable-file', `${path} lists ${image} twice.`, {
          file: path,
        });
      presence[row * classes.length + label] = truth;
      known.add(row);
    }
    if (known.size < names.length)
      throw new FaultError('unreadable-file', `${path} lists ${known.size} images; the split has ${names.length}.`, {
        file: path,
      });
  });
  return presence;
}

async function open(folder: string, split: string, options?: OpenOptions) {
  const opened = await openListing(list, folder, split, options);
  const { images } = opened.found!;
  const names = Array.from({ length: images.count }, (_, index) => nameOf(images, index));
  return { ...opened, presence: () => Promise.resolve(presenceOf(folder, split, names)) };
}

export const dataset = defineDataset({
  id: 'voc',
  title,
  licence: null,
  homepage: source,
  splits: ['trainval', 'test', 'train', 'val'],
  channels: 3,
  options: v.strictObject({}),
  expected,
  recognises: (folder) => Promise.resolve(yearIn(folder) !== null),
  async inspect(folder, progress, signal, options) {
    const unusable: string[] = [];
    const inspection = await inspectListing(list, folder, description, progress, signal, {
      ...options,
      details: {
        damaged(image) {
          unusable.push(image.file);
          options?.details?.damaged(image);
        },
        copies: (pairs) => options?.details?.copies(pairs),
      },
    });
    const splits: SplitInspection[] = [];
    for (const split of inspection.splits) {
      const presence = await (await open(folder, split.split, { exclude: unusable })).presence();
      const perClass = inspection.classes.map(() => 0);
      // Images in which a class is difficult only are no images of it: as the development kit counts.
      presence.forEach((there, at) => {
        if (there === 1) perClass[at % perClass.length]! += 1;
      });
      splits.push({ ...split, perClass });
    }
    return { ...inspection, splits, severalClasses: true };
  },
  open,
});
