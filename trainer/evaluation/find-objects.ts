/** Objects that a detector finds in pictures, on the pixels of their files. */
import type { Box } from '../detection/boxes.ts';
import { pasteMask } from '../detection/masks/pasting.ts';
import type { Detection } from '../detection/objects.ts';
import type { Size } from '../detection/pictures/fit.ts';
import type { PictureBatches } from '../detection/pictures/picture-batches.ts';
import type { Engine } from '../engine/engine.ts';
import type { HostTensor } from '../host-batch.ts';
import type { DetectionTraining } from '../recipe.ts';

/** Pictures looked at at a time. */
export const picturesTogether = 4;

/** What was found in picture `at` of a batch. @param results boxes, scores, classes and perhaps masks, as a detector gives them */
function foundIn(results: readonly HostTensor[], at: number, shown: Size, original: Size): readonly Detection[] {
  const [boxes, scores, classes, masks] = results as readonly [HostTensor, HostTensor, HostTensor, HostTensor?];
  const most = scores.shape[1]!;
  const [across, down] = [original.width / shown.width, original.height / shown.height];
  const found: Detection[] = [];
  for (let row = at * most; row < (at + 1) * most; row++) {
    const score = scores.values[row]!;
    if (score <= 0) continue;
    const [left = 0, top = 0, right = 0, bottom = 0] = boxes.values.subarray(4 * row, 4 * row + 4);
    const box: Box = [left * across, top * down, right * across, bottom * down];
    found.push({ class: classes.values[row]!, score, box, ...(masks && { mask: maskAt(masks, row, box, original) }) });
  }
  return found;
}

function maskAt({ shape, values }: HostTensor, row: number, box: Box, original: Size) {
  const side = shape[2]!;
  const own = Float32Array.from(values.subarray(row * side ** 2, (row + 1) * side ** 2));
  return pasteMask(own, side, box, original);
}

/** Told of each picture what was found in it. */
export type TellFound = (picture: number, found: readonly Detection[]) => void;

export function objectFinder(
  engine: Engine,
  { detector, fit }: Pick<DetectionTraining, 'detector' | 'fit'>,
  finding: PictureBatches['finding'],
) {
  const run = engine.inferAll(([images, sizes], at) => {
    const { boxes, scores, classes, masks } = detector.find({ images: images!, sizes: sizes! }, at);
    return [boxes, scores, classes, ...(masks ? [masks] : [])];
  });
  return async (
    pictures: Int32Array,
    tell: TellFound,
    progress: (fraction: number) => Promise<void>,
  ): Promise<void> => {
    for (let from = 0; from < pictures.length; from += picturesTogether) {
      const part = pictures.subarray(from, from + picturesTogether);
      const { views, targets, originals } = await finding(part, fit);
      const sizes = targets['sizes']!;
      const results = await run(views[0]!, sizes);
      part.forEach((picture, at) => {
        const [height = 1, width = 1] = sizes.values.subarray(2 * at, 2 * at + 2);
        tell(picture, foundIn(results, at, { width, height }, originals[at]!));
      });
      await progress((from + part.length) / pictures.length);
    }
  };
}
