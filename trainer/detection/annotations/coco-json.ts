/**
 * Annotations in COCO's form (https://cocodataset.org/#format-data), as COCO and many programs write them: lists of images,
 * annotations and categories, in any order.
 */
import { UnusableImage } from '../../data/unusable-image.ts';
import { boxArea, type Box } from '../boxes.ts';
import { crowdFlag, startColumns, type ObjectColumns, type StatedImage } from '../object-table.ts';
import type { ObjectProblem } from '../../protocol/objects.ts';
import { said } from '../../protocol/sentence.ts';
import type { RunLengths, Segmentation } from '../objects.ts';
import { noMask, startMasks, type MaskBlocks } from '../packed-masks.ts';
import { decompressedCounts } from './compressed-counts.ts';
import { readElements, type Pace } from './json-elements.ts';
import {
  disagrees,
  judgedBox,
  judgedRings,
  maskArea,
  startFormCheck,
  startProblems,
  type Problems,
} from './problems.ts';

export interface CocoImage extends StatedImage {
  /** As in the file: a name, a path, or an address. */
  readonly name: string;
}

export interface CocoCategory {
  readonly id: string;
  readonly name: string;
  readonly parent: string;
}

export interface CocoAnnotations {
  /** In the order of the file, each id once. */
  readonly images: readonly CocoImage[];
  /** In the order of their ids, as numbers where they are. */
  readonly categories: readonly CocoCategory[];
  /** `image` and `class` are indices into these; an object that cannot be used has the image -1. */
  readonly columns: ObjectColumns;
  readonly blocks: MaskBlocks;
  /** Ids of the categories that annotations name. */
  readonly used: ReadonlySet<string>;
  readonly problems: readonly ObjectProblem[];
}

type Fields = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Ids are numbers or texts, and 9 and "9" are one. */
const idOf = (value: unknown): string => (typeof value === 'number' || typeof value === 'string' ? String(value) : '');

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}

function sizeOf(value: unknown): number {
  const size = numberOf(value);
  return Number.isInteger(size) && size > 0 && size < 2 ** 31 ? size : 0;
}

/** Not finite where it is no list of four numbers. */
function numbersOf(value: unknown): Box {
  const four: readonly unknown[] = Array.isArray(value) && value.length === 4 ? value : [];
  return [numberOf(four[0]), numberOf(four[1]), numberOf(four[2]), numberOf(four[3])];
}

