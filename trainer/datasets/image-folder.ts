/** Any folder of pictures in class folders: ImageNet's layout, or one folder of classes, or no classes. */
import * as v from 'valibot';
import { listTree, looksLikeTree } from '../data/listing/class-folders.ts';
import { readerOfListing } from '../data/listing/inspect-listing.ts';
import { defineDataset } from '../recipe.ts';
import { said } from '../protocol/sentence.ts';

const expected = [
  said`train/CLASS/*.jpg and val/CLASS/*.jpg (or test), as ImageNet is laid out`,
  said`or CLASS/*.jpg, split by a hash; or pictures without class folders, for pretraining`,
  said`JPEG, PNG, WebP, GIF, BMP, TIFF or Netpbm`,
];

export const dataset = defineDataset({
  id: 'image-folder',
  title: 'Image folder',
  licence: null,
  homepage: null,
  splits: ['train', 'val', 'test'],
  channels: 3,
  options: v.strictObject({}),
  expected,
  // Whatever holds pictures is an image folder, if it is nothing else.
  generality: 2,
  recognises: looksLikeTree,
  ...readerOfListing(listTree, {
    dataset: 'image-folder',
    title: 'Image folder',
    expected,
    licence: null,
    source: null,
  }),
});
