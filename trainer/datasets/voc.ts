/**
 * PASCAL VOC's classification and detection sets (2005 to 2012): JPEGImages/ID.jpg, ImageSets/Main/SPLIT.txt with the ids of a split, and
 * ImageSets/Main/CLASS_SPLIT.txt with 1 after an id whose image shows the class, -1 where it does not, 0 where it is there but
 * difficult to recognise. Annotations/ID.xml has the boxes, and the classes where there is no list of any. http://host.robots.ox.ac.uk/pascal/VOC/
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as v from 'valibot';
import { readPlain } from '../durable/plain-file.ts';
import { FaultError } from '../durable/fault-error.ts';
import { UnusableImage } from '../data/unusable-image.ts';
import { nameOf, startTable } from '../data/listing/image-table.ts';
import { type ReadObjects } from '../data/listing/listed-objects.ts';
import { annotatedClasses, annotatedPresence } from '../data/listing/voc-classes.ts';
import { vocObjects } from '../detection/annotations/voc-objects.ts';
import { longestXml } from '../detection/annotations/voc-xml.ts';
import type { ImageTable } from '../data/found-images.ts';
import { isReadable } from '../data/listing/folder-walk.ts';
import { inspectListing, type ListingDescription } from '../data/listing/inspect-listing.ts';
import { linesIn } from '../data/formats/lines.ts';
import { notInFolder } from '../data/listing/presence.ts';
import { openListing, type List } from '../data/listing/listing.ts';
import { unreadableFile } from '../data/formats/record-file.ts';
import type { SplitInspection } from '../protocol/dataset.ts';
import { defineDataset, type OpenOptions } from '../recipe.ts';
import { quoted, said, type Sentence } from '../protocol/sentence.ts';

const title = 'PASCAL VOC';
const source = 'http://host.robots.ox.ac.uk/pascal/VOC/';
const expected = [
  said`VOC2007 or VOC2012 (inside VOCdevkit, or its own folder), or VOCdevkit with both: JPEGImages/*.jpg,`,
  said`ImageSets/Main/trainval.txt and test.txt, or train.txt and val.txt; for each class ImageSets/Main/CLASS_SPLIT.txt;`,
  said`for boxes Annotations/*.xml, which also tell the classes where no list does`,
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
/** As the field writes it, and papers' tables: VOC07, VOC07+12. */
function titleOf(folder: string, years: readonly string[]): string {
  const named = years.map((year) => basename(year === '' ? folder : year));
  return named.every((name) => /^VOC20\d\d$/.test(name))
    ? `VOC${named.map((name) => name.slice(-2)).join('+')}`
    : title;
}

/** Ids become parts of paths. */
const id = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

const isYear = (folder: string): boolean => existsSync(join(folder, lists)) && existsSync(join(folder, 'JPEGImages'));

/** Years whose images learn together, and those that are tested on: the paper's VOC07+12. */
const together = ['VOC2007', 'VOC2012'];

/** Folders of the years that are there, from the folder that was chosen: one, or the two that go together; else none. */
function yearsIn(folder: string): readonly string[] {
  if (isYear(folder)) return [''];
  const years = ['', 'VOCdevkit'].flatMap((above) => {
    if (!existsSync(join(folder, above))) return [];
    const names = readdirSync(join(folder, above)).filter((name) => /^VOC20\d\d$/.test(name));
    return names.map((name) => (above === '' ? name : `${above}/${name}`)).filter((path) => isYear(join(folder, path)));
  });
  const names = years.map((path) => basename(path)).sort();
  return years.length === 1 || names.join() === together.join() ? years.sort() : [];
}

/** @throws FaultError that names the list */
function* linesOf(path: string): Generator<string> {
  try {
    for (const line of linesIn(path)) if (line.trim() !== '') yield line.trim();
  } catch (error) {
    throw unreadableFile(path, error);
  }
}

const namesIn = (images: ImageTable): readonly string[] =>
  Array.from({ length: images.count }, (_, index) => nameOf(images, index));

interface Layout {
  /** Paths from the folder that was chosen; '' where that is the one. */
  readonly years: readonly string[];
  /** Each with the years it is of. */
  readonly splits: readonly { readonly split: string; readonly years: readonly string[] }[];
  /** That there are lists of; empty where there is none. */
  readonly classes: readonly string[];
}

/** Classes that have a list in a split of a year. Without lists a split has no truth: VOC2012's test. */
const classesOf = (names: ReadonlySet<string>, split: string): readonly string[] =>
  [...names].flatMap((name) => (name.endsWith(`_${split}.txt`) ? [name.slice(0, -`_${split}.txt`.length)] : [])).sort();

/** @throws UnusableImage saying what is missing */
function layoutOf(folder: string): Layout {
  const years = yearsIn(folder);
  if (years.length === 0)
    throw new UnusableImage(
      said`it must contain one year of PASCAL VOC, or 2007 and 2012: choose the folder of one year`,
    );
  const names = new Map(years.map((year) => [year, new Set(readdirSync(join(folder, year, lists)))]));
  const yearsWith = (split: string) => years.filter((year) => names.get(year)!.has(`${split}.txt`));
  const whole = wholes.find((all) => yearsWith(all[0]).length > 0) ?? [];
  const first = whole[0] === undefined ? undefined : yearsWith(whole[0])[0];
  const classes = first === undefined ? [] : classesOf(names.get(first)!, whole[0]!);
  const splits = whole.flatMap((split) => {
    const own = yearsWith(split).filter((year) => classesOf(names.get(year)!, split).join() === classes.join());
    return own.length === 0 ? [] : [{ split, years: own }];
  });
  return { years, splits, classes };
}

