/** The name that a data set gets unless a person gives another. */
import type { Inspection } from '../../trainer/protocol/dataset.ts';

/** Readers of files of any contents: their own title says nothing of the data. */
const titlesOfAny: Readonly<Record<string, string>> = {
  'image-folder': 'Image folder',
  parquet: 'Parquet',
  webdataset: 'WebDataset',
  idx: 'IDX images',
};

/** What it is, by which papers call it too; of a folder of anything, the folder's name. */
export function suggestedName({ dataset, title, path }: Pick<Inspection, 'dataset' | 'title' | 'path'>): string {
  const isKnown = title !== '' && title !== titlesOfAny[dataset ?? ''];
  const folder = path
    .replace(/[\\/]+$/, '')
    .split(/[\\/]/)
    .at(-1);
  return isKnown ? title : folder || title;
}

/** As the papers' cells spell names: `Fashion-MNIST` is `fashion-mnist`. */
export const spelledName = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replace(/[\s_]+/g, '-');

/** Data sets by fingerprint, with what they are called in lists of runs: by their name, or what the program brings along as papers do. */
export function namesInLists(
  datasets: readonly { readonly fingerprint: string; readonly name: string; readonly builtIn: boolean }[],
): ReadonlyMap<string, string> {
  return new Map(
    datasets.map(({ fingerprint, name, builtIn }) => [fingerprint, builtIn ? spelledName(name) : name]),
  );
}
