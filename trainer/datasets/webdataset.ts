/**
 * WebDataset shards: tar archives whose members belong together by their names up to the first dot, `0001.jpg` and `0001.cls`.
 * https://github.com/webdataset/webdataset#the-webdataset-format
 */
import { join } from 'node:path';
import * as v from 'valibot';
import { UnusableImage } from '../data/unusable-image.ts';
import { startTable } from '../data/listing/image-table.ts';
import { readableExtensions } from '../data/pixels/image-formats.ts';
import { readerOfListing } from '../data/listing/inspect-listing.ts';
import { startRejects } from '../data/rejects.ts';
import { type Rejects } from '../data/rejects.ts';
import { reasonOf } from '../data/unusable-image.ts';
import type { Listing } from '../data/listing/listing.ts';
import { labelledWhereAny, readShards, shardsIn, type Shard } from '../data/listing/shards.ts';
import type { TimeSlices } from '../data/listing/time-slices.ts';
import { openTar, type Tar, type TarMember } from '../data/formats/tar.ts';
import { defineDataset } from '../recipe.ts';
import { quoted, said, type Sentence } from '../protocol/sentence.ts';

const homepage = 'https://github.com/webdataset/webdataset';
const expected = [
  said`*.tar, or train/*.tar and val/*.tar, or names with train or val in them (WebDataset)`,
  said`in each KEY.jpg (or png, webp, another picture), and KEY.cls with its class number; without it, unlabelled`,
];
const labelExtension = 'cls';
/** Numbers of classes are counted up to the largest, and a number from a file must not fill the memory. */
const mostClasses = 1_000_000;
/** Members looked at to tell what a shard holds. */
const lookedAt = 20;

/** The name up to the first dot of its last part, and what follows. */
function keyOf(name: string): readonly [key: string, extension: string] {
  const dot = name.indexOf('.', name.lastIndexOf('/') + 1);
  return dot < 0 ? [name, ''] : [name.slice(0, dot), name.slice(dot + 1).toLowerCase()];
}

/** Members that follow one another and have one key; the same key with the same extension begins another sample. */
function* samplesOf(members: Iterable<TarMember>): Generator<ReadonlyMap<string, TarMember>> {
  let current = '';
  let sample = new Map<string, TarMember>();
  for (const member of members) {
    const [key, extension] = keyOf(member.name);
    if (sample.size > 0 && (key !== current || sample.has(extension))) {
      yield sample;
      sample = new Map();
    }
    current = key;
    sample.set(extension, member);
  }
  if (sample.size > 0) yield sample;
}

function imageOf(sample: ReadonlyMap<string, TarMember>): TarMember | null {
  for (const [extension, member] of sample) if (readableExtensions.has(`.${extension}`)) return member;
  return null;
}

/** -1 where a sample has no class. */
function labelOf(tar: Tar, sample: ReadonlyMap<string, TarMember>): number {
  const member = sample.get(labelExtension);
  if (!member) return -1;
  const text = tar.text(member);
  const label = Number(text);
  if (!/^\d+$/.test(text) || label >= mostClasses)
    throw new UnusableImage(
      said`${quoted(member.name)} contains ${quoted(JSON.stringify(text))}, which is not a class number`,
    );
  return label;
}

async function list(folder: string, rejects: Rejects, slices: TimeSlices): Promise<Listing> {
  const shards = shardsIn(folder, '.tar');
  const tables = new Map(shards.map(({ split }) => [split, startTable()]));
  let read = 0;
  let withoutImage = 0;
  let classCount = 0;

  function take(tar: Tar, sample: ReadonlyMap<string, TarMember>, { split, path }: Shard): void {
    read++;
    const image = imageOf(sample);
    if (!image) {
      withoutImage++;
      return;
    }
    const { name, offset, size } = image;
    try {
      const label = labelOf(tar, sample);
      classCount = Math.max(classCount, label + 1);
      tables.get(split)!.add(name, label, { archive: path, offset, size });
    } catch (error) {
      rejects.add(`${path}/${name}`, reasonOf(error));
    }
  }

  await readShards(folder, shards, rejects, {
    open: openTar,
    read: async (tar, shard) => {
      for (const sample of samplesOf(tar.members(rejects, shard.path))) {
        if (slices.due()) await slices.next(read, null);
        take(tar, sample, shard);
      }
    },
  });
  const splits = [...tables].map(([split, table]) => ({
    split,
    images: labelledWhereAny(
      table.finish((label) => label),
      rejects,
      said`its .${labelExtension} is missing, unlike for others`,
    ),
  }));
  return {
    splits,
    classes: Array.from({ length: classCount }, (_, label) => String(label)),
    found: [
      shards.length === 1 ? said`1 shard` : said`${shards.length} shards`,
      ...(withoutImage > 0 ? [withoutPicture(withoutImage)] : []),
    ],
    splitRule: null,
  };
}

const withoutPicture = (count: number): Sentence =>
  count === 1 ? said`1 sample without a picture, ignored` : said`${count} samples without a picture, ignored`;

/** Whether the first members of the first shard are samples with images. */
async function recognises(folder: string): Promise<boolean> {
  const [first] = shardsIn(folder, '.tar');
  if (first === undefined) return false;
  const tar = openTar(join(folder, first.path));
  try {
    let looked = 0;
    for (const { name } of tar.members(startRejects(), first.path)) {
      if (readableExtensions.has(`.${keyOf(name)[1]}`)) return true;
      if (++looked === lookedAt) break;
    }
    return false;
  } finally {
    tar.close();
  }
}

export const dataset = defineDataset({
  id: 'webdataset',
  title: 'WebDataset shards',
  licence: null,
  homepage,
  splits: ['train', 'val', 'test'],
  channels: 3,
  options: v.strictObject({}),
  expected,
  // The archives of other data sets hold pictures too.
  generality: 1,
  recognises,
  ...readerOfListing(list, { dataset: 'webdataset', title: 'WebDataset', expected, licence: null, source: null }),
});
