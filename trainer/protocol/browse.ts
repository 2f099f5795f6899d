/** Questions about the pictures of a data set, and their answers: which there are, one of them, its augmented views. */
import * as v from 'valibot';
import { ViewParameters } from './augmentation.ts';
import { Said } from './said.ts';
import { newestResizing, Resizing, View } from './run.ts';

const whole = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff));
const name = v.pipe(v.string(), v.maxLength(4096));

/** Most pictures of one answer. */
export const mostPictures = 200;
/** Most views of one answer. */
const mostViews = 16;
/** Most names or places that a filter gives. */
export const mostNames = 100;
/** Most images that an evaluation left out. */
const mostLeftOut = 1_000_000;

/** Pictures with an object of a class, with a crowd, with a difficult object; or without any object. */
export const ObjectFilter = v.variant('kind', [
  v.strictObject({ kind: v.literal('class'), class: whole }),
  v.strictObject({ kind: v.picklist(['without', 'crowds', 'difficult']) }),
]);
export type ObjectFilter = v.InferOutput<typeof ObjectFilter>;

/** Which pictures, and in which order. A place is a position among them, from 0. */
export const PictureFilter = v.strictObject({
  /** Null: every split, one after the other. */
  split: v.nullable(v.pipe(v.string(), v.minLength(1), v.maxLength(200))),
  /** Number of a class; null: every class. */
  class: v.nullable(whole),
  /** What is annotated in them; null: anything. */
  objects: v.optional(v.nullable(ObjectFilter), null),
  /**
   * `rejected`: the files that the inspection rejected. `copies`: images that are in more than one split, copies beside
   * each other. `excluded`: those that a person left out. `named`: those of these names, as an inspection writes them.
   * `tested`: those at these places of one split without the images `without`, whatever their class and objects.
   */
  among: v.variant('kind', [
    v.strictObject({ kind: v.picklist(['all', 'rejected', 'copies', 'excluded']) }),
    v.strictObject({ kind: v.literal('named'), names: v.pipe(v.array(name), v.minLength(1), v.maxLength(mostNames)) }),
    v.strictObject({
      kind: v.literal('tested'),
      places: v.pipe(v.array(whole), v.minLength(1), v.maxLength(mostNames)),
      without: v.pipe(v.array(name), v.maxLength(mostLeftOut)),
    }),
  ]),
});
export type PictureFilter = v.InferOutput<typeof PictureFilter>;

/** An augmented view depends on these, the image and the number of the view. */
export const Draw = v.strictObject({
  views: v.pipe(v.array(View), v.minLength(1), v.maxLength(mostViews)),
  resizing: v.optional(Resizing, newestResizing),
  seed: whole,
  /** From 0. */
  epoch: whole,
});
export type Draw = v.InferOutput<typeof Draw>;

export const PictureQuestion = v.variant('kind', [
  v.strictObject({
    kind: v.literal('range'),
    filter: PictureFilter,
    from: whole,
    count: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(mostPictures)),
  }),
  v.strictObject({ kind: v.literal('picture'), filter: PictureFilter, place: whole }),
  v.strictObject({ kind: v.literal('views'), filter: PictureFilter, place: whole, draw: Draw }),
]);
export type PictureQuestion = v.InferOutput<typeof PictureQuestion>;

/** Bytes of a picture, in base64. */
export const Shown = v.strictObject({ mime: v.picklist(['image/png', 'image/jpeg']), base64: v.string() });
export type Shown = v.InferOutput<typeof Shown>;

/** An object to be drawn over a picture. */
const marked = {
  /** Number of its class. */
  class: v.number(),
  /** Left, top, right, bottom. */
  box: v.tuple([v.number(), v.number(), v.number(), v.number()]),
  crowd: v.boolean(),
  difficult: v.boolean(),
};
export const MarkedBox = v.strictObject(marked);
export type MarkedBox = v.InferOutput<typeof MarkedBox>;

/** In pixels of the picture. */
export const MarkedObject = v.strictObject({
  ...marked,
  name: v.string(),
  /** An SVG path to be filled; null where there is none, and for one that is too long to be sent. */
  mask: v.nullable(v.string()),
});
export type MarkedObject = v.InferOutput<typeof MarkedObject>;

const annotated = {
  /** All objects of the picture; of many, the largest are drawn. */
  total: v.number(),
  /** Why its annotation cannot be read. */
  problem: v.nullable(Said),
};

const listed = {
  /** As an inspection writes it. */
  name: v.string(),
  /** Null for a rejected file that is not among the images of a split. */
  split: v.nullable(v.string()),
  /** Names of its classes: one, several, or none without labels. */
  classes: v.array(v.string()),
  /** Why it was rejected, or why it cannot be shown. */
  problem: v.nullable(Said),
};

export const ListedPicture = v.strictObject({
  ...listed,
  thumbnail: v.nullable(Shown),
  /** Boxes in pixels of the thumbnail, the largest first; null where the data set annotates no objects. */
  objects: v.nullable(v.strictObject({ ...annotated, boxes: v.array(MarkedBox) })),
});
export type ListedPicture = v.InferOutput<typeof ListedPicture>;

export const PictureRange = v.strictObject({ total: v.number(), pictures: v.array(ListedPicture) });
export type PictureRange = v.InferOutput<typeof PictureRange>;

export const Picture = v.strictObject({
  ...listed,
  /** The file that holds it; null where it is one of many records of a data set's own file. */
  file: v.nullable(v.string()),
  /** True where the file is an archive. */
  isArchived: v.boolean(),
  /** Title of the format; null for pixels without one, and for a file of no known format. */
  format: v.nullable(v.string()),
  /** Of its encoded bytes, or of its pixels. */
  bytes: v.nullable(v.number()),
  /** In pixels; null where it cannot be read. */
  width: v.nullable(v.number()),
  height: v.nullable(v.number()),
  channels: v.nullable(v.number()),
  /** Its place in its split, counted with those that runs leave out; null for a file that is in none. */
  place: v.nullable(v.number()),
  /** Its number in training, from 0: that of its split without the images left out before a run. Null if left out. */
  trainingIndex: v.nullable(v.number()),
  /** A person left it out of what training and evaluation see. */
  isExcluded: v.boolean(),
  /** Names of the images of other splits with the same contents, as far as the inspection lists them. */
  copies: v.array(v.string()),
  /** The largest first; null where the data set annotates no objects. */
  objects: v.nullable(v.strictObject({ ...annotated, drawn: v.array(MarkedObject), masksLeftOut: v.number() })),
  shown: v.nullable(Shown),
});
export type Picture = v.InferOutput<typeof Picture>;

export const DrawnViews = v.strictObject({
  trainingIndex: v.number(),
  /** Of the image as decoded, in which crops are given. */
  width: v.number(),
  height: v.number(),
  channels: v.number(),
  views: v.array(v.strictObject({ parameters: ViewParameters, size: v.number(), shown: Shown })),
});
export type DrawnViews = v.InferOutput<typeof DrawnViews>;

export const PictureAnswer = v.variant('kind', [
  v.strictObject({ kind: v.literal('range'), range: PictureRange }),
  v.strictObject({ kind: v.literal('picture'), picture: Picture }),
  v.strictObject({ kind: v.literal('views'), drawn: DrawnViews }),
]);
export type PictureAnswer = v.InferOutput<typeof PictureAnswer>;
