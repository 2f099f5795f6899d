/**
 * Pictures with annotations in COCO's form (https://cocodataset.org): COCO itself, annotations/instances_SPLIT.json beside a
 * folder for each split; Roboflow's _annotations.coco.json in the folder of each split; or any such file beside pictures.
 */
import { closeSync, existsSync, readdirSync, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as v from 'valibot';
import { openPlainSync } from '../durable/plain-file.ts';
import { whyUnsafe } from '../data/formats/unsafe-path.ts';
import { nameOf, startTable } from '../data/listing/image-table.ts';
import { inspectListing, type ListingDescription } from '../data/listing/inspect-listing.ts';
import { openListing, type List, type ListedSplit } from '../data/listing/listing.ts';
import { notInFolder, presenceIn } from '../data/listing/presence.ts';
import { splitInName } from '../data/listing/split-names.ts';
import { reasonOf } from '../data/unusable-image.ts';
import { printable, type Rejects } from '../data/rejects.ts';
import {
  cocoClasses,
  readCocoCategories,
  readCocoJson,
  type CocoAnnotations,
} from '../detection/annotations/coco-json.ts';
import { objectRange, objectTable, type StatedImage } from '../detection/object-table.ts';
import { said, type Sentence } from '../protocol/sentence.ts';
import { defineDataset, type OpenOptions } from '../recipe.ts';

const title = 'COCO';
const homepage = 'https://cocodataset.org/';
const expected = [
  said`annotations/instances_train2017.json and instances_val2017.json (or 2014) with the folders train2017 and val2017`,
  said`or _annotations.coco.json in the folder of each split, as Roboflow writes it`,
  said`or any file in COCO's annotation format (images, annotations with boxes, categories) beside its pictures`,
];
const description: ListingDescription = {
  dataset: 'coco',
  title,
  expected,
  licence: null,
  source: homepage,
  absent: notInFolder,
};

interface CocoFile {
  readonly split: string;
  readonly json: string;
  /** Where its pictures may lie, from the folder that was chosen; each ends in / or is ''. */
  readonly places: readonly string[];
}

/** Names in a folder for which a test is true, in order; the folder may hold a million pictures. */
const namesIn = (folder: string, test: (name: string) => boolean): readonly string[] =>
  existsSync(folder) ? readdirSync(folder).filter(test).sort() : [];
const isJson = (name: string): boolean => name.endsWith('.json');

const roboflow = '_annotations.coco.json';

/** Bytes looked at in each of so many places: boxes are the most of a file of annotations, wherever they stand in it. */
const [sampleBytes, samples] = [1 << 16, 5];

/** A JSON document that speaks of pictures and boxes. */
function seemsCoco(path: string): boolean {
  let opened: ReturnType<typeof openPlainSync>;
  try {
    opened = openPlainSync(path);
  } catch {
    // What cannot be opened is not this reader's to report.
    return false;
  }
  const { file, size } = opened;
  try {
    const bytes = Buffer.alloc(sampleBytes);
    let text = '';
    for (let sample = 0; sample < samples; sample++) {
      const last = Math.max(size - sampleBytes, 0);
      const at = Math.floor((last * sample) / (samples - 1));
      text += bytes.toString('latin1', 0, readSync(file, bytes, 0, sampleBytes, at));
      if (!/^(\xef\xbb\xbf)?\s*\{/.test(text)) return false;
    }
    return ['"bbox"', '"category_id"', '"image_id"'].every((key) => text.includes(key));
  } finally {
    closeSync(file);
  }
}

/** COCO's own files; of a split that is there for two years, the later. */
function official(folder: string): readonly CocoFile[] {
  const files = new Map<string, CocoFile>();
  for (const name of namesIn(join(folder, 'annotations'), isJson)) {
    const own = /^instances_((?:train|val)\d*)\.json$/.exec(name)?.[1];
    if (own === undefined) continue;
    const split = own.startsWith('train') ? 'train' : 'val';
    const places = [`${own}/`, `images/${own}/`, `${split}/`, 'images/', ''];
    files.set(split, { split, json: `annotations/${name}`, places });
  }
  return [...files.values()];
}

function ofSplitFolders(folder: string): readonly CocoFile[] {
  const splitOf = (name: string) => (name.includes('.') ? null : (splitInName(name)?.split ?? null));
  return namesIn(folder, (name) => splitOf(name) !== null && existsSync(join(folder, name, roboflow))).map((name) => ({
    split: splitOf(name)!,
    json: `${name}/${roboflow}`,
    places: [`${name}/`],
  }));
}

/** In a folder of more, each is the annotation of one picture in another program's form. */
const mostFiles = 50;

/** Any such files beside pictures; one alone is all of the training. */
function others(folder: string): readonly CocoFile[] {
  const found = ['', 'annotations/'].flatMap((place) => {
    const names = namesIn(join(folder, place), isJson);
    if (names.length > mostFiles) return [];
    return names.flatMap((name) => {
      const json = place + name;
      if (!seemsCoco(join(folder, json))) return [];
      const stem = name.slice(0, -'.json'.length);
      const split = splitInName(stem)?.split ?? stem;
      return [{ split, json, places: [`${stem}/`, `${split}/`, 'images/', `images/${split}/`, ''] }];
    });
  });
  if (found.length === 1 && splitInName(found[0]!.split) === null) return [{ ...found[0]!, split: 'train' }];
  return found.filter((file, at) => found.findIndex(({ split }) => split === file.split) === at);
}

/** In the order of training, so that its classes come first. */
function filesIn(folder: string): readonly CocoFile[] {
  for (const find of [official, ofSplitFolders, others]) {
    const files = find(folder);
    if (files.length > 0) return files.toSorted((one, other) => order(one) - order(other));
  }
  return [];
}
const order = ({ split }: CocoFile): number => ['train', 'val', 'test'].indexOf(split) >>> 0;

/** The path of a picture by what a file calls it: a path, a name, or an address whose end is the name. */
function finderOf(folder: string, places: readonly string[]): (name: string) => string | null {
  const isThere = presenceIn(folder);
  let last = places[0]!;
  return (name) => {
    const names = [...new Set([name, basename(name)])];
    for (const path of [last, ...places].flatMap((place) => names.map((each) => place + each))) {
      if (whyUnsafe(path) !== null || !isThere(path)) continue;
      last = path.endsWith(name) ? path.slice(0, path.length - name.length) : `${dirname(path)}/`;
      return path;
    }
    return null;
  };
}

const isAddress = /^[a-z]+:\/\//i;

function listSplit(
  folder: string,
  { split, json, places }: CocoFile,
  read: CocoAnnotations,
  classes: readonly string[],
  rejects: Rejects,
): ListedSplit {
  const images = startTable();
  const stated: StatedImage[] = [];
  const find = finderOf(folder, places);
  const rows = read.images.map((image) => {
    const name = isAddress.test(image.name) ? basename(new URL(image.name).pathname) : image.name;
    const trouble = whyUnsafe(name);
    const path = trouble === null ? find(name) : null;
    if (path === null) {
      rejects.add(image.name, trouble ?? said`${json}: ${notInFolder}`);
      return -1;
    }
    images.add(path, -1);
    stated.push(image);
    return stated.length - 1;
  });
  const table = images.finish(null);
  // Problems are looked for by the names of the listing.
  const paths = new Map(read.images.map(({ name }, at) => [name, rows[at]! < 0 ? name : nameOf(table, rows[at]!)]));
  const problems = read.problems.map((problem) => ({
    ...problem,
    examples: problem.examples.map((name) => printable(paths.get(name) ?? name)),
  }));
  const numbers = new Map(classes.map((name, number) => [name, number]));
  const classOf = read.categories.map(({ name }) => numbers.get(name)!);
  const { columns } = read;
  for (let at = 0; at < columns.image.length; at++) {
    if (columns.image[at]! < 0) continue;
    columns.image[at] = rows[columns.image[at]!]!;
    columns.class[at] = classOf[columns.class[at]!]!;
  }
  const ids = classes.map((name) => read.categories.find((each) => each.name === name)?.id ?? '');
  return {
    split,
    images: table,
    annotated: { table: objectTable(columns, stated, read.blocks, ids), problems },
  };
}

/** @param only the split whose pictures are wanted; of the others the categories are read */
const listOf =
  (only: string | null): List =>
  async (folder, rejects, slices) => {
    const files = filesIn(folder);
    const kinds: Pick<CocoAnnotations, 'categories' | 'used'>[] = [];
    const read: { readonly file: CocoFile; readonly annotations: CocoAnnotations }[] = [];
    for (const file of files) {
      try {
        if (only !== null && file.split !== only) kinds.push(await readCocoCategories(join(folder, file.json), slices));
        else {
          const annotations = await readCocoJson(join(folder, file.json), slices);
          kinds.push(annotations);
          read.push({ file, annotations });
        }
      } catch (error) {
        rejects.add(file.json, reasonOf(error));
      }
    }
    const classes = cocoClasses(kinds);
    return {
      splits: read.map(({ file, annotations }) => listSplit(folder, file, annotations, classes, rejects)),
      classes,
      found: files.map(({ split, json }) => said`${split}: ${json}`),
      documents: read.map(({ file }) => file.json),
      warnings: repeatedNames(kinds),
      splitRule: null,
    };
  };

function repeatedNames(kinds: readonly Pick<CocoAnnotations, 'categories'>[]): readonly Sentence[] {
  const names = kinds.flatMap(({ categories }) => {
    const own = categories.map(({ name }) => name);
    return own.filter((name, at) => own.indexOf(name) !== at);
  });
  return [...new Set(names)].map((name) => said`Two categories are called "${printable(name)}": they are one class.`);
}

async function open(folder: string, split: string, options?: OpenOptions) {
  const opened = await openListing(listOf(split), folder, split, options);
  const { objects } = opened.found!;
  return {
    ...opened,
    presence(): Promise<Int8Array> {
      const { count, classes } = opened;
      const presence = new Int8Array(count * classes.length);
      for (let index = 0; index < count; index++) {
        const [from, to] = objectRange(objects!.table, objects!.rows?.[index] ?? index);
        for (let at = from; at < to; at++) presence[index * classes.length + objects!.table.classes[at]!] = 1;
      }
      return Promise.resolve(presence);
    },
  };
}

export const dataset = defineDataset({
  id: 'coco',
  title,
  licence: null,
  homepage,
  splits: ['train', 'val', 'test'],
  channels: 3,
  options: v.strictObject({}),
  expected,
  recognises: (folder) => Promise.resolve(filesIn(folder).length > 0),
  async inspect(folder, progress, signal, options) {
    const isOwn = official(folder).length > 0;
    const stated = isOwn ? description : { ...description, title: 'Pictures with COCO annotations', source: null };
    const inspection = await inspectListing(listOf(null), folder, stated, progress, signal, options);
    const splits = inspection.splits.map((split) => ({ ...split, perClass: split.objects?.imagesPerClass ?? [] }));
    return { ...inspection, splits, severalClasses: true };
  },
  open,
});
