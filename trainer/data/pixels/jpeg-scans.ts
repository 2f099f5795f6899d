/**
 * The scans of a JPEG file. A picture that is stored in several of them, as progressive ones are, is decoded once more for each,
 * and an empty scan takes some seventy bytes: without a bound a file of a megabyte keeps a processor busy for minutes.
 */
import { UnusableImage } from '../unusable-image.ts';
import { said } from '../../protocol/sentence.ts';

/** The usual scripts of encoders have 10 scans, the longest a few dozen. libtiff has the same limit. */
export const mostScans = 100;
/** Scans times pixels: 100 scans of 20 megapixels, or 20 of the largest picture that is read as a whole. */
export const mostScannedPixels = 2_000_000_000;

/** Markers (ITU-T T.81, table B.1). */
const [startOfScan, endOfImage, firstRestart, lastRestart] = [0xda, 0xd9, 0xd0, 0xd7];
const isAlone = (marker: number) => marker <= 1 || marker === 0xff || (marker >= firstRestart && marker <= lastRestart);

/** Counts the scans of the picture whose segments go on at `at`, up to one more than the limit. Bytes after its end are no part of it. */
function scansFrom(bytes: Uint8Array, at: number, components: number): number {
  let scans = 0;
  for (let mark = bytes.indexOf(0xff, at); mark >= 0 && mark + 4 < bytes.length; mark = bytes.indexOf(0xff, at)) {
    const marker = bytes[mark + 1]!;
    // The second byte may be the first of a marker.
    at = mark + (marker === 0xff ? 1 : 2);
    if (marker === endOfImage) break;
    if (isAlone(marker)) continue;
    if (marker === startOfScan && ++scans > mostScans) break;
    // A sequential picture with all its components in one scan has no other.
    if (marker === startOfScan && components > 0 && bytes[mark + 4]! >= components) break;
    at = mark + 2 + ((bytes[mark + 2]! << 8) | bytes[mark + 3]!);
  }
  return scans;
}

/**
 * @param at the first segment after the one that states the size
 * @param components of a sequential picture; 0 for a progressive one, whose components may come in any number of scans
 * @throws UnusableImage for a picture of more scans than any encoder writes
 */
export function checkScans(bytes: Uint8Array, at: number, components: number, pixels: number): void {
  const scans = scansFrom(bytes, at, components);
  if (scans > mostScans) throw new UnusableImage(said`a JPEG file of more than ${mostScans} scans: save it again`);
  if (scans * pixels > mostScannedPixels)
    throw new UnusableImage(
      said`a JPEG file of ${scans} scans of ${Math.round(pixels / 1e6)} megapixels each: save it again without progressive mode`,
    );
}
