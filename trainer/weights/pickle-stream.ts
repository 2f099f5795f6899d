/**
 * Files that begin with a pickle: those of `torch.save` before PyTorch 1.6, in which pickles and then the storages'
 * elements follow each other, and single pickles of dicts of arrays (detectron2) or of tensors.
 */
import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { unreadable, type Contents, type WeightsFile } from './file.ts';
import { PickleBytes } from './pickle-bytes.ts';
import type { Meanings } from './pickle-machine.ts';
import { treeOfOthers } from './other-programs.ts';
import { Dictionary, keyOf, PickleEnd, PickleError, type Value } from './pickle-values.ts';
import { readPickleAt } from './pickle.ts';
import { openPickled } from './pth.ts';
import { tensorsIn, type PlaceOf } from './tensors-in.ts';
import { Storage, storageOf, torchCalls } from './torch-values.ts';

/** First pickle of a file of `torch.save`. */
const magic = 0x1950a86a20f9469cfc6cn;
/** A pickle is read whole: one of arrays has the size of its network. */
export const longestPickle = 512 * 1024 ** 2 - 1024;
/** Lengths tried, one after the other: that of the pickle is known only at its end. */
const firstLength = 1024 ** 2;
const growth = 16;

/** Elements of a storage, as bytes `offset` to `offset + bytes` of what the stream was read from. */
interface Place {
  readonly offset: number;
  readonly bytes: number;
}
type Places = ReadonlyMap<string, Place>;

/** Whether a file is from a big-endian machine, by the third of its pickles. */
const isBigEndian = (system: Value): boolean =>
  system instanceof Dictionary && system.entries.some(([key, value]) => key === 'little_endian' && value === false);

interface Pickles {
  readonly value: Value;
  /** Keys of the storages, in the order in which their elements follow; null for a single pickle. */
  readonly keys: readonly string[] | null;
  readonly storages: ReadonlyMap<string, Storage>;
  readonly end: number;
}

/** The pickles at the beginning of `buffer`. @throws PickleEnd if they go on beyond it */
function picklesIn(buffer: Buffer, calls: Meanings['calls']): Pickles {
  const bytes = new PickleBytes(buffer);
  const storages = new Map<string, Storage>();
  const persistent = (id: Value): Value => {
    const storage = storageOf(id);
    if (storage instanceof Storage && !storages.has(storage.key)) storages.set(storage.key, storage);
    return storage;
  };
  const next = (): Value => readPickleAt(bytes, { calls, persistent });
  const first = next();
  if (first !== magic) return { value: first, keys: null, storages, end: bytes.at };
  next(); // The version of the format, 1001 ever since.
  if (isBigEndian(next())) throw new PickleError('it was written on a big-endian machine');
  const value = next();
  const keys = next();
  if (!Array.isArray(keys)) throw new PickleError('it has no list of storages');
  return { value, keys: keys.map(keyOf), storages, end: bytes.at };
}

/** The number of elements precedes the elements. */
const countBytes = 8;

function placesOf({ keys, storages, end }: Pickles, size: number, count: (offset: number) => number): Places {
  const places = new Map<string, Place>();
  let at = end;
  for (const key of keys ?? []) {
    const storage = storages.get(key);
    if (!storage) throw new PickleError(`the storage ${key}, of which nothing is known`);
    if (at + countBytes > size) throw new PickleError(`it ends before the storage ${key}`);
    const bytes = count(at) * storage.elementBytes;
    if (!(bytes >= 0 && at + countBytes + bytes <= size)) throw new PickleError(`it ends in the storage ${key}`);
    places.set(key, { offset: at + countBytes, bytes });
    at += countBytes + bytes;
  }
  return places;
}

const countIn =
  (buffer: Buffer) =>
  (offset: number): number =>
    Number(buffer.readBigInt64LE(offset));

/** A storage that was pickled without a file around it: the bytes of a whole file of `torch.save`. */
function nestedStorage(calls: Meanings['calls'], [bytes]: readonly Value[]): Value {
  if (!(bytes instanceof Uint8Array)) throw new PickleError('a storage without bytes');
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pickles = picklesIn(buffer, calls);
  const { value } = pickles;
  if (!(value instanceof Storage)) return value;
  const place = placesOf(pickles, buffer.length, countIn(buffer)).get(value.key);
  const [from, to] = [value.first, value.first + value.elements].map((at) => at * value.elementBytes);
  if (!place || to! > place.bytes) throw new PickleError(`the storage ${value.key} is cut off`);
  const memory = buffer.subarray(place.offset + from!, place.offset + to!);
  return new Storage(value.key, value.of, value.elements, 0, memory);
}

function callsFor(path: string): Meanings['calls'] {
  const calls = torchCalls(path);
  /** Bytes that are stored once can be referred to any number of times. */
  const known = new Map<Value | undefined, Value>();
  const load = (values: readonly Value[]): Value => {
    const storage = known.get(values[0]) ?? nestedStorage(calls, values);
    known.set(values[0], storage);
    return storage;
  };
  return new Map([...calls, ['torch.storage._load_from_bytes', load]]);
}

async function pickledAtStart(file: FileHandle, path: string, size: number): Promise<Pickles> {
  const calls = callsFor(path);
  for (let length = firstLength; ; length *= growth) {
    const buffer = Buffer.alloc(Math.min(length, longestPickle, size));
    await file.read(buffer, 0, buffer.length, 0);
    try {
      return picklesIn(buffer, calls);
    } catch (error) {
      if (!(error instanceof PickleEnd) || buffer.length === size) throw error;
      if (buffer.length === longestPickle) throw new PickleError(`it is longer than ${longestPickle} bytes`);
    }
  }
}

async function contentsOf(file: FileHandle, path: string): Promise<Contents> {
  const { size } = await file.stat();
  const pickles = await pickledAtStart(file, path, size);
  const count = Buffer.alloc(countBytes);
  const places = placesOf(pickles, size, (offset) => {
    // Synchronous, as for an archive: one of these for every tensor.
    readSync(file.fd, count, 0, countBytes, offset);
    return Number(count.readBigInt64LE());
  });
  const contents = tensorsIn(pickles.value, placeOf(places));
  const other = pickles.keys === null ? treeOfOthers(contents.tensors.map(({ name }) => name)) : null;
  if (other !== null) throw unreadable(path, other);
  return contents;
}

const placeOf =
  (places: Places): PlaceOf =>
  ({ key, first, elements, elementBytes }) => {
    const place = places.get(key);
    if (!place) throw new PickleError(`the storage ${key}, which is not in the file`);
    if ((first + elements) * elementBytes > place.bytes)
      throw new PickleError(`the storage ${key} of ${elements} elements, which has ${place.bytes} bytes`);
    return { offset: place.offset };
  };

/** @throws 'unreadable-file' with the reason */
export const openPickleStream = (path: string): Promise<WeightsFile> =>
  openPickled(path, (file) => contentsOf(file, path));
