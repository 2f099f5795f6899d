/** Answers to the questions of `protocol/browse.ts`. */
import { FaultError } from '../../durable/fault-error.ts';
import type {
  Draw,
  DrawnViews,
  ListedPicture,
  Picture,
  PictureAnswer,
  PictureQuestion,
  PictureRange,
} from '../../protocol/browse.ts';
import { excludedReason } from '../../protocol/left-out.ts';
import { augment } from '../pixels/augment.ts';
import { imageHeader, titles } from '../pixels/image-header.ts';
import { pixelsOf } from '../pixels/kernels.ts';
import { enlarged, exactly, thumbnail } from './encode.ts';
import type { Entry, Gallery } from './gallery.ts';
import { boxesOnThumbnail, objectsOnPicture, type Size } from './marked-objects.ts';
import { readEntry, readObjects, rejectedFile, type ReadEntry } from './read-entry.ts';
import { inEnglish, said } from '../../protocol/sentence.ts';

/** Side of a thumbnail in pixels. */
const thumbnailSide = 96;
/** Pictures decoded at the same time: as many as keep the decoder's threads busy, few enough to bound the memory. */
const inFlight = 4;

/** `folder`: of the data set, or its archive. */
export async function answerQuestion(
  gallery: Gallery,
  folder: string,
  question: PictureQuestion,
): Promise<PictureAnswer> {
  await gallery.refresh();
  const selection = await gallery.select(question.filter);
  if (question.kind === 'range') {
    const { from, count } = question;
    return { kind: 'range', range: await rangeOf(gallery, folder, selection, from, count) };
  }
  const entry = selection.at(question.place);
  const read = await readEntry(entry, folder);
  if (question.kind === 'picture') return { kind: 'picture', picture: await pictureOf(gallery, folder, entry, read) };
  return { kind: 'views', drawn: await viewsOf(gallery, entry, read, question.draw) };
}

function listed(
  gallery: Gallery,
  entry: Entry,
  { name, problem }: ReadEntry,
): Omit<ListedPicture, 'thumbnail' | 'objects'> {
  const known = gallery.reasonOf(name) ?? problem;
  if (entry.kind === 'file') return { name, split: null, classes: [], problem: known };
  const { split, data } = entry.split;
  const classes = entry.split.classesOf(entry.index).map((number) => data.classes[number] ?? String(number));
  return { name, split, classes, problem: known };
}

async function rangeOf(
  gallery: Gallery,
  folder: string,
  { total, at }: Awaited<ReturnType<Gallery['select']>>,
  from: number,
  count: number,
): Promise<PictureRange> {
  const thumbnailOf = async (place: number): Promise<ListedPicture> => {
    const entry = at(place);
    const read = await readEntry(entry, folder);
    const size = sizeOf(read);
    return {
      ...listed(gallery, entry, read),
      thumbnail: read.pixels && (await thumbnail(read.pixels, thumbnailSide)),
      objects: size && boxesOnThumbnail(await readObjects(entry), size, thumbnailSide),
    };
  };
  const end = Math.min(total, from + count);
  const pictures: ListedPicture[] = [];
  for (let next = from; next < end; next += inFlight) {
    const places = Array.from({ length: Math.min(inFlight, end - next) }, (_, along) => next + along);
    pictures.push(...(await Promise.all(places.map(thumbnailOf))));
  }
  return { total, pictures };
}

/** What was decoded has a header that can be read. */
const headerOf = ({ image, pixels }: ReadEntry) =>
  pixels !== null && image?.kind === 'encoded' ? imageHeader(image.bytes) : null;

/** Of the picture at full size; null if it cannot be decoded. */
const sizeOf = (read: ReadEntry): Size | null => headerOf(read) ?? read.pixels;

async function pictureOf(gallery: Gallery, folder: string, entry: Entry, read: ReadEntry): Promise<Picture> {
  const { name, image, pixels } = read;
  const header = headerOf(read);
  const size = sizeOf(read);
  const source =
    entry.kind === 'image'
      ? entry.split.fileOf(entry.index)
      : { path: rejectedFile(folder, entry.name), isArchived: false };
  return {
    ...listed(gallery, entry, read),
    file: source?.path ?? null,
    isArchived: source?.isArchived ?? false,
    format: header && titles[header.format],
    bytes: image && (image.kind === 'encoded' ? image.bytes : image.pixels).length,
    width: size?.width ?? null,
    height: size?.height ?? null,
    channels: pixels?.channels ?? null,
    place: entry.kind === 'image' ? entry.index : null,
    trainingIndex: entry.kind === 'image' ? await gallery.trainingIndex(entry) : null,
    isExcluded: entry.kind === 'image' && gallery.isExcluded(entry.split.split, name),
    copies: [...gallery.copiesOf(name)],
    objects:
      size && entry.kind === 'image'
        ? objectsOnPicture(await readObjects(entry), size, entry.split.data.classes)
        : null,
    shown: pixels && (await enlarged(pixels)),
  };
}

async function viewsOf(gallery: Gallery, entry: Entry, read: ReadEntry, { views, resizing, seed, epoch }: Draw) {
  const { name, pixels, problem } = read;
  const index = entry.kind === 'image' ? await gallery.trainingIndex(entry) : null;
  if (index === null || pixels === null) {
    const isExcluded = entry.kind === 'image' && gallery.isExcluded(entry.split.split, name);
    const why = isExcluded ? excludedReason : said`it is not among the images of a split`;
    const reason = inEnglish(gallery.reasonOf(name) ?? problem ?? why);
    throw new FaultError('damaged-image', `${name} has no views, for training leaves it out: ${reason}.`, {
      file: name,
      reason,
    });
  }
  const drawn: DrawnViews['views'] = [];
  for (const [number, view] of views.entries()) {
    const { parameters, frame } = augment(pixels, views, resizing, { seed, epoch, index, number });
    // A copy: the next view takes the frame's memory.
    const { width, height, channels } = frame;
    const shown = await exactly({ pixels: pixelsOf(frame), width, height, channels });
    drawn.push({ parameters: { ...parameters, jitter: [...parameters.jitter] }, size: view.size, shown });
  }
  const { width, height, channels } = pixels;
  return { trainingIndex: index, width, height, channels, views: drawn } satisfies DrawnViews;
}
