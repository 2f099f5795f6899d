/**
 * Finds the data set that a person means by a path: the folder itself, an archive, or a folder above it, such as the
 * root that torchvision or Keras downloads to.
 */
import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { DatasetRecipe } from '../../recipe.ts';
import { firstNames } from '../formats/archive.ts';
import { foldersIn, hasPictures, peek } from './folder-walk.ts';
import { splitInName } from './split-names.ts';

export interface DatasetPlace {
  readonly reader: DatasetRecipe;
  readonly path: string;
}

/** Folders looked at below the one that was chosen, and how deep: caches are shallow, and a home is large. */
const mostFolders = 64;
const deepest = 4;
/** Archives looked at in a folder. */
const mostArchives = 16;

/** Keras names the files it downloads "…_archive". */
const archiveName = /(\.tar|\.tar\.gz|\.tgz|_archive)$/;

async function firstReader(path: string, readers: readonly DatasetRecipe[]): Promise<DatasetRecipe | null> {
  for (const reader of readers) if (await reader.recognises(path)) return reader;
  return null;
}

async function archivesIn(folder: string, readers: readonly DatasetRecipe[]): Promise<readonly DatasetPlace[]> {
  const places: DatasetPlace[] = [];
  const archives = peek(folder, '').filter(
    ({ name, kind }) => kind !== 'folder' && !name.startsWith('.') && archiveName.test(name),
  );
  for (const { name } of archives.slice(0, mostArchives)) {
    const path = join(folder, name);
    const reader = await firstReader(path, readers);
    if (reader) places.push({ reader, path });
  }
  return places;
}

/** The archives without those whose folder lies unpacked among the places. */
async function packedOnly(
  archives: readonly DatasetPlace[],
  places: readonly DatasetPlace[],
): Promise<readonly DatasetPlace[]> {
  const packed: DatasetPlace[] = [];
  for (const archive of archives) {
    const folders = new Set((await firstNames(archive.path)).map((name) => name.split('/')[0]!));
    const isUnpacked = places.some(({ reader, path }) => reader === archive.reader && folders.has(basename(path)));
    if (!isUnpacked) packed.push(archive);
  }
  return packed;
}

/**
 * Data sets below a folder, and archives in it; none if it has pictures or splits of its own. What lies inside a data
 * set is not looked at.
 */
async function placesBelow(root: string, readers: readonly DatasetRecipe[]): Promise<readonly DatasetPlace[]> {
  const unpackers = readers.filter(({ archives }) => archives === true);
  const places: DatasetPlace[] = [];
  const archives: DatasetPlace[] = [];
  const queue = [{ folder: root, depth: 0 }];
  let looked = 0;
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { folder, depth } = next;
    if (depth < 2 && hasPictures(folder, '')) return [];
    const folders = foldersIn(folder, '');
    if (depth === 0 && folders.some(({ name }) => splitInName(name) !== null)) return [];
    archives.push(...(await archivesIn(folder, unpackers)));
    for (const { name } of folders) {
      if (++looked > mostFolders) break;
      const path = join(folder, name);
      const reader = peek(path, '').length === 0 ? null : await firstReader(path, readers);
      if (reader) places.push({ reader, path });
      else if (depth + 1 < deepest) queue.push({ folder: path, depth: depth + 1 });
    }
  }
  return [...places, ...(await packedOnly(archives, places))];
}

/**
 * @param path chosen by a person, perhaps a file
 * @param folder the folder it stands for, if it is not an archive
 * @param readers in the order in which they are tried
 * @returns more than one place if the choice is the person's
 */
export async function findDatasets(
  path: string,
  folder: string,
  readers: readonly DatasetRecipe[],
): Promise<readonly DatasetPlace[]> {
  if (statSync(path).isFile()) {
    const reader = await firstReader(
      path,
      readers.filter(({ archives }) => archives === true),
    );
    if (reader) return [{ reader, path }];
  }
  const special = readers.filter(({ generality = 0 }) => generality < 2);
  const reader = await firstReader(folder, special);
  if (reader) return [{ reader, path: folder }];
  // Archives and folders of any pictures are everywhere: only readers that know what they look for are asked.
  const below = await placesBelow(
    folder,
    readers.filter(({ generality = 0 }) => generality === 0),
  );
  if (below.length > 0) return below;
  const general = await firstReader(
    folder,
    readers.filter((each) => !special.includes(each)),
  );
  return general ? [{ reader: general, path: folder }] : [];
}
