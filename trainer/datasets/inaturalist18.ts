/**
 * iNaturalist 2018 (Van Horn et al., CVPR 2018): pictures of 8142 species and, for training and validation, a JSON in COCO's form
 * that names them and says what they show. https://github.com/visipedia/inat_comp/tree/master/2018
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
import type { Listing } from '../data/listing/listing.ts';
import { readSmallFile } from '../data/formats/small-file.ts';
import { countJsonValues } from '../durable/json-values.ts';
import { groupBy } from '../group-by.ts';
import { defineDataset } from '../recipe.ts';
import { said } from '../protocol/sentence.ts';

const homepage = 'https://github.com/visipedia/inat_comp/tree/master/2018';
const expected = [
  said`train2018.json and val2018.json`,
  said`the images they list: train_val2018/SUPERCATEGORY/CATEGORY/*.jpg`,
];
const splits = ['train', 'val'] as const;
const jsonOf = (split: string) => `${split}2018.json`;
/**
 * JSON.parse wants the whole text at once, and a text has at most 2^29 - 24 characters in V8. The whole file and what it says
 * are in memory while it is read: a few times its size.
 */
const longestJson = 500_000_000;
/** The published file has five million. */
const mostJsonValues = 20_000_000;

/** What is read of a file; it says more. */
const Annotated = v.object({
  images: v.array(v.object({ id: v.number(), file_name: v.string() })),
  annotations: v.array(v.object({ image_id: v.number(), category_id: v.number() })),
  categories: v.array(v.object({ id: v.number() })),
});

async function readJson(folder: string, name: string): Promise<v.InferOutput<typeof Annotated>> {
  const bytes = await readSmallFile(join(folder, name), longestJson);
  const text = bytes?.toString('utf8');
  const values = countJsonValues(text ?? '');
  if (values > mostJsonValues)
    throw new UnusableImage(said`it has ${values} values; at most ${mostJsonValues} are read`);
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), Annotated), text, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new UnusableImage(
    said`not in COCO's annotation format: ${v.getDotPath(issue) ?? said`the file`}: ${issue.message}`,
  );
}

interface Annotations {
  readonly split: string;
  /** The label of a picture is the number of its category. */
  readonly images: TableBuilder;
  readonly categories: ReadonlySet<number>;
}

async function readSplit(folder: string, split: string, rejects: Rejects): Promise<Annotations> {
  const json = jsonOf(split);
  const { images: named, annotations, categories: known } = await readJson(folder, json);
  const categories = new Set(known.map(({ id }) => id));
  const annotationsOf = groupBy(annotations, ({ image_id: image }) => image);
  const images = startTable();
  const isThere = presenceIn(folder);
  for (const { id, file_name: path } of named) {
    const own = annotationsOf.get(id) ?? [];
    const category = own[0]?.category_id;
    const trouble = whyUnsafe(path);
    if (trouble !== null) rejects.add(path, trouble);
    else if (own.length !== 1 || category === undefined)
      rejects.add(path, said`${json} gives it ${own.length} categories; one is needed`);
    else if (!categories.has(category))
      rejects.add(path, said`${json} gives it category ${category}, which it does not list`);
    else if (!isThere(path)) rejects.add(path, notInFolder);
    else images.add(path, category);
  }
  return { split, images, categories };
}

async function list(folder: string, rejects: Rejects): Promise<Listing> {
  const read: Annotations[] = [];
  const present = splits.filter((split) => existsSync(join(folder, jsonOf(split))));
  for (const split of present) {
    try {
      read.push(await readSplit(folder, split, rejects));
    } catch (error) {
      rejects.add(jsonOf(split), reasonOf(error));
    }
  }
  const ids = [...new Set(read.flatMap(({ categories }) => [...categories]))].sort((a, b) => a - b);
  const numbers = new Map(ids.map((id, number) => [id, number]));
  return {
    splits: read.map(({ split, images }) => ({ split, images: images.finish((id) => numbers.get(id)!) })),
    // The names of the species came out after the challenge, in a file of their own.
    classes: ids.map(String),
    found: present.map((split) => said`${split}: ${jsonOf(split)}`),
    splitRule: null,
  };
}

export const dataset = defineDataset({
  id: 'inaturalist18',
  title: 'iNaturalist 2018',
  licence: null,
  homepage,
  splits,
  channels: 3,
  options: v.strictObject({}),
  expected,
  recognises: async (folder) => splits.some((split) => existsSync(join(folder, jsonOf(split)))),
  ...readerOfListing(list, {
    // The name in papers' tables: a data set is found in them by its title.
    dataset: 'inaturalist18',
    title: 'iNaturalist18',
    expected,
    licence: null,
    source: homepage,
  }),
});
