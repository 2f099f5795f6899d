/** Embeddings of any number of views, and which images batch norm sees together. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import type { StepContext, Tensors } from '../../recipe.ts';
import { count } from './option-schemas.ts';

/** What views pass through: images to representations, these to embeddings. */
export interface Passage {
  encode(images: Tensor, at: StepContext): Tensor;
  project(features: Tensor, at: StepContext): Tensor;
}

/** Options that say which images share the statistics of batch norm. */
export const normOptions = {
  /**
   * Views of one size that follow each other pass through the encoder as one batch, and all through the projector; otherwise
   * each passes through both by itself.
   */
  together: v.optional(v.boolean(), false),
  /**
   * Images whose statistics are taken together, as on each of several devices whose batch norms are not synchronised; 0: the
   * whole batch. The last group may be smaller.
   */
  normBatch: v.optional(count, 0),
};

export interface NormGroups {
  readonly together: boolean;
  readonly normBatch: number;
}

/** Consecutive views of one size. */
function runsOfOneSize(views: readonly Tensor[]): readonly (readonly Tensor[])[] {
  const runs: Tensor[][] = [];
  for (const view of views) {
    const run = runs.at(-1);
    if (run?.[0]?.shape[1] === view.shape[1]) run?.push(view);
    else runs.push([view]);
  }
  return runs;
}

const joined = (parts: readonly Tensor[]): Tensor => (parts.length === 1 ? parts[0]! : tf.concat([...parts]));
const parted = (whole: Tensor, parts: number): readonly Tensor[] => (parts === 1 ? [whole] : tf.split(whole, parts));

function embedded(views: readonly Tensor[], { encode, project }: Passage, together: boolean, at: StepContext) {
  if (!together) return views.map((images) => project(encode(images, at), at));
  const features = runsOfOneSize(views).map((run) => encode(joined(run), at));
  return parted(project(joined(features), at), views.length);
}

/**
 * `compute` on groups of `normBatch` rows of all views, joined again. Running statistics are those of the first group: PyTorch's
 * DistributedDataParallel gives every process those of the first.
 */
export function inNormGroups(
  views: readonly Tensor[],
  normBatch: number,
  at: StepContext,
  compute: (views: readonly Tensor[], at: StepContext) => readonly Tensor[],
): readonly Tensor[] {
  const rows = views[0]!.shape[0];
  if (normBatch === 0 || normBatch >= rows * (at.peers?.count ?? 1)) return compute(views, at);
  // The running statistics of the first group are on one device only.
  if (at.peers !== null)
    throw new Error(`Several devices cannot normalise groups of ${normBatch} images: choose 0, the whole batch.`);
  const silent: StepContext = { ...at, update: () => undefined };
  const groups = Array.from({ length: Math.ceil(rows / normBatch) }, (_, group) => {
    const start = group * normBatch;
    const size = Math.min(normBatch, rows - start);
    const own = views.map((view) => tf.slice(view, start, size));
    return compute(own, group === 0 ? at : silent);
  });
  return views.map((_, view) => tf.concat(groups.map((group) => group[view]!)));
}

/** `x` and `y` of the two full views, then `view2` and so on for the others. */
export function embeddedViews(
  views: readonly Tensor[],
  passage: Passage,
  { together, normBatch }: NormGroups,
  at: StepContext,
): Tensors {
  const names = views.map((_, place) => ['x', 'y'][place] ?? `view${place}`);
  const embeddings = inNormGroups(views, normBatch, at, (own, context) => embedded(own, passage, together, context));
  return Object.fromEntries(embeddings.map((embedding, place) => [names[place]!, embedding]));
}

/** The embeddings in the order of the views. */
export function inOrder({ x, y, ...others }: Tensors): readonly [Tensor, Tensor, ...Tensor[]] {
  const rest = Object.keys(others).length;
  return [x!, y!, ...Array.from({ length: rest }, (_, place) => others[`view${place + 2}`]!)];
}
