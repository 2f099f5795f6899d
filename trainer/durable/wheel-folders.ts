/** Where a build of TensorFlow is put together, and what of it is missing. It stands under its own name only once it is whole. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Wheel } from '../protocol/wheels.ts';

/** Beside the folder of the build, on the same disk: the last step of an installation renames `files` to it. */
export const partsOf = (
  folder: string,
): { readonly all: string; readonly files: string; readonly downloads: string } => ({
  all: `${folder}.part`,
  files: join(`${folder}.part`, 'files'),
  downloads: join(`${folder}.part`, 'downloads'),
});

/** The part of a wheel that has been downloaded. */
export const downloadOf = (folder: string, { file }: Wheel): string => join(partsOf(folder).downloads, `${file}.part`);

export interface Missing {
  readonly downloadBytes: number;
  readonly unpackedBytes: number;
  /** Free space that it takes: one wheel at a time lies beside the files. */
  readonly neededBytes: number;
}

/** 0: it is not there. */
export const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

/** True if every file is there in its size, whatever is in it. */
async function isUnpacked(folder: string, { files, unpackedBytes }: Wheel): Promise<boolean> {
  const sizes = await Promise.all(Object.keys(files).map((name) => sizeOf(join(partsOf(folder).files, name))));
  return sizes.reduce((sum, size) => sum + size, 0) === unpackedBytes;
}

/** Expects no more than names and sizes: an installation looks at the contents. */
export async function missingOf(folder: string, wheels: readonly Wheel[]): Promise<Missing> {
  let [downloadBytes, unpackedBytes, largest] = [0, 0, 0];
  for (const wheel of wheels) {
    if (await isUnpacked(folder, wheel)) continue;
    const left = Math.max(0, wheel.bytes - (await sizeOf(downloadOf(folder, wheel))));
    downloadBytes += left;
    unpackedBytes += wheel.unpackedBytes;
    largest = Math.max(largest, left);
  }
  return { downloadBytes, unpackedBytes, neededBytes: unpackedBytes + largest };
}
