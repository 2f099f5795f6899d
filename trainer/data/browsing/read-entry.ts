/** Reads and decodes a picture that is browsed. Why it cannot be read is part of the answer, not an error. */
import { isAbsolute, join, normalize, sep } from 'node:path';
import { readPlain } from '../../durable/plain-file.ts';
import { FaultError } from '../../durable/fault-error.ts';
import type { AnnotatedImage } from '../../detection/objects.ts';
import type { Image } from '../../recipe.ts';
import { DamagedImageError } from '../damaged-image.ts';
import { largestFileBytes } from '../listing/listing.ts';
import { decode } from '../pixels/decode.ts';
import type { Pixels } from '../pixels/rows.ts';
import { isUnreachable } from '../unreachable.ts';
import { reasonOf, UnusableImage } from '../unusable-image.ts';
import type { Entry } from './gallery.ts';
import { said, type Said } from '../../protocol/sentence.ts';

export interface ReadEntry {
  readonly name: string;
  /** Null if it cannot be read. */
  readonly image: Image | null;
  /** Null if it cannot be decoded. */
  readonly pixels: Pixels | null;
  readonly problem: Said | null;
}

/** Path of a rejected file; null for a name that leaves the folder. */
export function rejectedFile(folder: string, name: string): string | null {
  const below = normalize(name);
  return isAbsolute(below) || below.split(sep).includes('..') ? null : join(folder, below);
}

async function readRejected(folder: string, name: string): Promise<Buffer> {
  const path = rejectedFile(folder, name);
  if (path === null) throw new UnusableImage(said`its name leads out of the folder`);
  return readPlain(path, largestFileBytes);
}

/** @param folder of the data set */
export async function readEntry(entry: Entry, folder: string): Promise<ReadEntry> {
  const name = entry.kind === 'image' ? await entry.split.nameOf(entry.index) : entry.name;
  let image: Image | null = null;
  try {
    image =
      entry.kind === 'image'
        ? (await entry.split.data.sample(entry.index)).image
        : { kind: 'encoded', bytes: await readRejected(folder, name) };
    const channels = entry.kind === 'image' ? entry.split.data.channels : 3;
    return { name, image, pixels: await decode(image, channels), problem: null };
  } catch (error) {
    return { name, image, pixels: null, problem: problemOf(error) };
  }
}

/** What is annotated in a picture, or why that cannot be read; null where the data set annotates no objects. */
export async function readObjects(
  entry: Entry,
): Promise<{ readonly annotated: AnnotatedImage } | { readonly problem: Said } | null> {
  const objects = entry.kind === 'image' ? entry.split.data.objects?.(entry.index) : undefined;
  if (objects === undefined) return null;
  try {
    return { annotated: await objects };
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

/** Why, in words that complete "file: …". Rethrows unexpected errors. */
function problemOf(error: unknown): Said {
  if (error instanceof DamagedImageError) return error.reason;
  if (isUnreachable(error)) return reasonOf(error.cause);
  if (error instanceof FaultError) return String(error.fault.values['reason'] ?? error.message);
  return reasonOf(error);
}
