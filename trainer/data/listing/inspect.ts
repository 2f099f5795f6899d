/** Inspects a folder picked by the user: finds its reader and scans, or reports what was expected and found. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, relative, resolve } from 'node:path';
import { FaultError } from '../../durable/fault-error.ts';
import { isMissing } from '../../durable/files.ts';
import type { Inspection } from '../../protocol/dataset.ts';
import type { InspectProgress } from '../../recipe.ts';
import { splitNamed } from './class-folders.ts';
import { findDatasets } from './find-datasets.ts';
import { wrongFolder } from './inspection-findings.ts';
import { reasonOf } from '../unusable-image.ts';
import { reader, readers } from './readers.ts';

/** The order in which readers are tried. */
const byGenerality = [...readers].sort((a, b) => (a.generality ?? 0) - (b.generality ?? 0) || (a.id < b.id ? -1 : 1));

/** The folder to inspect: a file stands for its folder, and `train` for its parent if another split is next to it. */
async function folderMeant(path: string): Promise<string> {
  const folder = (await stat(path)).isDirectory() ? path : dirname(path);
  const own = splitNamed(basename(folder));
  if (own === null) return folder;
  const beside = await readdir(dirname(folder), { withFileTypes: true });
  const hasOther = beside.some((entry) => {
    const other = entry.isFile() ? null : splitNamed(entry.name);
    return other !== null && other !== own;
  });
  return hasOther ? dirname(folder) : folder;
}

/** `dataset`: the reader to use, or null for whichever recognises the folder. `contents`: as in a reader's `inspect`. */
export async function inspectFolder(
  path: string,
  dataset: string | null,
  progress: InspectProgress,
  signal: AbortSignal,
  contents = false,
): Promise<Inspection> {
  const absolute = resolve(path);
  try {
    const folder = await folderMeant(absolute);
    const asked = dataset === null ? byGenerality : [reader(dataset)];
    const places = await findDatasets(absolute, folder, asked);
    if (places.length === 1) return await places[0]!.reader.inspect(places[0]!.path, progress, signal, contents);
    const several = places.map((place) => relative(folder, place.path));
    return await wrongFolder(
      folder,
      asked.flatMap((each) => each.expected),
      several,
    );
  } catch (error) {
    if (error instanceof FaultError || signal.aborted) throw error;
    const gone = isMissing(error);
    const reason = gone ? 'there is no such file or folder' : reasonOf(error);
    throw new FaultError(
      gone ? 'not-found' : 'read-failed',
      `${absolute}: ${reason}. Choose another folder.`,
      { path: absolute },
      { retry: 'choose-folder', cause: error },
    );
  }
}
