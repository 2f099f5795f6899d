/** Splits a folder of classes that has no splits, by a hash of the contents. */
import { hash } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { openPlainSync } from '../../durable/plain-file.ts';
import { printable } from '../rejects.ts';
import { type ImageTable } from '../found-images.ts';
import { reasonOf } from '../unusable-image.ts';
import { nameOf, selected } from './image-table.ts';
import type { Walk } from './folder-walk.ts';
import type { ListedSplit } from './listing.ts';
import { said, type Sentence } from '../../protocol/sentence.ts';

/** One in this many pictures of an unsplit folder becomes part of the validation split. */
const heldOut = 10;
const hashedTailBytes = 4096;
export const splitRule = said`No split on disk: a picture is in val when the SHA-256 of its size and its last ${hashedTailBytes} bytes, taken as a number, is a multiple of ${heldOut} (first 32 bits); equal files are always in the same split.`;

function isHeldOut(path: string): boolean {
  const { file, size } = openPlainSync(path);
  try {
    const length = Math.min(size, hashedTailBytes);
    const tail = Buffer.alloc(length);
    readSync(file, tail, 0, length, size - length);
    return hash('sha256', Buffer.concat([Buffer.from(`${size}\n`), tail]), 'buffer').readUInt32BE(0) % heldOut === 0;
  } finally {
    closeSync(file);
  }
}

/** Moves the pictures of a class that is in val alone to train; the labels of such classes. */
function givenBack(splits: ('train' | 'val' | null)[], labels: ImageTable['labels']): ReadonlySet<number> {
  const inTrain = new Set<number>();
  const inVal = new Set<number>();
  splits.forEach((split, index) => {
    const label = labels?.[index];
    if (label !== undefined && split !== null) (split === 'train' ? inTrain : inVal).add(label);
  });
  const moved = new Set([...inVal].filter((label) => !inTrain.has(label)));
  splits.forEach((split, index) => {
    if (split === 'val' && moved.has(labels![index]!)) splits[index] = 'train';
  });
  return moved;
}

const mostNamed = 5;

/** A split that is left without pictures because its classes went to train is none. */
export async function splitByHash(
  { root, rejects, slices }: Walk,
  images: ImageTable,
  classes: readonly string[],
): Promise<{ readonly splits: readonly ListedSplit[]; readonly warnings: readonly Sentence[] }> {
  const splits: ('train' | 'val' | null)[] = [];
  for (let index = 0; index < images.count; index++) {
    if (slices.due()) await slices.next(index, images.count);
    const path = nameOf(images, index);
    try {
      splits.push(isHeldOut(join(root, path)) ? 'val' : 'train');
    } catch (error) {
      rejects.add(path, reasonOf(error));
      splits.push(null);
    }
  }
  const moved = givenBack(splits, images.labels);
  const named = [...moved].slice(0, mostNamed).map((label) => printable(classes[label]!));
  if (moved.size > named.length) named.push('…');
  const listed = ['train', 'val'].map((split) => ({ split, images: selected(images, (at) => splits[at] === split) }));
  return {
    splits: moved.size === 0 ? listed : listed.filter((each) => each.images.count > 0),
    warnings:
      moved.size === 0
        ? []
        : [
            moved.size === 1
              ? said`The rule would have put every picture of the class ${named} into val; they stay in train.`
              : said`Of ${moved.size} classes the rule would have put every picture into val; they stay in train: ${named}.`,
          ],
  };
}
