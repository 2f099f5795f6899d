/** Part of a split, as evaluations with few labels are given. */
import { FaultError } from '../fault.ts';
import type { DataSource, Subset } from '../protocol/run.ts';
import { keyed } from '../random.ts';
import type { OpenDataset } from '../recipe.ts';

/** Places of the chosen samples, in order: of every class its share, rounded, but one at least. */
export function chosenBy({ share, seed }: Subset, labels: Int32Array): Int32Array {
  const byClass = new Map<number, number[]>();
  labels.forEach((label, place) => {
    const known = byClass.get(label);
    if (known) known.push(place);
    else byClass.set(label, [place]);
  });
  const chosen = [...byClass].flatMap(([label, places]) => {
    const order = keyed(seed, 'subset', label).permutation(places.length);
    return [...order.subarray(0, Math.max(1, Math.round(share * places.length)))].map((at) => places[at]!);
  });
  return Int32Array.from(chosen).sort();
}

/** The same data set with the chosen samples alone. Closing it closes `whole`. */
export async function partOf(whole: OpenDataset, subset: Subset, { path, split }: DataSource): Promise<OpenDataset> {
  const labels = await whole.labels();
  if (!labels) {
    await whole.close();
    throw new FaultError(
      'wrong-folder',
      `The split "${split}" of ${path} has no labels, so no share of each class can be taken: choose a labelled split.`,
      { path, split },
    );
  }
  const chosen = chosenBy(subset, labels);
  return {
    ...whole,
    count: chosen.length,
    labels: () => Promise.resolve(Int32Array.from(chosen, (place) => labels[place]!)),
    sample: (index) => whole.sample(chosen[index]!),
  };
}
