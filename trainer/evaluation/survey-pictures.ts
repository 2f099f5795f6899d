/** Pictures with objects, opened, and what must be known of them before a detector learns from them. */
import type { Located } from '../data/listing/image-table.ts';
import { openData } from '../data/loading/open-data.ts';
import { whenThere } from '../data/loading/when-reached.ts';
import { BoxCensus, type DetectorFacts } from '../detection/diagnosis.ts';
import type { AnnotatedImage } from '../detection/objects.ts';
import { isLearned } from '../detection/pictures/shown-objects.ts';
import { FaultError } from '../durable/fault-error.ts';
import type { OpenDataset } from '../recipe.ts';
import type { EvaluationScope } from './evaluation-scope.ts';

export type Pictures = OpenDataset & Required<Pick<OpenDataset, 'objects'>>;

/** Opens pictures while something is learned about them. @throws FaultError `wrong-folder` for a split without boxes */
export async function lookAtPictures<T>(
  { data: source, found }: Located,
  { context, recipe: { title } }: EvaluationScope,
  look: (pictures: Pictures) => Promise<T>,
): Promise<T> {
  const data = await whenThere(() => openData(source, found), source.path, context.reach);
  try {
    if (data.objects) return await look(data as Pictures);
    const text = `${title} needs boxes around objects, such as PASCAL VOC and COCO have; ${source.path} has none.`;
    throw new FaultError('wrong-folder', text, { path: source.path });
  } finally {
    await data.close();
  }
}

/** All that is annotated in the pictures to be measured on, called by their ids, or by their files where ids repeat. */
export async function annotated(data: Pictures): Promise<readonly AnnotatedImage[]> {
  const images: AnnotatedImage[] = [];
  for (let picture = 0; picture < data.count; picture++) images.push(await data.objects(picture));
  const ids = new Set(images.map(({ id }) => id));
  const isKnown = ids.size === images.length && !ids.has('');
  return isKnown ? images : images.map((image) => ({ ...image, id: image.file }));
}

/** Numbers by which result files know the classes: those of the data set's own file, or 1, 2, 3, … */
export function categoriesOf({ classes, found }: Pick<OpenDataset, 'classes' | 'found'>): readonly number[] {
  const own = found?.objects?.table.categoryIds ?? [];
  const isNumbered = own.length === classes.length && own.every((id) => /^\d{1,15}$/.test(id));
  const numbers = own.map(Number);
  return isNumbered && new Set(numbers).size === numbers.length ? numbers : classes.map((_, label) => label + 1);
}

export interface Survey {
  /** Numbers of the pictures that have an object to learn. */
  readonly pictures: Int32Array;
  isWide(picture: number): boolean;
  /** By the number of the picture. */
  readonly names: readonly string[];
  /** The most objects in one picture. */
  readonly most: number;
  readonly boxes: Pick<DetectorFacts, 'shareBelowPixel' | 'shareMisplaced'>;
  /** Classes that have an object to learn. */
  readonly classes: ReadonlySet<number>;
}

export async function surveyed(data: Pictures): Promise<Survey> {
  const pictures: number[] = [];
  const names: string[] = [];
  const wide = new Uint8Array(data.count);
  const census = new BoxCensus();
  const classes = new Set<number>();
  let most = 0;
  for (let picture = 0; picture < data.count; picture++) {
    const { file, objects, width, height } = await data.objects(picture);
    const learned = objects.filter(isLearned);
    if (learned.length > 0) pictures.push(picture);
    for (const object of learned) {
      census.add(object.box, width, height);
      classes.add(object.class);
    }
    names.push(file);
    wide[picture] = width > height ? 1 : 0;
    most = Math.max(most, learned.length);
  }
  return {
    pictures: Int32Array.from(pictures),
    isWide: (picture) => wide[picture] === 1,
    names,
    most,
    boxes: census.shares,
    classes,
  };
}

/** Names of the classes of objects to be found that no picture to learn from has. */
export function unseenClasses(
  tested: readonly AnnotatedImage[],
  { classes }: Survey,
  names: readonly string[],
): readonly string[] {
  const wanted = new Set(tested.flatMap(({ objects }) => objects.map((object) => object.class)));
  return [...wanted].filter((one) => !classes.has(one)).map((one) => names[one] ?? String(one));
}
