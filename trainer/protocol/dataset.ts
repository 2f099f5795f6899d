/** What `inspect` says of a folder before anything trains on it. */
import * as v from 'valibot';
import { NearDuplicates } from './copies.ts';
import { ObjectsInspection } from './objects.ts';
import { Said } from './said.ts';

export const Reject = v.strictObject({ file: v.string(), reason: Said });
export type Reject = v.InferOutput<typeof Reject>;

/** A folder, or files of a kind, that are not used: what, how many pictures or files, why, and how they would be used. */
export const Unused = v.strictObject({ what: Said, count: v.number(), why: Said, use: Said });
export type Unused = v.InferOutput<typeof Unused>;

/** Rejects for one reason, with a few of their names. */
export const RejectKind = v.strictObject({ reason: Said, count: v.number(), examples: v.array(v.string()) });
export type RejectKind = v.InferOutput<typeof RejectKind>;

/**
 * How a folder is read, where more than one way makes sense. A data source carries it, so that a run reads its data as it was
 * inspected.
 */
export const Reading = v.strictObject({
  /** Which folders are classes, where pictures lie several levels deep; the last: the names of the deepest ones, wherever they lie. */
  classes: v.optional(v.picklist(['first-level', 'deepest', 'deepest-names'])),
  /** Order of classes whose names are numbers. Without it: as text, in which 10 comes before 2. */
  order: v.optional(v.picklist(['numeric', 'text'])),
  /** What systems and tools leave behind in folders. Without it: left out. */
  leftovers: v.optional(v.picklist(['left-out', 'taken-in'])),
  /**
   * Grey samples of 16 bits: values over 255 become white, as in Pillow; or 0 to 65,535 are scaled to 0 to 255; or the smallest
   * to the largest value of each picture are. Without it: the first.
   */
  deepGrey: v.optional(v.picklist(['cut-off', 'full-range', 'own-range'])),
});
export type Reading = v.InferOutput<typeof Reading>;

/** A question about reading that is the person's to answer: what is so now, and what each answer gives. */
export const ReadingChoice = v.strictObject({
  about: v.picklist(['classes', 'order', 'leftovers', 'deepGrey']),
  now: v.string(),
  /** `count`: classes, or files and pictures it is about. */
  answers: v.array(v.strictObject({ value: v.string(), count: v.number() })),
});
export type ReadingChoice = v.InferOutput<typeof ReadingChoice>;

export const SplitInspection = v.strictObject({
  split: v.string(),
  images: v.number(),
  /** Images a class, in class order. Empty when the split has no labels. */
  perClass: v.array(v.number()),
  /** What is annotated in them, where the data set says. */
  objects: v.optional(ObjectsInspection),
});
export type SplitInspection = v.InferOutput<typeof SplitInspection>;

export const Inspection = v.strictObject({
  version: v.literal(1),
  /** The reader that recognised it, or null: then `expected` and `found` say why. */
  dataset: v.nullable(v.string()),
  title: v.string(),
  path: v.string(),
  /**
   * `checked`: every image was read, decoded and hashed. `listed`: names and sizes only, so damage, duplicates and leaks are
   * not known yet. Records from before there were both were checked.
   */
  contents: v.optional(v.picklist(['checked', 'listed']), 'checked'),
  /** SHA-256 over names, sizes and contents; over names and sizes where contents were not checked. The identity of the data. */
  fingerprint: v.string(),
  /** Where its contents were checked after runs knew it by its listing: what the fingerprint would be by its contents. */
  contentsFingerprint: v.optional(v.string()),
  expected: v.array(Said),
  found: v.array(Said),
  splits: v.array(SplitInspection),
  classes: v.array(v.string()),
  /** An image may show several classes, so images a class add up to more than there are. */
  severalClasses: v.optional(v.boolean()),
  channels: v.nullable(v.number()),
  /** Smallest and largest image, [width, height]. */
  smallest: v.nullable(v.tuple([v.number(), v.number()])),
  largest: v.nullable(v.tuple([v.number(), v.number()])),
  bytes: v.number(),
  rejects: v.array(Reject),
  rejectCount: v.number(),
  /** All rejects by their reasons, the most frequent first. Empty in records from before they were counted. */
  rejectKinds: v.optional(v.array(RejectKind), []),
  /** How the folder was read, where it was not as usual. */
  reading: v.optional(Reading),
  /** Other ways to read it that make sense. */
  choices: v.optional(v.array(ReadingChoice), []),
  /** What lies in the folder and is not used. */
  unused: v.optional(v.array(Unused), []),
  /** What is odd about its classes and pictures. */
  warnings: v.optional(v.array(Said), []),
  /** Pictures whose contents stand in more than one split, with the two names: a leak. */
  leaks: v.array(v.tuple([v.string(), v.string()])),
  leakCount: v.number(),
  /** The same picture more than once inside one split. */
  duplicateCount: v.number(),
  /** Pictures that are alike without being the same bytes. Null if they were not looked for. */
  nearDuplicates: v.optional(v.nullable(NearDuplicates), null),
  licence: v.nullable(v.string()),
  source: v.nullable(Said),
  /** How a validation split was made when the folder had none. */
  splitRule: v.nullable(Said),
  seconds: v.number(),
});
export type Inspection = v.InferOutput<typeof Inspection>;

/** A small picture for the window: PNG or JPEG bytes in base64, with its label. */
export const Thumbnail = v.strictObject({
  index: v.number(),
  label: v.nullable(v.string()),
  mime: v.picklist(['image/png', 'image/jpeg', 'image/webp']),
  base64: v.string(),
});
export type Thumbnail = v.InferOutput<typeof Thumbnail>;
