/**
 * PyTorch's checkpoints before 0.2: a tar archive of a file of storages, a file of tensors, and a pickle that refers to
 * both by number. In those files pickles and plain numbers follow each other.
 */
import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { unreadable, type Contents, type WeightsFile } from './file.ts';
import { PickleBytes } from './pickle-bytes.ts';
import { keyOf, Named, PickleError, type Value } from './pickle-values.ts';
import { readPickleAt } from './pickle.ts';
import { openPickled } from './pth.ts';
import { tensorsIn } from './tensors-in.ts';
import { isNatural, Storage, storageOf, torchCalls } from './torch-values.ts';

const block = 512;
const mostMembers = 1000;
const mostDimensions = 8;
/** Of the description of a storage, and of the files that are read whole. */
const longestEntry = 4096;
const longestFile = 256 * 1024 ** 2;

interface Part {
  readonly offset: number;
  readonly size: number;
}

/** Reads synchronously: thousands of short pieces, each of which says where the next one begins. */
function bytesAt(file: FileHandle, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(file.fd, bytes, 0, length, offset));
}

function membersOf(file: FileHandle, length: number): ReadonlyMap<string, Part> {
  const found = new Map<string, Part>();
  for (let at = 0; found.size < mostMembers;) {
    const header = bytesAt(file, at, block);
    const [name = ''] = header.toString('latin1', 0, 100).split('\0');
    if (header.length < block || name === '') break;
    const size = Number.parseInt(header.toString('latin1', 124, 136), 8);
    if (!isNatural(size) || at + block + size > length) throw new PickleError(`it ends in the middle of ${name}`);
    found.set(name, { offset: at + block, size });
    at += block + Math.ceil(size / block) * block;
  }
  return found;
}

const nothing = { calls: new Map(), persistent: () => null };

function wholeFile(file: FileHandle, name: string, { offset, size }: Part): Buffer {
  if (size > longestFile) throw new PickleError(`${name} in it has ${size} bytes, more than ${longestFile}`);
  return bytesAt(file, offset, size);
}

/** Storages by number, and where the elements of each begin. */
function storagesIn(file: FileHandle, { offset, size }: Part) {
  const storages = new Map<string, Storage>();
  const places = new Map<string, number>();
  let at = offset;
  const next = (): Value => {
    const bytes = new PickleBytes(bytesAt(file, at, Math.min(longestEntry, Math.max(offset + size - at, 0))));
    const value = readPickleAt(bytes, nothing);
    at += bytes.at;
    return value;
  };
  const count = next();
  if (!isNatural(count)) throw new PickleError('it has no number of storages');
  for (let left = count; left > 0; left--) {
    const description = next();
    const [key, , of] = Array.isArray(description) ? description : [];
    const elements = new PickleBytes(bytesAt(file, at, 8)).uint64();
    const storage = storageOf(['storage', of!, key!, '', elements]);
    if (!(storage instanceof Storage)) throw new PickleError('a storage of an unknown type');
    at += 8;
    storages.set(storage.key, storage);
    places.set(storage.key, at);
    at += elements * storage.elementBytes;
    if (at > offset + size) throw new PickleError(`it ends in the storage ${storage.key}`);
  }
  // Parts of storages that are storages themselves.
  const views = next();
  for (const view of Array.isArray(views) ? views : []) {
    const [key, root, first, elements] = (Array.isArray(view) ? view : []) as (Value | undefined)[];
    const whole = storages.get(keyOf(root));
    if (!whole || !isNatural(first) || !isNatural(elements) || first + elements > whole.elements)
      throw new PickleError('a view that reaches beyond its storage');
    storages.set(keyOf(key), new Storage(whole.key, whole.of, elements, first));
  }
  return { storages, places };
}

/** Tensors by number: the number of dimensions in 8 bytes, the sizes, the strides, the first element. */
function tensorsOf(bytes: PickleBytes, path: string, storages: ReadonlyMap<string, Storage>): Map<string, Value> {
  const rebuild = torchCalls(path).get('torch._utils._rebuild_tensor')!;
  const count = readPickleAt(bytes, nothing);
  if (!isNatural(count)) throw new PickleError('it has no number of tensors');
  const tensors = new Map<string, Value>();
  for (let left = count; left > 0; left--) {
    const description = readPickleAt(bytes, nothing);
    const [key, storage] = Array.isArray(description) ? description : [];
    const found = storages.get(keyOf(storage));
    if (!found) throw new PickleError(`the storage ${keyOf(storage)}, which is not in the archive`);
    // The upper four bytes are not always zero.
    const dimensions = bytes.uint32();
    bytes.uint32();
    if (dimensions > mostDimensions) throw new PickleError(`a tensor of ${dimensions} dimensions`);
    const numbers = (): number[] => Array.from({ length: dimensions }, () => bytes.uint64());
    const [shape, strides] = [numbers(), numbers()];
    tensors.set(keyOf(key), rebuild([found, bytes.uint64(), shape, strides]));
  }
  return tensors;
}

async function contentsOf(file: FileHandle, path: string): Promise<Contents> {
  const members = membersOf(file, (await file.stat()).size);
  const [storagePart, tensorPart, picklePart] = ['storages', 'tensors', 'pickle'].map((name) => members.get(name));
  if (!storagePart || !tensorPart || !picklePart) {
    const inside = [...members.keys()].find((name) => /\.(pth|pt|ckpt|safetensors|bin|tar|pkl)$/.test(name));
    throw unreadable(path, `it is a tar archive; unpack it and choose ${inside ?? 'the file of weights in it'}`);
  }
  const { storages, places } = storagesIn(file, storagePart);
  const tensors = tensorsOf(new PickleBytes(wholeFile(file, 'tensors', tensorPart)), path, storages);
  const persistent = (id: Value): Value => {
    // A module beside its source text.
    if (Array.isArray(id)) return id.find((one) => one instanceof Named) ?? null;
    return tensors.get(keyOf(id)) ?? storages.get(keyOf(id)) ?? null;
  };
  const pickle = new PickleBytes(wholeFile(file, 'pickle', picklePart));
  const value = readPickleAt(pickle, { calls: torchCalls(path), persistent });
  return tensorsIn(value, ({ key }) => ({ offset: places.get(key)! }));
}

/** @throws 'unreadable-file' with the reason */
export const openTarPth = (path: string): Promise<WeightsFile> => openPickled(path, (file) => contentsOf(file, path));
