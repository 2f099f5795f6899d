/** Sentences of an inspection about pictures that are read, but not as one might expect. */
import type { Reading, ReadingChoice } from '../../protocol/dataset.ts';
import type { DeepGrey } from '../pixels/deep-grey.ts';
import { maximumPixels, reductionOf, type ImageHeader } from '../pixels/image-header.ts';
import { said, type Sentence } from '../../protocol/sentence.ts';

export interface PictureNotes {
  add(header: Omit<ImageHeader, 'open'>): void;
  sentences(): readonly Sentence[];
  choices(): readonly ReadingChoice[];
}

const deepGreyNow: Readonly<Record<DeepGrey, Sentence>> = {
  'cut-off': said`as in Pillow, values over 255 become white`,
  'full-range': said`the whole range is scaled to 8 bits`,
  'own-range': said`the range of each picture is scaled to 8 bits`,
};

export function startPictureNotes(reading: Reading): PictureNotes {
  const now = reading.deepGrey ?? 'cut-off';
  let deepGrey = 0;
  let reduced = 0;
  let transparent = 0;
  return {
    add(header) {
      if (header.deepGrey) deepGrey++;
      if (reductionOf(header) > 1) reduced++;
      if (header.alpha) transparent++;
    },
    choices: () =>
      deepGrey === 0
        ? []
        : [
            {
              about: 'deepGrey',
              now,
              answers: Object.keys(deepGreyNow).map((value) => ({ value, count: deepGrey })),
            },
          ],
    sentences: () => [
      ...(transparent === 0
        ? []
        : [
            transparent === 1
              ? said`1 picture has a channel of transparency, which is dropped, as in Pillow`
              : said`${transparent} pictures have a channel of transparency, which is dropped, as in Pillow`,
          ]),
      ...(deepGrey === 0
        ? []
        : [
            deepGrey === 1
              ? said`1 picture has grey samples of more than 8 bits: ${deepGreyNow[now]}`
              : said`${deepGrey} pictures have grey samples of more than 8 bits: ${deepGreyNow[now]}`,
          ]),
      ...(reduced === 0
        ? []
        : [
            reduced === 1
              ? said`1 picture is over ${maximumPixels / 1e6} megapixels and decoded at a half or less of the width and height, so that memory is bounded; torchvision decodes it in full`
              : said`${reduced} pictures are over ${maximumPixels / 1e6} megapixels and decoded at a half or less of the width and height, so that memory is bounded; torchvision decodes them in full`,
          ]),
    ],
  };
}
