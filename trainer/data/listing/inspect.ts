/** Inspects a folder picked by the user: finds its reader and scans, or reports what was expected and found. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, relative, resolve } from 'node:path';
import { FaultError } from '../../durable/fault-error.ts';
import { isMissing } from '../../durable/files.ts';
import type { Inspection } from '../../protocol/dataset.ts';
import type { InspectProgress, ScanOptions } from '../../recipe.ts';
import { findDatasets } from './find-datasets.ts';
import { splitInName } from './split-names.ts';
import { wrongFolder } from './inspection-findings.ts';
import { reasonOf } from '../unusable-image.ts';
import { reader, readers } from './readers.ts';
import { dataSetsIn } from './tree-plan.ts';
import { inEnglish, said } from '../../protocol/sentence.ts';

/** The order in which readers are tried. */
const byGenerality = [...readers].sort((a, b) => (a.generality ?? 0) - (b.generality ?? 0) || (a.id < b.id ? -1 : 1));

/** What most people have; the list of everything that is read follows. */
const commonLayouts = [
  said`a folder for each split, in it a folder for each class: train/cat/1.jpg, val/cat/2.jpg`,
  said`a folder for each class: cat/1.jpg, dog/2.jpg; a tenth becomes val`,
  said`pictures without classes, in one folder or in folders by date: for pretraining only`,
];

/** The folder to inspect: a file stands for its folder, and `train` for its parent if another split is next to it. */
async function folderMeant(path: string): Promise<string> {
  const folder = (await stat(path)).isDirectory() ? path : dirname(path);
  const own = splitInName(basename(folder));
  if (own === null) return folder;
  const beside = await readdir(dirname(folder), { withFileTypes: true });
  const hasOther = beside.some((entry) => {
    const other = entry.isFile() ? null : splitInName(entry.name);
    if (other === null || other.split === own.split) return false;
    return other.rest === own.rest || (other.isPlain && own.isPlain);
  });
  return hasOther ? dirname(folder) : folder;
}

/** `dataset`: the reader to use, or null for whichever recognises the folder. */
export async function inspectFolder(
  path: string,
  dataset: string | null,
  progress: InspectProgress,
  signal: AbortSignal,
  options: ScanOptions = {},
): Promise<Inspection> {
  const absolute = resolve(path);
  try {
    const folder = await folderMeant(absolute);
    const asked = dataset === null ? byGenerality : [reader(dataset)];
    const places = await findDatasets(absolute, folder, asked);
    if (places.length === 1) {
      const [{ reader: found, path: place }] = places as [(typeof places)[number]];
      return await found.inspect(place, progress, signal, options);
    }
    const expected = asked.flatMap((each) => each.expected);
    return await wrongFolder(
      folder,
      dataset === null ? [...commonLayouts, ...expected] : expected,
      places.length > 1 ? places.map((place) => relative(folder, place.path)) : dataSetsIn(folder),
    );
  } catch (error) {
    if (error instanceof FaultError || signal.aborted) throw error;
    const gone = isMissing(error);
    const reason = gone ? 'there is no such file or folder' : inEnglish(reasonOf(error));
    throw new FaultError(
      gone ? 'not-found' : 'read-failed',
      `${absolute}: ${reason}. Choose another folder.`,
      { path: absolute },
      { retry: 'choose-folder', cause: error },
    );
  }
}
