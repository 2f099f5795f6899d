/** Images that a person left out of a data set: runs made from then on do without them, and they can be taken in again. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readExcludedFiles, writeExcludedFiles } from '../../../trainer/durable/excluded-files.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { excludedFileOf, type ExcludedFile } from '../../../trainer/protocol/left-out.ts';
import type { StoredDataset } from '../store/store.ts';

/** Every run carries them in its record. */
const mostExcluded = 10_000;

/** One change after the other: two at once would lose one. */
let last: Promise<unknown> = Promise.resolve();

/** Leaves an image out, or takes it in again; gives how many are left out. */
export async function exclude(
  folder: string,
  { fingerprint, inspection, name }: Pick<StoredDataset, 'fingerprint' | 'inspection' | 'name'>,
  image: ExcludedFile,
  isLeftOut: boolean,
): Promise<number> {
  if (!inspection.splits.some(({ split }) => split === image.split))
    throw new FaultError('unknown-id', `${name} has no split "${image.split}".`, { split: image.split });
  const change = async (): Promise<number> => {
    const isOther = ({ split, file }: ExcludedFile) => split !== image.split || file !== image.file;
    const others = (await readExcludedFiles(folder, fingerprint)).filter(isOther);
    const next = isLeftOut ? [...others, image] : others;
    if (next.length > mostExcluded)
      throw new FaultError(
        'bad-argument',
        `${mostExcluded} images of ${name} are left out by hand already: copy the ones to keep into a folder of their own instead.`,
        { images: mostExcluded },
      );
    const path = join(folder, excludedFileOf(fingerprint));
    if (next.length === 0) await rm(path, { force: true });
    else await writeExcludedFiles(folder, fingerprint, next);
    return next.length;
  };
  const done = last.then(change, change);
  last = done.catch(() => undefined);
  return await done;
}
