/** What a loader knows of the images it has read, so that others are not used unsaid once its data was away. */
import { crc32 } from 'node:zlib';
import type { Reach } from '../../channel/reach.ts';
import { FaultError } from '../../durable/fault-error.ts';
import type { Sample } from '../../recipe.ts';

/** Plain data over shared memory: all decoding workers of a loader know the same. */
export interface SeenContents {
  /** CRC-32 of the bytes of each image when it was first read; 0 before. */
  readonly sums: Uint32Array<SharedArrayBuffer>;
  /** One element: 1 once the data was away. Until then nothing is compared. */
  readonly doubt: Uint8Array<SharedArrayBuffer>;
  /** When the job began: an image not read before must not have been written later. */
  readonly startedAt: number;
}

export const noneSeen = (count: number, startedAt: number, isDoubted: boolean): SeenContents => ({
  sums: new Uint32Array(new SharedArrayBuffer(4 * count)),
  doubt: new Uint8Array(new SharedArrayBuffer(1)).fill(isDoubted ? 1 : 0),
  startedAt,
});

/** Once there was a pause, what is read is compared with what was read before. */
export function compareAfterPause(reach: Reach | undefined, ...all: readonly (SeenContents | undefined)[]): void {
  if (reach && reach.holds() > 0) for (const seen of all) seen?.doubt.fill(1);
}

/** @throws FaultError `dataset-changed` if the image is not the one that was there before the data went away */
export function expectSame({ sums, doubt, startedAt }: SeenContents, index: number, sample: Sample): void {
  const known = sums[index]!;
  if (known !== 0 && doubt[0] === 0) return;
  const { image, name, writtenAt } = sample;
  // 0 stands for what was not read.
  const sum = crc32(image.kind === 'encoded' ? image.bytes : image.pixels) || 1;
  sums[index] = known || sum;
  if (doubt[0] === 0) return;
  const isOther = known === 0 ? writtenAt !== undefined && writtenAt > startedAt : known !== sum;
  if (!isOther) return;
  const what = known === 0 ? 'was written since the run began' : 'has other contents than when it was first read';
  throw new FaultError(
    'dataset-changed',
    `The data was away and has come back changed: ${name} ${what}. Restore it, or resume to go on with it as it is.`,
    { file: name },
    { retry: 'resume' },
  );
}
