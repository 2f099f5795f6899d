/** Reads which images of a split have copies, and where, from the file beside a data set's record. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../../../trainer/durable/files.ts';
import { readSealedLines } from '../../../trainer/durable/sealed-lines.ts';
import { CopyPair, copiesFile } from '../../../trainer/protocol/copies.ts';

/** Of a split: the places of images that have copies, with the splits these are in. */
export type CopiedImages = ReadonlyMap<string, ReadonlyMap<number, ReadonlySet<string>>>;

const advice = 'Remove the file, and check the contents of the data set again.';

/** @throws FaultError `unreadable-file` */
async function read(path: string): Promise<CopiedImages> {
  const found = new Map<string, Map<number, Set<string>>>();
  for (const { picture, copyOf } of (await readSealedLines(path, CopyPair, advice)) ?? []) {
    const images = found.get(picture.split) ?? new Map<number, Set<string>>();
    found.set(picture.split, images);
    images.set(picture.index, (images.get(picture.index) ?? new Set()).add(copyOf.split));
  }
  return found;
}

/** Kept by path, size and time: a run's page asks at every change of the run. */
const kept = new Map<string, { readonly state: string; readonly images: CopiedImages }>();
const mostKept = 20;

/** Null for data that was inspected before copies were looked for, or without its contents. */
export async function readCopiedImages(datasetsFolder: string, fingerprint: string): Promise<CopiedImages | null> {
  const path = join(datasetsFolder, copiesFile(fingerprint));
  try {
    const { size, mtimeMs } = await stat(path);
    const state = `${size} ${mtimeMs}`;
    const known = kept.get(path);
    if (known?.state === state) return known.images;
    const images = await read(path);
    if (kept.size >= mostKept) kept.clear();
    kept.set(path, { state, images });
    return images;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
