/** Objects that a detector finds in pictures, on the pixels of their files. */
import { setImmediate as macrotask } from 'node:timers/promises';
import type { Box } from '../detection/boxes.ts';
import { pasteMask } from '../detection/masks/pasting.ts';
import type { Detection } from '../detection/objects.ts';
import type { Size } from '../detection/pictures/fit.ts';
import type { PictureBatch } from '../detection/pictures/picture-batches.ts';
import type { Engine } from '../engine/engine.ts';
import type { HostTensor } from '../host-batch.ts';
import type { Detector } from '../recipe.ts';

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

/** Tells what is found in each picture of a batch. */
export type FindObjects = (
  batch: PictureBatch,
  tell: (picture: number, found: readonly Detection[]) => void,
) => Promise<void>;

export function objectFinder(engine: Engine, detector: Detector): FindObjects {
  const run = engine.inferAll(([images, sizes], at) => {
    const { boxes, scores, classes, masks } = detector.find({ images: images!, sizes: sizes! }, at);
    return [boxes, scores, classes, ...(masks ? [masks] : [])];
  });
  return async ({ views, targets, index, originals }, tell) => {
    const sizes = targets['sizes']!;
    const results = await run(views[0]!, sizes);
    for (const [at, picture] of index.entries()) {
      const [height = 1, width = 1] = sizes.values.subarray(2 * at, 2 * at + 2);
      tell(picture, foundIn(results, at, { width, height }, originals[at]!));
      // Masks of a hundred detections take long to put into a picture: meanwhile batches arrive.
      await macrotask();
    }
  };
}
