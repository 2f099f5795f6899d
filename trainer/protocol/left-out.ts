/** Record of the images that a run leaves out: `left-out.ndjson` in its folder. */
import * as v from 'valibot';

export const leftOutFile = 'left-out.ndjson';

/** An image that an inspection found to be damaged. */
export const DamagedFile = v.strictObject({
  split: v.string(),
  /** Named as in the inspection. */
  file: v.string(),
  reason: v.string(),
  /** SHA-256 of the damaged file; null if the image is part of another file. */
  sha256: v.nullable(v.string()),
});
export type DamagedFile = v.InferOutput<typeof DamagedFile>;

export const LeftOutImage = v.strictObject({
  kind: v.literal('image'),
  /** Found by the inspection of the data, before the run, or by the run. */
  foundBy: v.picklist(['inspection', 'run']),
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
