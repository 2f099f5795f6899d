/** Ground truth of a split: labels or presences, as the evaluator requires, without the images. */
import { openData } from '../data/loading/open-data.ts';
import type { Located } from '../data/listing/image-table.ts';
import { FaultError } from '../durable/fault-error.ts';
import type { EvaluateConfig } from '../protocol/run.ts';
import type { EvaluatorRecipe, FeatureSet } from '../recipe.ts';

export interface Truth {
  /** One class per image, shape [images]; -1 if unknown. */
  readonly labels: Int32Array;
  /** Presence of each class in each image, shape [images, classes]; only if the evaluator requires it. */
  readonly presence?: Int8Array;
  /** Names of the classes. */
  readonly names: readonly string[];
}

/** Ground truth of a split that is not read. */
export const untold: Truth = { labels: new Int32Array(0), names: [] };

/** Counts the classes. @throws FaultError `wrong-folder` if the two splits have different classes */
export function classesOf(train: Truth, test: Truth, config: EvaluateConfig): number {
  const [own, tested] = [train.names.length, test.names.length];
  if (own === tested && own > 0) return own;
  throw new FaultError(
    'wrong-folder',
    `The training split has ${own} classes, the test split ${tested}: they must be the same data set.`,
    { train: config.train.path, test: config.test.path },
  );
}

/** Loads the labels the evaluator needs. @throws FaultError `wrong-folder`, with a suggestion, for a split without them */
export async function truthOf({ data, found }: Located, recipe: EvaluatorRecipe): Promise<Truth> {
  const { title, targets = 'class' } = recipe;
  const opened = await openData(data, found);
  try {
    const [labels, presence] = [await opened.labels(), (await opened.presence?.()) ?? null];
    const names = opened.classes;
    const unknown = new Int32Array(opened.count).fill(-1);
    if (targets === 'none') return { labels: unknown, names: [] };
    if (targets === 'class' && labels) return { labels, names };
    if (targets === 'presence' && presence) return { labels: unknown, presence, names };
    if (targets === 'objects' && opened.objects) return { labels: unknown, names };
    const why =
      targets === 'objects'
        ? 'needs boxes around objects, such as PASCAL VOC and COCO have, but here are none'
        : targets === 'presence'
          ? 'needs images with several classes, such as PASCAL VOC; here each image has at most one'
          : presence
            ? 'needs one class per image, but here an image may show several: use the linear SVM'
            : 'needs labels, but there are none';
    const text = `${title} ${why} (split "${data.split}" of ${data.path}).`;
    throw new FaultError('wrong-folder', text, { path: data.path, split: data.split });
  } finally {
    await opened.close();
  }
}

/** A feature set of the labels alone, with no columns: for a split whose features are not kept. */
export const withoutValues = ({ labels }: Truth): FeatureSet => ({
  rows: labels.length,
  columns: 0,
  values: new Float32Array(0),
  labels,
});
