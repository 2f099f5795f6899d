/** Batches of whole pictures with their objects, for training a detector and for finding objects with it. */
import { decodeSample, type DecodedSample } from '../../data/loading/decode-sample.ts';
import { expectSame, type SeenContents } from '../../data/loading/seen-contents.ts';
import { normalizer } from '../../data/pixels/normalize.ts';
import { resample } from '../../data/pixels/resample.ts';
import type { HostBatch } from '../../host-batch.ts';
import type { Normalization, Resizing } from '../../protocol/run.ts';
import { keyed } from '../../random.ts';
import type { OpenDataset } from '../../recipe.ts';
import { canvasOf, fitted, type Fit, type PictureViews, type Size } from './fit.ts';
import { objectRows, writeObjects, type Shown } from './shown-objects.ts';

export interface PictureSource {
  readonly data: OpenDataset;
  readonly normalization: Normalization;
  readonly resizing: Resizing;
  /** Rows for the objects of a picture. */
  readonly mostObjects: number;
  readonly masks: boolean;
  /** What has been read of the pictures; absent where nobody waits for data that went away. */
  readonly seen?: (() => SeenContents) | undefined;
}

async function load({ data, seen }: PictureSource, index: number): Promise<DecodedSample> {
  const sample = await data.sample(index);
  if (seen) expectSame(seen(), index, sample);
  return decodeSample(sample, data.channels);
}

/** Mirrors an image [height, width, channels] on a canvas in place. */
function mirror(values: Float32Array, offset: number, { width, height }: Size, canvas: Size, channels: number): void {
  for (let row = 0; row < height; row++) {
    const begin = offset + row * canvas.width * channels;
    for (let left = 0, right = width - 1; left < right; left++, right--)
      for (let channel = 0; channel < channels; channel++) {
        const [a, b] = [begin + left * channels + channel, begin + right * channels + channel];
        const kept = values[a]!;
        values[a] = values[b]!;
        values[b] = kept;
      }
  }
}

export interface PictureBatches {
  /** Pictures for training, with `sizes`, `boxes`, `classes`, `present` and perhaps `masks` as targets. */
  training(
    pictures: Int32Array,
    views: PictureViews,
    key: { readonly seed: number; readonly epoch: number },
  ): Promise<HostBatch>;
  /** Pictures to find objects in, with `sizes`, and the sizes of their files. */
  finding(pictures: Int32Array, fit: Fit): Promise<HostBatch & { readonly originals: readonly Size[] }>;
}

export function pictureBatches(source: PictureSource): PictureBatches {
  const { data, normalization, resizing, mostObjects, masks } = source;
  // As detectron2 resizes: bilinear, by Pillow.
  const by = { interpolation: 'bilinear', resizing } as const;
  const normalize = normalizer(normalization, data.channels);
  const { channels } = normalize;

  async function assemble(pictures: Int32Array, shownAs: (image: Size, picture: number) => Shown) {
    const images = await Promise.all(Array.from(pictures, (picture) => load(source, picture)));
    const shown = images.map((image, at) => shownAs(image, pictures[at]!));
    const canvas = canvasOf(shown);
    const values = new Float32Array(pictures.length * canvas.height * canvas.width * channels);
    images.forEach((image, at) => {
      const { width, height, mirrored } = shown[at]!;
      const whole = { left: 0, top: 0, width: image.width, height: image.height };
      const picture = new Float32Array(width * height * channels);
      normalize.write(resample(image, whole, width, height, by), picture, 0);
      const offset = at * canvas.height * canvas.width * channels;
      const row = width * channels;
      for (let y = 0; y < height; y++)
        values.set(picture.subarray(y * row, (y + 1) * row), offset + y * canvas.width * channels);
      if (mirrored) mirror(values, offset, { width, height }, canvas, channels);
    });
    const sizes = Float32Array.from(shown.flatMap(({ width, height }) => [height, width]));
    const batch = {
      views: [{ shape: [pictures.length, canvas.height, canvas.width, channels], values }],
      index: pictures.slice(),
      targets: { sizes: { shape: [pictures.length, 2], values: sizes } },
    };
    return { batch, images, shown, canvas };
  }

  return {
    async training(pictures, { shortSides, longest, mirror: mayMirror }, { seed, epoch }) {
      const { batch, images, shown, canvas } = await assemble(pictures, (image, picture) => {
        const draw = keyed(seed, 'picture view', epoch, picture);
        const shortSide = shortSides[Math.floor(draw.uniform() * shortSides.length)]!;
        return { ...fitted(image, { shortSide, longest }), mirrored: mayMirror && draw.uniform() < 0.5 };
      });
      const rows = objectRows(pictures.length, mostObjects, canvas, masks);
      for (const [at, picture] of pictures.entries()) {
        const annotated = await data.objects!(picture);
        writeObjects(rows, at, annotated, images[at]!, shown[at]!, canvas);
      }
      const shape = [pictures.length, mostObjects];
      return {
        ...batch,
        targets: {
          ...batch.targets,
          boxes: { shape: [...shape, 4], values: rows.boxes },
          classes: { shape, values: rows.classes },
          present: { shape, values: rows.present },
          ...(rows.masks && { masks: { shape: [...shape, canvas.height, canvas.width / 32], values: rows.masks } }),
        },
      };
    },
    async finding(pictures, fit) {
      const { batch, images } = await assemble(pictures, (image) => ({ ...fitted(image, fit), mirrored: false }));
      return { ...batch, originals: images.map(({ width, height }) => ({ width, height })) };
    },
  };
}
