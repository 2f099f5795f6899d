/**
 * COCO's result files (https://cocodataset.org/#format-results): an array of { image_id, category_id, bbox: [x, y, width,
 * height], score, segmentation: { size: [height, width], counts } }.
 */
import { FaultError } from '../../durable/fault-error.ts';
import { isMissing, writeAtomically } from '../../durable/files.ts';
import { quoted, said, type Quotation } from '../../protocol/sentence.ts';
import type { Box } from '../boxes.ts';
import { readElements, WrongDocument, type Pace } from '../json-elements.ts';
import { compressRuns, expandRuns } from '../masks/compressed-runs.ts';
import { maskOf } from '../masks/polygons.ts';
import { checkRunLengths, maskBox } from '../masks/run-lengths.ts';
import type { Detection, RunLengths } from '../objects.ts';
import { DetectionStore, type ImageDetections } from './detection-store.ts';
import { reasonOfResult, unreadableResults, WrongResult } from './wrong-results.ts';

/** What the ids of a result file stand for. */
export interface CocoNames {
  /** By id as text. */
  readonly images: ReadonlyMap<string, { readonly height: number; readonly width: number }>;
  /** Ids of the categories, by class. */
  readonly categories: readonly number[];
}

const numberOrText = (id: string): number | string => (/^(0|[1-9]\d{0,14})$/.test(id) ? Number(id) : id);

function entryOf(image: string, { class: label, score, box, mask }: Detection, categories: readonly number[]): string {
  const [left, top, right, bottom] = box;
  return JSON.stringify({
    image_id: numberOrText(image),
    category_id: categories[label],
    bbox: [left, top, right - left, bottom - top],
    score,
    ...(mask && { segmentation: { size: [mask.height, mask.width], counts: compressRuns(mask.counts) } }),
  });
}

/** Writes an entry a line, atomically and in bounded memory. */
export async function writeCocoResults(
  path: string,
  images: Iterable<ImageDetections> | AsyncIterable<ImageDetections>,
  categories: readonly number[],
): Promise<void> {
  async function* parts(): AsyncGenerator<string> {
    let separator = '[\n';
    for await (const { image, detections } of images) {
      if (detections.length === 0) continue;
      yield separator + detections.map((detection) => entryOf(image, detection, categories)).join(',\n');
      separator = ',\n';
    }
    yield separator === '[\n' ? '[]\n' : '\n]\n';
  }
  await writeAtomically(path, parts());
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** At most so many characters of a wrong value are shown. */
const shown = (value: unknown): Quotation => quoted((JSON.stringify(value) ?? 'missing').slice(0, 60));

function numbersOf(value: unknown, name: string, length?: number): readonly number[] {
  const isList = Array.isArray(value) && (length === undefined || value.length === length);
  if (!isList || !value.every((each) => typeof each === 'number' && Number.isFinite(each)))
    throw new WrongResult(
      length === undefined
        ? said`${name} is ${shown(value)}, not a list of numbers`
        : said`${name} is ${shown(value)}, not ${length} numbers`,
    );
  return value as readonly number[];
}

function maskFrom(value: unknown, { height, width }: { readonly height: number; readonly width: number }): RunLengths {
  if (Array.isArray(value)) {
    const rings = value.map((ring) => numbersOf(ring, '"segmentation"'));
    return maskOf({ kind: 'polygons', rings }, height, width);
  }
  if (!isFields(value))
    throw new WrongResult(said`"segmentation" is ${shown(value)}, neither run lengths nor polygons`);
  const [rows = 0, columns = 0] = numbersOf(value['size'], '"segmentation.size"', 2);
  if (rows !== height || columns !== width)
    throw new WrongResult(said`the mask is of ${columns} x ${rows} pixels, the image of ${width} x ${height}`);
  const counts = value['counts'];
  if (typeof counts === 'string') return expandRuns(counts, height, width);
  const runs = { height, width, counts: numbersOf(counts, '"segmentation.counts"') };
  checkRunLengths(runs);
  return runs;
}

function boxFrom(value: unknown): Box {
  const [left = 0, top = 0, width = 0, height = 0] = numbersOf(value, '"bbox"', 4);
  return [left, top, left + width, top + height];
}

/** @throws WrongResult that says which value is wrong, RangeError of a damaged mask */
function detectionFrom(
  value: unknown,
  names: CocoNames,
  classes: ReadonlyMap<number, number>,
): { readonly image: string; readonly detection: Detection } {
  if (!isFields(value)) throw new WrongResult(said`it is ${shown(value)}, not a detection`);
  const { image_id: id, category_id: category, score, bbox, segmentation } = value;
  if (typeof id !== 'number' && typeof id !== 'string')
    throw new WrongResult(said`"image_id" is ${shown(id)}, neither a number nor a text`);
  const image = names.images.get(String(id));
  if (!image)
    throw new WrongResult(said`image ${shown(id)} is none of the ${names.images.size} annotated images of this split`);
  const label = typeof category === 'number' ? classes.get(category) : undefined;
  if (label === undefined)
    throw new WrongResult(
      said`category ${shown(category)} is none of the data set's (${names.categories.slice(0, 5)}, …); ids of categories are those of the annotations, not positions in their list`,
    );
  if (typeof score !== 'number' || !Number.isFinite(score))
    throw new WrongResult(said`"score" is ${shown(score)}, not a number`);
  const mask = segmentation === undefined || segmentation === null ? null : maskFrom(segmentation, image);
  // An empty list stands for none: pycocotools reads it so.
  const hasBox = bbox !== undefined && !(Array.isArray(bbox) && bbox.length === 0);
  if (!hasBox && !mask) throw new WrongResult(said`it has neither "bbox" nor "segmentation"`);
  const box = hasBox ? boxFrom(bbox) : maskBox(mask!);
  return { image: String(id), detection: { class: label, score, box, ...(mask && { mask }) } };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new WrongResult(said`not JSON at "${quoted(text.trim().slice(0, 60))}"`);
  }
}

/**
 * Reads the entries of a result file one after the other.
 * @throws FaultError 'unreadable-file' with the file, the entry and the value
 */
export async function readResultEntries(path: string, take: (value: unknown) => void, pace: Pace): Promise<void> {
  const takeText = (text: string, entry: number): void => {
    try {
      take(parsed(text));
    } catch (error) {
      throw unreadableResults(path, said`entry ${entry}: ${reasonOfResult(error)}`);
    }
  };
  try {
    await readElements(path, takeText, pace);
  } catch (error) {
    if (error instanceof FaultError || isMissing(error)) throw error;
    if (!(error instanceof WrongDocument)) throw unreadableResults(path, reasonOfResult(error));
    throw unreadableResults(
      path,
      said`${error.reason}. COCO's results are a list of detections, [{"image_id", "category_id", "bbox", "score"}, …]; a file that begins with { holds annotations`,
    );
  }
}

/**
 * Anyone's results.
 * @throws FaultError 'unreadable-file' with the file, the entry and the value
 */
export async function readCocoResults(path: string, names: CocoNames, pace: Pace): Promise<DetectionStore> {
  const classes = new Map(names.categories.map((category, label) => [category, label]));
  const store = new DetectionStore();
  const take = (value: unknown): void => {
    const { image, detection } = detectionFrom(value, names, classes);
    store.add(image, detection);
  };
  await readResultEntries(path, take, pace);
  return store;
}
