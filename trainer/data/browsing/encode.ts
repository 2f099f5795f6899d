/** Pixels as picture files for the window. */
import sharp, { type Sharp } from 'sharp';
import type { Shown } from '../../protocol/browse.ts';
import type { Pixels } from '../pixels/rows.ts';

const opened = ({ pixels, width, height, channels }: Pixels): Sharp =>
  sharp(pixels, { raw: { width, height, channels: channels === 1 ? 1 : 3 } });

const png = async (pipeline: Sharp): Promise<Shown> => ({
  mime: 'image/png',
  base64: (await pipeline.png().toBuffer()).toString('base64'),
});

/** A square of `side` pixels, the middle of the picture. */
export function thumbnail(picture: Pixels, side: number): Promise<Shown> {
  // The pixels of a small picture stay squares.
  const kernel = Math.min(picture.width, picture.height) < side ? 'nearest' : 'lanczos3';
  return png(opened(picture).resize(side, side, { fit: 'cover', kernel }));
}

/** Every pixel as it is. */
export const exactly = (picture: Pixels): Promise<Shown> => png(opened(picture));

/** Longest side and number of pixels of what is shown; a larger picture is reduced, and above the second sent as JPEG. */
const longestSide = 1600;
const mostExact = 512 * 512;

/** The whole picture, for looking at. */
export async function enlarged(picture: Pixels): Promise<Shown> {
  if (picture.width * picture.height <= mostExact) return exactly(picture);
  const reduced = opened(picture).resize(longestSide, longestSide, { fit: 'inside', withoutEnlargement: true });
  return { mime: 'image/jpeg', base64: (await reduced.jpeg({ quality: 90 }).toBuffer()).toString('base64') };
}
