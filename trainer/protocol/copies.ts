/** Pictures of a data set that show the same: copies, exact or changed, of which at least one is evaluated on. */
import * as v from 'valibot';

/** A picture, by its split and its place among the usable ones there, in the order in which the split is opened. */
export const CopiedPicture = v.strictObject({
  split: v.string(),
  index: v.number(),
  /** Named as in the inspection. */
  file: v.string(),
  /** Null in a split without labels. */
  class: v.nullable(v.string()),
  width: v.number(),
  height: v.number(),
});
export type CopiedPicture = v.InferOutput<typeof CopiedPicture>;

/** What changed between two pictures, as far as it can be told; a copy without any was saved again. */
const copyChanges = ['resized', 'mirrored'] as const;

export const CopyPair = v.strictObject({
  /** The picture that is evaluated on. */
  picture: CopiedPicture,
  /** The most alike picture of another split, or an earlier one of the same split. */
  copyOf: CopiedPicture,
  /** The same bytes; such pairs are counted as leaks and duplicates. */
  exact: v.boolean(),
  changes: v.array(v.picklist(copyChanges)),
  /** Correlation of their brightness gradients, to 1. */
  likeness: v.number(),
});
export type CopyPair = v.InferOutput<typeof CopyPair>;

/** Pairs that are listed in an inspection's record; all of them are in the file beside it. */
export const listedPairs = 100;

export const NearDuplicates = v.strictObject({
  /** Pairs of pictures that are alike but not the same bytes. */
  count: v.number(),
  /** Pictures that are evaluated on and have a near duplicate in a training split. */
  leaked: v.number(),
  /** The most alike first. */
  pairs: v.array(CopyPair),
  /** Pictures too plain to be compared: one even colour, one edge. */
  plain: v.number(),
});
export type NearDuplicates = v.InferOutput<typeof NearDuplicates>;

/** Whether a model may learn from a split of this name; the others are for evaluation. */
export const isTrainingSplit = (split: string): boolean => /train|unlabel|extra/i.test(split);

/** File of all copies of a data set, exact ones too, in the workspace's folder of data sets: a line of JSON each. */
export const copiesFile = (fingerprint: string): string => `${fingerprint}.copies.ndjson`;
