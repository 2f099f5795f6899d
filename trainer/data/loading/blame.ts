/** Finds out whether an image, at which a decoding worker hung or died, is to blame: it is decoded in a process of its own. */
import { sha256 } from '../../durable/files.ts';
import type { DecodingBounds } from '../apart/bounds.ts';
import { openExaminer } from '../apart/examiner.ts';
import type { Located } from '../listing/image-table.ts';
import { isUnreachable } from '../unreachable.ts';
import { UnusableImage } from '../unusable-image.ts';
import { placeKey, type BlamedImage, type ImagePlace } from './decoding-signs.ts';
import { openData } from './open-data.ts';

/** Null for an image that can be decoded, or not be reached. */
export type Blame = (place: ImagePlace) => Promise<BlamedImage | null>;

export interface BlameOptions {
  /** By number, as in `ImagePlace`. */
  readonly sources: readonly Located[];
  /** The program of the process. */
  readonly file: URL;
  readonly bounds: DecodingBounds;
}

async function examined(place: ImagePlace, { sources, file, bounds }: BlameOptions): Promise<BlamedImage | null> {
  const { data, found } = sources[place.source]!;
  const opened = await openData(data, found);
  const examiner = openExaminer({ processes: 1, bounds, file });
  try {
    // Noted by an earlier attempt, of which data that has changed since has no such image.
    if (place.index >= opened.count) return null;
    const { image, name } = await opened.sample(place.index);
    if (image.kind === 'raw') return null;
    const reason = await examiner.examine(image.bytes, image.deepGrey).then(
      () => null,
      (error: unknown) => {
        if (error instanceof UnusableImage) return error.reason;
        throw error;
      },
    );
    return reason && { ...place, file: name, reason, sha256: sha256(image.bytes) };
  } finally {
    examiner.close();
    await opened.close();
  }
}

/** Each image that was found to be to blame is examined once. */
export function createBlame(options: BlameOptions): Blame {
  const known = new Map<string, BlamedImage>();
  return async (place) => {
    const key = placeKey(place);
    const found =
      known.get(key) ??
      (await examined(place, options).catch((error: unknown) => {
        if (isUnreachable(error)) return null;
        throw error;
      }));
    if (found) known.set(key, found);
    return found;
  };
}
