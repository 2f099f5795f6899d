/** A split as it is browsed: all its images, also those that training leaves out, with their names and classes. */
import { join } from 'node:path';
import type { DataSource } from '../../protocol/run.ts';
import type { ObjectFilter } from '../../protocol/browse.ts';
import type { OpenDataset } from '../../recipe.ts';
import { nameOf, placeOf } from '../listing/image-table.ts';
import { reader } from '../listing/readers.ts';
import { locate } from '../loading/index-file.ts';
import { printable } from '../rejects.ts';
import { surveyObjects, type ObjectSurvey } from './object-survey.ts';

export interface OpenSplit {
  readonly split: string;
  readonly data: OpenDataset;
  /** As an inspection writes it. */
  nameOf(index: number): Promise<string>;
  /** The file that holds an image and whether that is an archive; null for a record of a data set's own file. */
  fileOf(index: number): { readonly path: string; readonly isArchived: boolean } | null;
  /** Numbers of the classes of an image. */
  classesOf(index: number): readonly number[];
  /** The images of a class, in order. */
  ofClass(number: number): Uint32Array;
  /** The images with such objects, in order. The first call reads every annotation of the split. */
  withObjects(filter: ObjectFilter): Promise<Uint32Array>;
  /** The images of these names, as an inspection writes them. */
  find(names: ReadonlySet<string>): Promise<ReadonlyMap<string, number>>;
}

export async function openSplit(source: DataSource, cacheFolder: string | null): Promise<OpenSplit> {
  const { dataset, path, split } = source;
  // A damaged index is made anew; nobody has to know.
  const found = await locate(source, { cacheFolder, notice: () => undefined });
  const data = await reader(dataset).open(path, split, { ...source, found });
  const [labels, presence] = await Promise.all([data.labels(), data.presence?.() ?? null]);
  const { count, classes } = data;
  // Records unpacked from archives have no table of names.
  const table = data.found?.images.count === count ? data.found.images : null;
  const nameAt = async (index: number): Promise<string> =>
    table === null ? (await data.sample(index)).name : printable(nameOf(table, index));
  const isOf = (index: number, number: number): boolean =>
    presence === null ? labels?.[index] === number : presence[index * classes.length + number] === 1;
  let survey: Promise<ObjectSurvey> | null = null;

  return {
    split,
    data,
    nameOf: nameAt,
    fileOf(index) {
      if (table === null) return null;
      const place = placeOf(table, index);
      return { path: join(path, place?.archive ?? nameOf(table, index)), isArchived: place !== null };
    },
    classesOf(index) {
      if (presence === null) return labels === null ? [] : [labels[index]!];
      return classes.flatMap((_, number) => (isOf(index, number) ? [number] : []));
    },
    ofClass(number) {
      const indexes = new Uint32Array(count);
      let used = 0;
      for (let index = 0; index < count; index++) if (isOf(index, number)) indexes[used++] = index;
      return indexes.slice(0, used);
    },
    async withObjects(filter) {
      survey ??= surveyObjects(data);
      return (await survey).imagesWith(filter);
    },
    async find(names) {
      const places = new Map<string, number>();
      for (let index = 0; index < count && places.size < names.size; index++) {
        const name = table === null ? await nameAt(index) : printable(nameOf(table, index));
        if (names.has(name)) places.set(name, index);
      }
      return places;
    },
  };
}
