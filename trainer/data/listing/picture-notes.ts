/** Sentences of an inspection about pictures that are read, but not as one might expect. */
import { maximumPixels, reductionOf, type ImageHeader } from '../pixels/image-header.ts';

export interface PictureNotes {
  add(header: ImageHeader): void;
  sentences(): readonly string[];
}

const pictures = (count: number, one: string, many: string) =>
  count === 1 ? `1 picture ${one}` : `${count} pictures ${many}`;

export function startPictureNotes(): PictureNotes {
  let deepGrey = 0;
  let reduced = 0;
  return {
    add(header) {
      if (header.deepGrey) deepGrey++;
      if (reductionOf(header) > 1) reduced++;
    },
    sentences: () => [
      ...(deepGrey === 0
        ? []
        : [
            `${pictures(deepGrey, 'has', 'have')} grey samples of more than 8 bits: as in Pillow, values over 255 become ` +
              'white; to scale them to 8 bits instead, convert copies of them, for example with ImageMagick: ' +
              'magick mogrify -depth 8 -format png FILES',
          ]),
      ...(reduced === 0
        ? []
        : [
            `${pictures(reduced, 'is', 'are')} over ${maximumPixels / 1e6} megapixels and decoded at a half or less of the ` +
              'width and height, so that memory is bounded; torchvision decodes them in full',
          ]),
    ],
  };
}
