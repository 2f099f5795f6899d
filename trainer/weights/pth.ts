/**
 * PyTorch's checkpoints (`torch.save` since 1.6): a zip archive whose entries are stored uncompressed: a pickle that
 * describes the contents, and a file of raw elements for every storage. The pickle is read as data (pickle.ts).
 */
import type { FileHandle } from 'node:fs/promises';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import {
  elementsOf,
  openedWith,
  sizeOf,
  unreadable,
  type ElementType,
  type StoredTensor,
  type WeightsFile,
} from './file.ts';
import { Dictionary, Foreign, Instance, Named, PickleError, type Value } from './pickle-values.ts';
import { readPickle } from './pickle.ts';

/** It holds names and shapes only: a few megabytes for a network of a billion weights. */
const longestPickle = 256 * 1024 ** 2;
const mostEntries = 200_000;
/** Limits on the nesting of dicts and lists and on their total size: a list may contain itself twice. */
const deepest = 64;
const mostValues = 5_000_000;

const storageTypes: Readonly<Record<string, ElementType>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

class Storage extends Foreign {
  readonly type: ElementType;
  /** Offset of its elements in the file. */
  readonly offset: number;
  readonly elements: number;
  constructor(type: ElementType, offset: number, elements: number) {
    super();
    this.type = type;
    this.offset = offset;
    this.elements = elements;
  }
}
class Tensor extends Foreign {
  readonly storage: Storage;
  /** First element, in elements of the storage. */
  readonly start: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  constructor(storage: Storage, start: number, shape: readonly number[], strides: readonly number[]) {
    super();
    this.storage = storage;
    this.start = start;
    this.shape = shape;
    this.strides = strides;
  }
}
const isNatural = (value: Value | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

interface Archive {
  readonly zip: ZipFile;
  readonly entries: ReadonlyMap<string, Entry>;
  /** Offset of an entry's bytes. */
  start(entry: Entry): Promise<number>;
}

async function openArchive(file: FileHandle, path: string): Promise<Archive> {
  const zip = await yauzl.fromFdPromise(file.fd, { lazyEntries: true, autoClose: false });
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) {
    if (entries.size >= mostEntries) throw unreadable(path, `it holds more than ${mostEntries} files`);
    if (entry.compressionMethod !== 0)
      throw unreadable(path, `${entry.fileName} in it is compressed, which PyTorch never does`);
    entries.set(entry.fileName, entry);
  }
  return { zip, entries, start: async (entry) => (await zip.readLocalFileHeaderPromise(entry)).fileDataStart };
}

/** Functions that a checkpoint's pickle may call. It may name anything else, but nothing else is run. */
function callsOf(path: string): ReadonlyMap<string, (values: readonly Value[]) => Value> {
  const tensor = (values: readonly Value[]): Value => {
    const [storage, start, shape, strides] = values;
    const naturals = (value: Value | undefined) => Array.isArray(value) && value.every(isNatural);
    if (!(storage instanceof Storage) || !isNatural(start) || !naturals(shape) || !naturals(strides))
      throw new PickleError('a tensor with an invalid description');
    const [sizes, steps] = [shape, strides];
    const elements = elementsOf(path, 'a tensor', sizes);
    const last = sizes.reduce((at, size, dimension) => at + (size - 1) * (steps[dimension] ?? Infinity), start);
    if (steps.length !== sizes.length || (elements > 0 && last >= storage.elements))
      throw new PickleError(
        `a tensor [${sizes.join(', ')}] that reaches beyond the ${storage.elements} elements of its storage`,
      );
    return new Tensor(storage, start, sizes, steps);
  };
  return new Map<string, (values: readonly Value[]) => Value>([
    ['collections.OrderedDict', () => new Dictionary()],
    ['torch._utils._rebuild_tensor_v2', tensor],
    ['torch._utils._rebuild_parameter', ([data]) => data ?? null],
    ['torch.Size', ([sizes]) => sizes ?? []],
    ['torch.device', ([name]) => name ?? null],
    // NumPy scalars, such as a best accuracy: discarded.
    ['numpy.core.multiarray.scalar', () => null],
    ['numpy._core.multiarray.scalar', () => null],
    ['numpy.dtype', () => null],
    ['_codecs.encode', () => null],
  ]);
}

