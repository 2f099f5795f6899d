/**
 * PyTorch's checkpoints (`torch.save` since 1.6): a zip archive whose entries are stored uncompressed: a pickle that
 * describes the contents, and a file of raw elements for every storage. The pickle is read as data (pickle.ts).
 * TorchScript's archives are alike; their code is left alone.
 */
import type { FileHandle } from 'node:fs/promises';
import { openArchive, type Archive } from './archive.ts';
import { bytesOfEntry, openedWith, unreadable, type ArchiveEntry, type Contents, type WeightsFile } from './file.ts';
import { archiveOfOthers } from './other-programs.ts';
import { PickleError } from './pickle-values.ts';
import { readPickle } from './pickle.ts';
import { tensorsIn, type PlaceOf } from './tensors-in.ts';
import { storageOf, torchCalls, type Storage } from './torch-values.ts';

/** It holds names and shapes only: a few megabytes for a network of a billion weights. */
const longestPickle = 256 * 1024 ** 2;
const pickleName = 'data.pkl';

async function pickleOf(
  file: FileHandle,
  path: string,
  archive: Archive,
): Promise<{ readonly root: string; readonly pickle: Buffer }> {
  const { names } = archive;
  const name = names.find((one) => /^([^/]+\/)?data\.pkl$/.test(one));
  if (name === undefined) throw unreadable(path, archiveOfOthers(names));
  const entry = archive.place(name)!;
  if (entry.bytes > longestPickle)
    throw unreadable(path, `its pickle has ${entry.bytes} bytes, more than the limit of ${longestPickle}`);
  return { root: name.slice(0, -pickleName.length), pickle: await bytesOfEntry(file, path, entry) };
}

/** Finds the storages of an archive; several tensors share one. */
function placesIn(archive: Archive, root: string): PlaceOf {
  const found = new Map<string, ArchiveEntry>();
  return ({ key, first, elements, elementBytes }: Storage) => {
    const entry = found.get(key) ?? archive.place(`${root}data/${key}`);
    if (!entry) throw new PickleError(`the storage ${key}, which is not in the archive`);
    found.set(key, entry);
    if ((first + elements) * elementBytes > entry.bytes)
      throw new PickleError(`the storage ${key} of ${elements} elements, which has ${entry.bytes} bytes`);
    return { offset: entry.offset, entry };
  };
}

async function contentsOf(file: FileHandle, path: string): Promise<Contents> {
  const archive = await openArchive(file, (what) => unreadable(path, what));
  const { root, pickle } = await pickleOf(file, path, archive);
  const order = archive.bytesOf(`${root}byteorder`);
  if (order !== null && order !== 'little'.length) throw unreadable(path, 'it was written on a big-endian machine');
  const value = readPickle(pickle, { calls: torchCalls(path), persistent: storageOf });
  return tensorsIn(value, placesIn(archive, root));
}

/** Lists with `list`, whose errors about a pickle become faults of the file. */
export const openPickled = (path: string, list: (file: FileHandle) => Promise<Contents>): Promise<WeightsFile> =>
  openedWith(path, 'pth', (file) =>
    list(file).catch((error: unknown) => {
      throw error instanceof PickleError ? unreadable(path, `its pickle is not valid: ${error.message}`) : error;
    }),
  );

/** @throws 'unreadable-file' with the reason */
export const openPth = (path: string): Promise<WeightsFile> => openPickled(path, (file) => contentsOf(file, path));
