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
