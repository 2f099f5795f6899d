/** Small pictures of a split: some of it, evenly spread, or those asked for. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { StoredDataset } from '../store/store.ts';
import type { SideJob } from '../trainer/side-jobs.ts';
import { sourceOf } from './sources.ts';

const thumbnailSize = 96;

/** The job that creates the pictures; rejects a split that the data set does not have. */
export function thumbnailsJob(
  dataset: Pick<StoredDataset, 'inspection' | 'path' | 'fingerprint'>,
  split: string,
  which: number | readonly number[],
  datasetsFolder: string,
): Extract<SideJob, { kind: 'thumbnails' }> {
  const { inspection } = dataset;
  const found = inspection.splits.find((one) => one.split === split);
  if (found === undefined) {
    const known = inspection.splits.map((one) => one.split).join(', ');
    throw new FaultError('unknown-id', `${inspection.title} has no split "${split}". Known: ${known}.`, { split });
  }
  return {
    kind: 'thumbnails',
    data: sourceOf(dataset, split),
    indexes: typeof which === 'number' ? evenly(found.images, which) : [...which],
    size: thumbnailSize,
    datasetsFolder,
  };
}

/** `count` positions spread over all, so that sorted data sets show every class. */
export function evenly(total: number, count: number): number[] {
  const taken = Math.min(total, count);
  return Array.from({ length: taken }, (_, place) => Math.floor((place * total) / taken));
}
