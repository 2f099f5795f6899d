/** Batches of whole pictures with their objects, for training a detector and for finding objects with it: what decoding workers make. */
import { DamagedImageError } from '../../data/damaged-image.ts';
import type { FoundImages } from '../../data/found-images.ts';
import type { DecodingLog } from '../../data/loading/decoding-signs.ts';
import { ImageSource } from '../../data/loading/image-source.ts';
import type { DamagedImage } from '../../data/loading/left-out.ts';
import { openData } from '../../data/loading/open-data.ts';
import type { SeenContents } from '../../data/loading/seen-contents.ts';
import type { OpenWork, Work } from '../../data/loading/work.ts';
import { flip } from '../../data/pixels/colour.ts';
import { normalizer, type Normalizer } from '../../data/pixels/normalize.ts';
import { resample } from '../../data/pixels/resample.ts';
import type { Pixels } from '../../data/pixels/rows.ts';
import type { HostBatch, HostTensor } from '../../host-batch.ts';
import type { DataSource, Normalization, Resizing } from '../../protocol/run.ts';
import { keyed } from '../../random.ts';
import type { AnnotatedImage } from '../objects.ts';
import { canvasOf, fitted, type Fit, type PictureViews, type Size } from './fit.ts';
import { objectRows, writeObjects, type Shown } from './shown-objects.ts';

/** Pictures for training, with `sizes`, `boxes`, `classes`, `present` and perhaps `masks` as targets; or to find objects in, with `sizes`. */
export type PictureTask =
  | {
      readonly kind: 'training';
      readonly views: PictureViews;
      readonly seed: number;
      /** Rows for the objects of a picture. */
      readonly mostObjects: number;
      readonly masks: boolean;
    }
  | { readonly kind: 'finding'; readonly fit: Fit };

/** `found` is shared memory. */
export interface PictureSpecification {
  readonly data: DataSource;
  /** The listing from an earlier opening of the data set, with its objects, so that it is not read again. */
  readonly found?: FoundImages | undefined;
  /** What has been read of the pictures; absent where nobody waits for data that went away. */
  readonly seen?: SeenContents | undefined;
  readonly normalization: Normalization;
  readonly resizing: Resizing;
  readonly task: PictureTask;
}

export interface PictureRequest {
  readonly epoch: number;
  readonly pictures: Int32Array;
}

export interface PictureBatch extends HostBatch {
  /** float32: around a picture its canvas has the mean, which no level need be. */
  readonly views: readonly HostTensor[];
  /** Sizes of the pictures as their files have them. */
  readonly originals: readonly Size[];
}

interface RenderedPictures {
  /** Null if a picture is damaged: how large the canvas is depends on all of them. */
  readonly batch: PictureBatch | null;
  readonly damaged: readonly DamagedImage[];
}

/** How a picture is shown. */
function shownAs(task: PictureTask, image: Size, epoch: number, picture: number): Shown {
  if (task.kind === 'finding') return { ...fitted(image, task.fit), mirrored: false };
  const { shortSides, longest, mirror } = task.views;
  const draw = keyed(task.seed, 'picture view', epoch, picture);
  const shortSide = shortSides[Math.floor(draw.uniform() * shortSides.length)]!;
  return { ...fitted(image, { shortSide, longest }), mirrored: mirror && draw.uniform() < 0.5 };
}

/** Pictures on a canvas, [n, height, width, channels]. */
function picturesOn(
  canvas: Size,
  images: readonly Pixels[],
  shown: readonly Shown[],
  normalize: Normalizer,
  resizing: Resizing,
): HostTensor {
  const { channels } = normalize;
  const line = canvas.width * channels;
  const values = new Float32Array(images.length * canvas.height * line);
  images.forEach((image, at) => {
    const { width, height, mirrored } = shown[at]!;
    const whole = { left: 0, top: 0, width: image.width, height: image.height };
    // As detectron2 resizes: bilinear, by Pillow.
    const frame = resample(image, whole, width, height, { interpolation: 'bilinear', resizing });
    if (mirrored) flip(frame);
    normalize.write(frame, values, at * canvas.height * line, line);
  });
  return { shape: [images.length, canvas.height, canvas.width, channels], values };
}

/** The objects of pictures as targets. */
function targetsOf(
  { mostObjects, masks }: Extract<PictureTask, { kind: 'training' }>,
  annotated: readonly AnnotatedImage[],
  images: readonly Size[],
  shown: readonly Shown[],
  canvas: Size,
): HostBatch['targets'] {
  const rows = objectRows(images.length, mostObjects, canvas, masks);
  for (const [at, image] of annotated.entries()) writeObjects(rows, at, image, images[at]!, shown[at]!, canvas);
  const shape = [images.length, mostObjects];
  return {
    boxes: { shape: [...shape, 4], values: rows.boxes },
    classes: { shape, values: rows.classes },
    present: { shape, values: rows.present },
    ...(rows.masks && { masks: { shape: [...shape, canvas.height, canvas.width / 32], values: rows.masks } }),
  };
}

/** Reads pictures and what is annotated in them, all at once; waits for all of them, also where one fails. */
async function readAll(source: ImageSource, pictures: Int32Array, withObjects: boolean) {
  const damaged: DamagedImage[] = [];
  const images: Pixels[] = [];
  const annotated: AnnotatedImage[] = [];
  const reading = Array.from(pictures, async (picture) => ({
    image: await source.load(picture),
    objects: withObjects ? await source.objects(picture) : null,
  }));
  for (const [at, each] of (await Promise.allSettled(reading)).entries()) {
    if (each.status === 'fulfilled') {
      const { image, objects } = each.value;
      images.push(image);
      if (objects) annotated.push(objects);
    } else if (each.reason instanceof DamagedImageError) {
      const { file, reason, sha256 } = each.reason;
      damaged.push({ at, file, reason, sha256 });
    } else throw each.reason;
  }
  return { images, annotated, damaged };
}

async function openPictureBatches(
  specification: PictureSpecification,
  log?: DecodingLog,
): Promise<OpenWork<PictureRequest, RenderedPictures>> {
  const { task, resizing } = specification;
  const open = () => openData(specification.data, specification.found);
  const source = new ImageSource(await open(), specification.data.path, specification.seen, { log, source: 0 }, open);
  const { count, channels } = source.data;
  const normalize = normalizer(specification.normalization, channels);
  return {
    count,
    async produce({ epoch, pictures }) {
      await source.reopen();
      const { images, annotated, damaged } = await readAll(source, pictures, task.kind === 'training');
      if (damaged.length > 0) return { batch: null, damaged };
      const shown = images.map((image, at) => shownAs(task, image, epoch, pictures[at]!));
      const canvas = canvasOf(shown);
      const sizes = Float32Array.from(shown.flatMap(({ width, height }) => [height, width]));
      const batch = {
        views: [picturesOn(canvas, images, shown, normalize, resizing)],
        index: pictures,
        targets: {
          sizes: { shape: [pictures.length, 2], values: sizes },
          ...(task.kind === 'training' && targetsOf(task, annotated, images, shown, canvas)),
        },
        originals: images.map(({ width, height }) => ({ width, height })),
      };
      return { batch, damaged };
    },
    close: () => source.data.close(),
  };
}

export const pictureWork: Work<PictureSpecification, PictureRequest, RenderedPictures> = {
  name: 'pictures',
  sources: ({ data, found }) => [{ data, found }],
  open: openPictureBatches,
  elsewhere: (request) => request,
  memoryOf: ({ batch }) =>
    [...(batch?.views ?? []), ...Object.values(batch?.targets ?? {})].map(({ values }) => values.buffer as ArrayBuffer),
};
