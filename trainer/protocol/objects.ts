/** What an inspection says of annotated objects. */
import * as v from 'valibot';

export const ObjectProblemKind = v.picklist([
  'normalised',
  'box-order',
  'no-annotations',
  'unreadable',
  'unknown-image',
  'unknown-class',
  'repeated-image',
  'no-numbers',
  'reversed',
  'no-area',
  'outside',
  'beyond',
  'below-a-pixel',
  'crowded',
  'odd-ring',
  'short-ring',
  'ring-no-numbers',
  'run-lengths',
  'hidden',
  'area',
  'size',
]);
export type ObjectProblemKind = v.InferOutput<typeof ObjectProblemKind>;

/** How often it was met, and a few of the pictures it is in. */
export const ObjectProblem = v.strictObject({
  kind: ObjectProblemKind,
  count: v.number(),
  examples: v.array(v.string()),
});
export type ObjectProblem = v.InferOutput<typeof ObjectProblem>;

/** The objects of a split, without those that are left out. */
export const ObjectsInspection = v.strictObject({
  /** Objects a class, in class order, and pictures that show one. */
  perClass: v.array(v.number()),
  imagesPerClass: v.array(v.number()),
  /** Of them, how many are crowds, difficult, or have a mask. */
  crowds: v.number(),
  difficult: v.number(),
  masks: v.number(),
  /** Pictures without an object: no part of training, part of the evaluation. */
  imagesWithout: v.number(),
  /** The most in one picture. */
  most: v.number(),
  problems: v.array(ObjectProblem),
});
export type ObjectsInspection = v.InferOutput<typeof ObjectsInspection>;