const inYear = (year: string, path: string): string => (year === '' ? path : `${year}/${path}`);

const pictures = 'JPEGImages';
const idOf = (image: string): string => basename(image).replace(/\.[^.]*$/, '');
/** Of an image: Annotations/ID.xml beside JPEGImages. */
const annotationOf = (image: string): string => image.replace(/JPEGImages\/[^/]*$/, `Annotations/${idOf(image)}.xml`);

/** Path of an id's picture in one of the years: the set's own are JPEG files, those in its form may be others. */
function picturesOf(folder: string, years: readonly string[]): (year: string, id: string) => string {
  const others = years.flatMap((year) =>
    readdirSync(join(folder, year, pictures))
      .filter((name) => !name.endsWith('.jpg') && isReadable(name))
      .map((name) => [inYear(year, idOf(name)), name] as const),
  );
  const names = new Map(others);
  return (year, image) => inYear(year, `${pictures}/${names.get(inYear(year, image)) ?? `${image}.jpg`}`);
}

/** Which years the splits are of, where there are two. */
const foundIn = ({ years, splits }: Layout): readonly Sentence[] =>
  years.length === 1 ? [] : splits.map(({ split, years: own }) => said`${split}: ${own.map((year) => basename(year))}`);

const list: List = async (folder, rejects, slices) => {
  const layout = layoutOf(folder);
  const pictureOf = picturesOf(folder, layout.years);
  const listed = [];
  for (const { split, years } of layout.splits) {
    const images = startTable();
    for (const year of years) {
      const path = inYear(year, `${lists}/${split}.txt`);
      for (const line of linesOf(join(folder, path))) {
        if (slices.due()) await slices.next(images.count(), null);
        if (id.test(line)) images.add(pictureOf(year, line), -1);
        else rejects.add(path, said`it names an image "${quoted(line)}"; an id is letters, digits, _, - and .`);
      }
    }
    listed.push({ split, images: images.finish(null) });
  }
  const found = [...foundIn(layout), said`an image may show several classes: for the linear SVM and for pretraining`];
  let { classes } = layout;
  if (classes.length === 0 && hasAnnotations(folder)) {
    const annotations = listed.flatMap(({ images }) => namesIn(images).map((name) => join(folder, annotationOf(name))));
    classes = await annotatedClasses(annotations, slices);
    found.push(said`no list tells the classes of images: they are those of the annotated objects`);
  }
  return {
    splits: listed,
    classes,
    title: titleOf(folder, layout.years),
    found,
    splitRule: null,
  };
};

const truths: Readonly<Record<string, number>> = { '1': 1, '-1': 0, '0': -1 };

/** [names, classes], in the order of the names, which are paths of images. */
function presenceOf(folder: string, split: string, names: readonly string[]): Int8Array {
  const { splits, classes } = layoutOf(folder);
  const rows = new Map(names.map((name, row) => [name, row]));
  const presence = new Int8Array(names.length * classes.length);
  const years = splits.find((each) => each.split === split)?.years ?? [];
  const pictureOf = picturesOf(folder, years);
  classes.forEach((name, label) => {
    const known = new Set<number>();
    const paths: string[] = [];
    for (const year of years) {
      const path = join(folder, year, lists, `${name}_${split}.txt`);
      paths.push(path);
      for (const line of linesOf(path)) {
        const [image = '', value = ''] = line.split(/\s+/);
        const truth = truths[value];
        if (truth === undefined)
          throw new FaultError('unreadable-file', `${path}: "${line}" is not an id followed by 1, 0 or -1.`, {
            file: path,
          });
        const row = rows.get(pictureOf(year, image));
        if (row === undefined) continue;
        if (known.has(row))
          throw new FaultError('unreadable-file', `${path} lists ${image} twice.`, {
            file: path,
          });
        presence[row * classes.length + label] = truth;
        known.add(row);
      }
    }
    if (known.size < names.length) {
      const file = paths.join(' and ');
      const counts = `${known.size} images; the split has ${names.length}`;
      throw new FaultError('unreadable-file', `${file} lists ${counts}.`, { file });
    }
  });
  return presence;
}

const readObjects: ReadObjects = async (folder, file, classes, heard) => {
  const stated = vocObjects(await readPlain(join(folder, annotationOf(file)), longestXml), classes, heard);
  return { file, id: idOf(file), ...stated };
};

/** The classification sets alone can be had without boxes. */
const hasAnnotations = (folder: string): boolean =>
  yearsIn(folder).some((year) => existsSync(join(folder, year, 'Annotations')));

async function open(folder: string, split: string, options?: OpenOptions) {
  const reads = hasAnnotations(folder) ? readObjects : undefined;
  const opened = await openListing(list, folder, split, options, reads);
  const names = namesIn(opened.found!.images);
  const annotations = () => names.map((name) => join(folder, annotationOf(name)));
  const hasLists = layoutOf(folder).classes.length > 0;
  return {
    ...opened,
    presence: async () =>
      hasLists ? presenceOf(folder, split, names) : annotatedPresence(annotations(), opened.classes),
  };
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
  recognises: (folder) => Promise.resolve(yearsIn(folder).length > 0),
  async inspect(folder, progress, signal, options) {
    const unusable: string[] = [];
    const stated = hasAnnotations(folder) ? { ...description, readObjects } : description;
    const inspection = await inspectListing(list, folder, stated, progress, signal, {
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