async function persistentOf({ entries, start }: Archive, root: string): Promise<(id: Value) => Value> {
  // Looked up beforehand, because reading a pickle is synchronous.
  const places = new Map<string, { readonly offset: number; readonly bytes: number }>();
  for (const [name, entry] of entries) {
    if (!name.startsWith(`${root}data/`)) continue;
    places.set(name.slice(root.length + 5), { offset: await start(entry), bytes: entry.uncompressedSize });
  }
  return (id) => {
    const [word, of, key, , elements] = Array.isArray(id) ? id : [];
    const type = of instanceof Named && of.module === 'torch' ? storageTypes[of.name] : undefined;
    if (word !== 'storage' || typeof key !== 'string' || !isNatural(elements))
      throw new PickleError('a persistent value that is not a storage');
    if (type === undefined)
      throw new PickleError(`a storage of ${of instanceof Named ? of.full : 'no type'}, which is not a weight type`);
    const place = places.get(key);
    if (!place) throw new PickleError(`the storage ${key}, which is not in the archive`);
    if (elements * sizeOf(type) > place.bytes)
      throw new PickleError(`the storage ${key} of ${elements} elements, which has ${place.bytes} bytes`);
    return new Storage(type, place.offset, elements);
  };
}

/** Tensors of a nest of dicts and lists, by their keys joined with dots. */
function* tensorsIn(value: Value, name: string, depth: number, seen: { count: number }): Generator<StoredTensor> {
  if (depth > deepest) throw new PickleError(`dicts nested deeper than ${deepest}`);
  if (++seen.count > mostValues) throw new PickleError(`more than ${mostValues} values`);
  const below = (key: unknown): string => (name === '' ? String(key) : `${name}.${String(key)}`);
  if (value instanceof Tensor) {
    const { shape, strides, start } = value;
    const { type, offset } = value.storage;
    yield { name, type, shape, strides, offset: offset + start * sizeOf(type) };
  } else if (value instanceof Dictionary) {
    for (const [key, inner] of value.entries) {
      if (typeof key === 'string' || typeof key === 'number') yield* tensorsIn(inner, below(key), depth + 1, seen);
    }
  } else if (Array.isArray(value)) {
    for (const [at, inner] of value.entries()) yield* tensorsIn(inner, below(at), depth + 1, seen);
  } else if (value instanceof Instance) yield* tensorsIn(value.state, name, depth + 1, seen);
}

async function pickleOf(
  { zip, entries }: Archive,
  path: string,
): Promise<{ readonly root: string; readonly pickle: Buffer }> {
  const found = [...entries.values()].find(({ fileName }) => /^([^/]+\/)?data\.pkl$/.test(fileName));
  if (!found) {
    const why = entries.size === 0 ? 'it is an empty archive' : 'it is an archive without data.pkl';
    throw unreadable(path, `${why}; PyTorch's checkpoints have one`);
  }
  if (found.uncompressedSize > longestPickle)
    throw unreadable(path, `its pickle has ${found.uncompressedSize} bytes, more than the limit of ${longestPickle}`);
  const parts: Buffer[] = [];
  for await (const part of await zip.openReadStreamPromise(found)) parts.push(part as Buffer);
  return { root: found.fileName.slice(0, -'data.pkl'.length), pickle: Buffer.concat(parts) };
}

async function tensorsOf(file: FileHandle, path: string): Promise<readonly StoredTensor[]> {
  const archive = await openArchive(file, path);
  const { root, pickle } = await pickleOf(archive, path);
  const order = archive.entries.get(`${root}byteorder`);
  if (order && order.uncompressedSize !== 'little'.length)
    throw unreadable(path, 'it was written on a big-endian machine');
  const persistent = await persistentOf(archive, root);
  return [...tensorsIn(readPickle(pickle, { calls: callsOf(path), persistent }), '', 0, { count: 0 })];
}

/** Turns the errors that a damaged or hostile archive causes into a fault. */
function reasonedFrom(path: string, error: unknown): unknown {
  if (error instanceof PickleError) return unreadable(path, `its pickle is not valid: ${error.message}`);
  // yauzl's own errors describe the problem with the archive.
  return error instanceof Error && error.constructor === Error ? unreadable(path, error.message) : error;
}

/** @throws 'unreadable-file' with the reason */
export const openPth = (path: string): Promise<WeightsFile> =>
  openedWith(path, 'pth', (file) =>
    tensorsOf(file, path).catch((error: unknown) => {
      throw reasonedFrom(path, error);
    }),
  );
