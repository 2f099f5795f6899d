/** Deterministic preprocessing for evaluation: torchvision's Resize(short side), then CenterCrop, only the crop computed, or Resize to a square. */
import { FaultError } from '../../durable/fault-error.ts';
import type { Preprocessing, Resizing } from '../../protocol/run.ts';
import type { Pixels } from './rows.ts';
import { centreOf, resizedSize } from './centre-crop.ts';
import { pixelsOf, type Frame } from './kernels.ts';
import type { Box } from '../../protocol/augmentation.ts';
import { resample } from './resample.ts';

const wholeOf = ({ width, height }: Pixels): Box => ({ left: 0, top: 0, width, height });

/** Both resizes in sequence, as in the recipe: a single one would give different levels. */
function squash(image: Pixels, { resize, crop, interpolation }: Preprocessing, resizing: Resizing): Frame {
  const by = { interpolation, resizing };
  let source = image;
  if (resize !== null) {
    const [width, height] = resizedSize(image.width, image.height, resize);
    const pixels = pixelsOf(resample(image, wholeOf(image), width, height, by));
    source = { pixels, width, height, channels: image.channels };
  }
  return resample(source, wholeOf(source), crop, crop, by);
}

/** `crop` x `crop` pixels. `name` is the picture's, for errors. */
export function preprocess(image: Pixels, how: Preprocessing, resizing: Resizing, name: string): Frame {
  if (how.fit === 'squash') return squash(image, how, resizing);
  const [width, height] =
    how.resize === null ? [image.width, image.height] : resizedSize(image.width, image.height, how.resize);
  if (width < how.crop || height < how.crop) {
    throw new FaultError(
      'bad-argument',
      `${name} is ${width} x ${height} pixels${how.resize === null ? '' : ' after resizing'}, smaller than the crop of ` +
        `${how.crop}. Choose a crop of at most ${Math.min(width, height)} or a resize of at least ${how.crop}.`,
      { file: name, width, height, crop: how.crop },
    );
  }
  const window = {
    left: centreOf(width - how.crop),
    top: centreOf(height - how.crop),
    width: how.crop,
    height: how.crop,
  };
  const { interpolation } = how;
  return resample(image, wholeOf(image), width, height, { interpolation, resizing }, window);
}
