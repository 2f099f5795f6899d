/**
 * Parquet shards with encoded images in a column, as data sets are published on the Hugging Face Hub: `image` with `bytes` and
 * `path`, and `label`, whose class names the files note. https://huggingface.co/docs/hub/datasets-image
 */
import { basename, join } from 'node:path';
import * as v from 'valibot';
import { startTable, type TableBuilder } from '../data/listing/image-table.ts';
import { readerOfListing } from '../data/listing/inspect-listing.ts';
import { type Rejects } from '../data/rejects.ts';
import { printable } from '../data/rejects.ts';
import { reasonOf } from '../data/unusable-image.ts';
import { UnusableImage } from '../data/unusable-image.ts';
import type { Listing } from '../data/listing/listing.ts';
import { imageColumnOf, openParquet, type ParquetFile } from '../data/formats/parquet.ts';
import { labelledWhereAny, readShards, shardsIn } from '../data/listing/shards.ts';
import type { TimeSlices } from '../data/listing/time-slices.ts';
import { defineDataset } from '../recipe.ts';
import { quoted, said } from '../protocol/sentence.ts';

const homepage = 'https://huggingface.co/docs/hub/datasets-image';
const ending = '.parquet';
const expected = [
  said`*.parquet, here or in data/, with train, validation or test in their names or folders`,
  said`a column of picture files (image.bytes, image, img, jpg, png) and one of class numbers (label, labels, fine_label)`,
];
const labelColumns = ['label', 'labels', 'fine_label'];
/** Numbers of classes are counted up to the largest, and a number from a file must not fill the memory. */
const mostClasses = 1_000_000;
/** A row whose name is longer is called by its number alone: a file may give the same long name to millions of rows. */
const longestName = 200;

interface Columns {
  readonly image: string;
  /** Column with the names that the images had as files. */
  readonly path: string | null;
  readonly label: string | null;
}

function columnsOf({ leaves }: ParquetFile): Columns | null {
  const typed = (path: string, ...types: readonly string[]): boolean => types.includes(leaves.get(path)?.type ?? '');
  const image = imageColumnOf(leaves);
  if (image === null) return null;
  const path = image.replace(/\.bytes$/, '.path');
  return {
    image,
    path: path !== image && typed(path, 'BYTE_ARRAY') ? path : null,
    label: labelColumns.find((name) => typed(name, 'INT32', 'INT64')) ?? null,
  };
}

const HubNotes = v.object({
  info: v.object({ features: v.record(v.string(), v.object({ names: v.optional(v.array(v.string())) })) }),
});

/** The names of the classes, where the writer noted them. */
function classNames({ notes }: ParquetFile, label: string | null): readonly string[] {
  const text = notes.get('huggingface');
  if (text === undefined || label === null) return [];
  try {
    const parsed = v.safeParse(HubNotes, JSON.parse(text));
    return (parsed.success ? parsed.output.info.features[label]?.names : undefined) ?? [];
  } catch {
    // A note is no part of the data: without it classes are called by their numbers.
    return [];
  }
}

/** -1 where a row has no class: an empty value, or the -1 that stands for one in test splits. */
function labelOf(value: unknown): number {
  const label = value === null ? -1 : Number(value);
  if (label < -1 || !(label < mostClasses))
    throw new UnusableImage(said`its class ${quoted(String(value))} is not a class number`);
  return label;
}

async function list(folder: string, rejects: Rejects, slices: TimeSlices): Promise<Listing> {
  const shards = shardsIn(folder, ending);
  const tables = new Map(shards.map(({ split }) => [split, startTable()]));
  let names: readonly string[] = [];
  let classCount = 0;
  let read = 0;

  async function take(file: ParquetFile, archive: string, table: TableBuilder): Promise<void> {
    const columns = columnsOf(file);
    if (columns === null) throw new UnusableImage(said`no column of images among ${[...file.leaves.keys()]}`);
    const labels = columns.label === null ? null : file.values(columns.label);
    const paths = columns.path === null ? null : file.values(columns.path);
    if (names.length === 0) names = classNames(file, columns.label);
    let row = 0;
    for (const { offset, pageBytes, row: at, share } of file.places(columns.image)) {
      if (slices.due()) await slices.next(read, null);
      const path = paths?.[row];
      const name = typeof path === 'string' ? basename(printable(path)) : '';
      const own = name === '' || name.length > longestName ? String(row) : `${row}/${name}`;
      try {
        const label = labelOf(labels?.[row] ?? null);
        classCount = Math.max(classCount, label + 1);
        table.add(own, label, { archive, offset, size: share, page: { bytes: pageBytes, row: at } });
      } catch (error) {
        rejects.add(`${archive}/${own}`, reasonOf(error));
      }
      row += 1;
      read += 1;
    }
  }

  await readShards(folder, shards, rejects, {
    open: openParquet,
    read: (file, { path, split }) => take(file, path, tables.get(split)!),
  });
  const splits = [...tables].map(([split, table]) => {
    const images = table.finish((label) => label);
    return { split, images: labelledWhereAny(images, rejects, said`its row has no class, unlike others`) };
  });
  return {
    splits,
    classes: Array.from({ length: Math.max(classCount, names.length) }, (_, label) => names[label] ?? String(label)),
    found: [shards.length === 1 ? said`1 shard` : said`${shards.length} shards`],
    splitRule: null,
  };
}

/** Whether the first shard has a column of images, as far as that can be known. */
function recognises(folder: string): Promise<boolean> {
  const [first] = shardsIn(folder, ending);
  if (first === undefined) return Promise.resolve(false);
  try {
    const file = openParquet(join(folder, first.path));
    file.close();
    return Promise.resolve(columnsOf(file) !== null);
  } catch (error) {
    // One that cannot be opened is named by the inspection.
    reasonOf(error);
    return Promise.resolve(!(error instanceof UnusableImage));
  }
}

export const dataset = defineDataset({
  id: 'parquet',
  title: 'Parquet shards',
  licence: null,
  homepage,
  splits: ['train', 'val', 'test'],
  channels: 3,
  options: v.strictObject({}),
  expected,
  generality: 1,
  recognises,
  ...readerOfListing(list, { dataset: 'parquet', title: 'Parquet', expected, licence: null, source: null }),
});
