/** What an inspection notes of a picture: plain data, so that another process can give it. */
import type { Signature } from '../copies/signature.ts';
import type { DeepGrey } from '../pixels/deep-grey.ts';
import type { ImageHeader } from '../pixels/image-header.ts';

export interface PictureFacts {
  readonly header: Omit<ImageHeader, 'open'>;
  /** Null for a picture without structure. */
  readonly signature: Signature | null;
}

/** @throws UnusableImage for a file that cannot be decoded */
export type ExaminePicture = (bytes: Uint8Array, deepGrey?: DeepGrey) => Promise<PictureFacts>;