/** Numbers for texts, in the order in which they are met. */
class Numbers {
  readonly #known = new Map<string, number>();
  of(text: string): number {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    this.#known.set(text, this.#known.size);
    return this.#known.size - 1;
  }
  texts(): readonly string[] {
    return [...this.#known.keys()];
  }
}

type Tell = (kind: Parameters<Problems['add']>[0]) => void;

function runLengthsOf({ counts, size }: Fields, tell: Tell): RunLengths | null {
  const refuse = (): null => {
    tell('run-lengths');
    return null;
  };
  const [height = 0, width = 0] = Array.isArray(size) ? size.map(sizeOf) : [];
  try {
    const runs =
      typeof counts === 'string' ? decompressedCounts(counts) : Array.isArray(counts) ? counts.map(numberOf) : [];
    const isWhole = runs.every((run) => Number.isInteger(run) && run >= 0);
    const covered = runs.reduce((sum, run) => sum + run, 0);
    if (!isWhole || covered === 0 || covered !== height * width) return refuse();
    return { height, width, counts: runs };
  } catch (error) {
    if (error instanceof UnusableImage) return refuse();
    throw error;
  }
}

/** A list of rings, one ring that is not in a list, or run lengths. */
function maskOf(value: unknown, tell: Tell): Segmentation | null {
  if (isRecord(value)) {
    const runs = runLengthsOf(value, tell);
    return runs && { kind: 'run-lengths', ...runs };
  }
  if (!Array.isArray(value) || value.length === 0) return null;
  const rings: readonly unknown[] = Array.isArray(value[0]) ? value : [value];
  return judgedRings(
    rings.map((ring) => (Array.isArray(ring) ? ring.map(numberOf) : [])),
    tell,
  );
}

/** The box around a mask, as [left, top, width, height], for annotations that state none. */
function boxAround(mask: Segmentation | null): Box {
  if (mask?.kind !== 'polygons') return numbersOf(null);
  const edge = (axis: number, most: (...values: number[]) => number) =>
    most(...mask.rings.map((ring) => ring.filter((_, at) => at % 2 === axis).reduce((one, other) => most(one, other))));
  const [left, top] = [edge(0, Math.min), edge(1, Math.min)];
  return [left, top, edge(0, Math.max) - left, edge(1, Math.max) - top];
}

/** Gathers what a file says, before it is known what it refers to. */
function startReading() {
  const columns = startColumns();
  const masks = startMasks();
  const problems = startProblems();
  const imageIds = new Numbers();
  const categoryIds = new Numbers();
  const images = new Map<string, CocoImage>();
  const categories = new Map<string, CocoCategory>();
  return {
    gathered: { columns, masks, problems, imageIds, categoryIds, images, categories },
    image(value: unknown): void {
      const fields = isRecord(value) ? value : {};
      const id = idOf(fields['id']);
      const name = textOf(fields['file_name']) || textOf(fields['coco_url']);
      if (id === '' || name === '') throw new UnusableImage(said`it lists an image without an id or a file name`);
      if (images.has(id)) problems.add('repeated-image', id);
      else images.set(id, { id, name, width: sizeOf(fields['width']), height: sizeOf(fields['height']) });
    },
    category(value: unknown): void {
      const fields = isRecord(value) ? value : {};
      const id = idOf(fields['id']);
      const name = textOf(fields['name']).trim();
      if (id === '' || name === '') throw new UnusableImage(said`it lists a category without an id or a name`);
      if (!categories.has(id)) categories.set(id, { id, name, parent: textOf(fields['supercategory']).trim() });
    },
    annotation(value: unknown): void {
      const fields = isRecord(value) ? value : {};
      const image = idOf(fields['image_id']);
      const tell: Tell = (kind) => problems.add(kind, image);
      const mask = maskOf(fields['segmentation'], tell);
      const numbers = fields['bbox'] === undefined ? boxAround(mask) : numbersOf(fields['bbox']);
      const stated = numberOf(fields['area']);
      const ofMask = mask && maskArea(mask);
      if (ofMask !== null && stated > 0 && disagrees(stated, ofMask)) tell('area');
      columns.image.push(imageIds.of(image));
      columns.class.push(categoryIds.of(idOf(fields['category_id'])));
      columns.boxes.push(...numbers);
      columns.areas.push(stated > 0 && Number.isFinite(stated) ? stated : (ofMask ?? Number.NaN));
      columns.flags.push(numberOf(fields['iscrowd']) === 1 || fields['iscrowd'] === true ? crowdFlag : 0);
      columns.masks.push(mask === null ? noMask : masks.write(mask));
    },
  };
}

type Gathered = ReturnType<typeof startReading>['gathered'];

const byId = (one: CocoCategory, other: CocoCategory): number => {
  const [a, b] = [Number(one.id), Number(other.id)];
  return Number.isFinite(a) && Number.isFinite(b) ? a - b : one.id < other.id ? -1 : 1;
};

/** The same problems with the names of pictures in place of their ids. */
function named(problems: Problems, images: ReadonlyMap<string, CocoImage>): Problems {
  const byName = startProblems();
  for (const { examples, ...problem } of problems.list())
    byName.include({ ...problem, examples: examples.map((id) => images.get(id)?.name ?? id) });
  return byName;
}

/** Looks up what each annotation refers to, and judges its box, which needs the size of the picture. */
async function resolve({ columns, masks, ...known }: Gathered, pace: Pace): Promise<CocoAnnotations> {
  const problems = named(known.problems, known.images);
  const images = [...known.images.values()];
  const categories = [...known.categories.values()].sort(byId);
  const imageAt = new Map(images.map(({ id }, index) => [id, index]));
  const categoryAt = new Map(categories.map(({ id }, index) => [id, index]));
  const imageIds = known.imageIds.texts();
  const imageOf = imageIds.map((id) => imageAt.get(id) ?? -1);
  const classOf = known.categoryIds.texts().map((id) => categoryAt.get(id) ?? -1);
  const check = startFormCheck('size');
  const { image, class: label, boxes, areas } = columns;
  for (let at = 0; at < image.length; at++) {
    if (pace.due()) await pace.next(at, image.length);
    const id = image[at]!;
    const kind = classOf[label[at]!]!;
    const where = images[imageOf[id]!];
    image[at] = -1;
    if (where === undefined) {
      problems.add('unknown-image', imageIds[id]!);
      continue;
    }
    if (kind < 0) {
      problems.add('unknown-class', where.name);
      continue;
    }
    const numbers = numbersOf(boxes.slice(at * 4, at * 4 + 4));
    check.see(numbers, where);
    const [left, top, width, height] = numbers;
    const box = judgedBox([left, top, left + width, top + height], where, (which) => problems.add(which, where.name));
    if (box === null) continue;
    image[at] = imageOf[id]!;
    label[at] = kind;
    for (let side = 0; side < 4; side++) boxes[at * 4 + side] = box[side]!;
    if (Number.isNaN(areas[at])) areas[at] = boxArea(box);
  }
  const suspicion = check.conclude();
  if (suspicion !== null) problems.add(suspicion, images[0]?.name ?? '');
  const used = new Set(known.categoryIds.texts());
  return { images, categories, columns, blocks: masks.blocks(), used, problems: problems.list() };
}

/** @throws UnusableImage if it is no such file */
export async function readCocoJson(path: string, pace: Pace): Promise<CocoAnnotations> {
  const { gathered, image, category, annotation } = startReading();
  const lists = { images: image, categories: category, annotations: annotation };
  const found = await readElements(path, lists, pace);
  const missing = Object.keys(lists).filter((name) => !found.has(name));
  if (missing.length > 0)
    throw new UnusableImage(
      said`not in COCO's annotation format, which has the lists ${Object.keys(lists)}; missing: ${missing}`,
    );
  return resolve(gathered, pace);
}

/** A category of which others are kinds, and of which a program says that it is of none: Roboflow writes one into every file. */
function isParent({ name, parent }: CocoCategory, all: readonly CocoCategory[]): boolean {
  return (parent === '' || parent === 'none') && all.some((other) => other.parent === name && other.name !== name);
}

/** The categories of a file, without what else it says. */
export async function readCocoCategories(
  path: string,
  pace: Pace,
): Promise<Pick<CocoAnnotations, 'categories' | 'used'>> {
  const { gathered, category } = startReading();
  await readElements(path, { categories: category }, pace);
  const categories = [...gathered.categories.values()].sort(byId);
  const used = new Set<string>();
  if (categories.some((each) => isParent(each, categories))) {
    const note = (value: unknown) => void used.add(isRecord(value) ? idOf(value['category_id']) : '');
    await readElements(path, { annotations: note }, pace);
  }
  return { categories, used };
}

/** Names of the classes of files that belong together, by the ids of the first: a parent that no object is of is none. */
export function cocoClasses(files: readonly Pick<CocoAnnotations, 'categories' | 'used'>[]): readonly string[] {
  const isUsed = (name: string) =>
    files.some(({ categories, used }) => categories.some((each) => each.name === name && used.has(each.id)));
  return [
    ...new Set(
      files.flatMap(({ categories }) =>
        categories.flatMap((each) => (isParent(each, categories) && !isUsed(each.name) ? [] : [each.name])),
      ),
    ),
  ];
}
