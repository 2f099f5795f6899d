/** Record of the images that a run leaves out: `left-out.ndjson` in its folder. */
import * as v from 'valibot';
import { Said } from './said.ts';
import { said } from './sentence.ts';

export const leftOutFile = 'left-out.ndjson';

/** An image that an inspection found to be damaged. */
export const DamagedFile = v.strictObject({
  split: v.string(),
  /** Named as in the inspection. */
  file: v.string(),
  reason: Said,
  /** SHA-256 of the file; null if the image is part of another file, or a person left it out. */
  sha256: v.nullable(v.string()),
});
export type DamagedFile = v.InferOutput<typeof DamagedFile>;
/** All of a data set, in the workspace's folder of data sets. */
export const damagedFilesOf = (fingerprint: string): string => `${fingerprint}.damaged.ndjson`;

/** An image that a person left out of a data set, in `<fingerprint>.excluded.json` in the workspace's folder of data sets. */
export const ExcludedFile = v.strictObject({
  split: v.string(),
  /** Named as in the inspection. */
  file: v.string(),
});
export type ExcludedFile = v.InferOutput<typeof ExcludedFile>;
export const excludedFileOf = (fingerprint: string): string => `${fingerprint}.excluded.json`;
/** Why a run leaves them out. */
export const excludedReason = said`left out by hand`;

export const LeftOutImage = v.strictObject({
  kind: v.literal('image'),
  /** Found by the inspection of the data, before the run, or by the run; or chosen by a person before it. */
  foundBy: v.picklist(['inspection', 'run', 'person']),
  /** Fingerprint of the data, or its path where it has none. */
  contents: v.string(),
  ...DamagedFile.entries,
  /** Training step from which on it is left out; null: left out of the source as a whole. */
  step: v.nullable(v.number()),
});
export type LeftOutImage = v.InferOutput<typeof LeftOutImage>;

export const LeftOutLine = v.variant('kind', [
  LeftOutImage,
  /** The user went on although more images were damaged than the limit allows: `images` so far. */
  v.strictObject({ kind: v.literal('accepted'), images: v.number() }),
]);
export type LeftOutLine = v.InferOutput<typeof LeftOutLine>;
