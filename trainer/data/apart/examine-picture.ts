/** Decodes a picture for what an inspection notes of it. */
import { signatureOf } from '../copies/signature.ts';
import { decode } from '../pixels/decode.ts';
import { imageHeader } from '../pixels/image-header.ts';
import type { ExaminePicture } from './picture-facts.ts';

/** In this thread: where a decoder hangs or crashes, so does this program. */
export const examineHere: ExaminePicture = async (bytes, deepGrey) => {
  const signature = signatureOf(await decode({ kind: 'encoded', bytes, ...(deepGrey && { deepGrey }) }, 3));
  const { open: _open, ...header } = imageHeader(bytes);
  return { header, signature };
};
