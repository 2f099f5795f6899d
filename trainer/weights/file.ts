/** A weights file of any format: a list of named tensors, not yet read. */
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { FaultError } from '../durable/fault-error.ts';
import { NotAPlainFile, openPlain, type OpenedFile } from '../durable/plain-file.ts';
import type { WeightsFormat } from '../protocol/weights.ts';

/** Element types by their names in safetensors; those with a size can be read as float32. */
const elementBytes = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;
export type ElementType = keyof typeof elementBytes;
export const isElementType = (name: string): name is ElementType => Object.hasOwn(elementBytes, name);
export const sizeOf = (type: ElementType): number => elementBytes[type];

/** A stored file of an archive. */
export interface ArchiveEntry {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  /** Its checksum; 0 where PyTorch was told to write none. */
  readonly crc32: number;
}

export interface StoredTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Stride of each dimension, in elements. */
  readonly strides: readonly number[];
  /** Offset of the first element in the file, or in `memory`. */
  readonly offset: number;
  /** The file of the archive that holds it; its checksum is compared before its first tensor is read. */
  readonly entry?: ArchiveEntry;
  /** Its elements, where they are not in the file as they are. */
  readonly memory?: Uint8Array;
}

/** Values of a file that are not read: objects of Python, tensors of types without real numbers. */
export interface PassedOver {
  /** Their class, function or type: `argparse.Namespace`, `torch.float8_e4m3fn`. */
  readonly what: string;
  readonly count: number;
  /** Names of the first few in the file. */
  readonly names: readonly string[];
}

export interface Contents {
  readonly tensors: readonly StoredTensor[];
  readonly passedOver: readonly PassedOver[];
}

export interface WeightsFile extends Contents {
  readonly path: string;
  readonly format: WeightsFormat;
  /** Values in row-major order. @throws 'unreadable-file' for a type that holds no real numbers */
  read(tensor: StoredTensor): Promise<Float32Array>;
  close(): Promise<void>;
}

/** A fault for the file; `what` continues a sentence that begins with its path. */
export const unreadable = (path: string, what: string): FaultError =>
  new FaultError('unreadable-file', `${path} cannot be read as weights: ${what}.`, { path, reason: what });

/** A tensor of half a terabyte is damage, not data. */
const mostElements = 2 ** 33;

export const mostDimensions = 8;

/** Checked product of the sizes, which come from an untrusted file. */
export function elementsOf(path: string, name: string, shape: readonly number[]): number {
  if (shape.length > mostDimensions || shape.some((size) => !Number.isSafeInteger(size) || size < 0))
    throw unreadable(path, `${name} has the shape [${shape.slice(0, mostDimensions + 1).join(', ')}]`);
  const elements = shape.reduce((product, size) => product * size, 1);
  if (elements > mostElements) throw unreadable(path, `${name} has ${elements} elements`);
  return elements;
}

export function rowMajor(shape: readonly number[]): readonly number[] {
  const strides: number[] = new Array<number>(shape.length).fill(1);
  for (let at = shape.length - 2; at >= 0; at--) strides[at] = strides[at + 1]! * shape[at + 1]!;
  return strides;
}

function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
let everyFloat16: Float32Array | null = null;

/** Elements as float32, from bytes that no one else uses; the files are little-endian, like every platform of Node. */
const decoders: Partial<Record<ElementType, (bytes: ArrayBuffer) => Float32Array>> = {
  F64: (bytes) => new Float32Array(new Float64Array(bytes)),
  F32: (bytes) => new Float32Array(bytes),
  F16: (bytes) => {
    everyFloat16 ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => float16(bits));
    const [halves, table] = [new Uint16Array(bytes), everyFloat16];
    const values = new Float32Array(halves.length);
    for (let at = 0; at < halves.length; at++) values[at] = table[halves[at]!]!;
    return values;
  },
  // The upper half of a float32.
  BF16: (bytes) => {
    const halves = new Uint16Array(bytes);
    const bits = new Uint32Array(halves.length);
    for (let at = 0; at < halves.length; at++) bits[at] = halves[at]! << 16;
    return new Float32Array(bits.buffer);
  },
};

async function bytesAt(file: FileHandle, path: string, offset: number, length: number): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(bytes, at, Math.min(length - at, 2 ** 30), offset + at);
    if (bytesRead === 0) throw unreadable(path, `it ends at byte ${offset + at}, in the middle of a tensor`);
    at += bytesRead;
  }
  return bytes.buffer;
}

const checkedAtOnce = 4 * 1024 ** 2;

/** @throws 'unreadable-file' if the bytes of an entry are not those that were written */
async function checkEntry(file: FileHandle, path: string, { name, offset, bytes, crc32: stated }: ArchiveEntry) {
  if (stated === 0) return;
  let sum = 0;
  for (let at = 0; at < bytes; at += checkedAtOnce)
    sum = crc32(new Uint8Array(await bytesAt(file, path, offset + at, Math.min(checkedAtOnce, bytes - at))), sum);
  if (sum !== stated)
    throw unreadable(path, `${name} in it is damaged (its checksum differs); copy or download it again`);
}

/** The bytes of an entry of an archive, checked. */
export async function bytesOfEntry(file: FileHandle, path: string, entry: ArchiveEntry): Promise<Buffer> {
  await checkEntry(file, path, entry);
  return Buffer.from(await bytesAt(file, path, entry.offset, entry.bytes));
}

/** Bytes of the file or of the memory from an offset on. */
function bytesFor(file: FileHandle, path: string, { offset, memory }: StoredTensor, length: number) {
  if (!memory) return bytesAt(file, path, offset, length);
  if (offset + length > memory.length) throw unreadable(path, `it ends at byte ${memory.length} of a tensor`);
  return Uint8Array.from(memory.subarray(offset, offset + length)).buffer;
}

/** Reads one tensor with any strides as float32 in row-major order. */
async function readTensor(file: FileHandle, path: string, tensor: StoredTensor): Promise<Float32Array> {
  const { name, type, shape, strides } = tensor;
  const decode = decoders[type];
  if (!decode) throw unreadable(path, `${name} is of type ${type}, which is not a weight type`);
  const elements = elementsOf(path, name, shape);
  if (elements === 0) return new Float32Array(0);
  const span = 1 + shape.reduce((last, size, at) => last + (size - 1) * strides[at]!, 0);
  const stored = decode(await bytesFor(file, path, tensor, span * sizeOf(type)));
  const contiguous = rowMajor(shape);
  if (strides.every((stride, at) => stride === contiguous[at] || shape[at] === 1)) return stored;
  const values = new Float32Array(elements);
  const index = new Array<number>(shape.length).fill(0);
  for (let at = 0, place = 0; at < elements; at++) {
    values[at] = stored[place]!;
    // To the next element in row-major order.
    for (let dimension = shape.length - 1; dimension >= 0; dimension--) {
      place += strides[dimension]!;
      index[dimension]! += 1;
      if (index[dimension]! < shape[dimension]!) break;
      place -= shape[dimension]! * strides[dimension]!;
      index[dimension] = 0;
    }
  }
  return values;
}

/** @throws 'unreadable-file' for a pipe, a socket or a device */
export async function openWeightsFile(path: string): Promise<OpenedFile> {
  try {
    return await openPlain(path);
  } catch (error) {
    throw error instanceof NotAPlainFile ? unreadable(path, 'it is a pipe, a socket or a device') : error;
  }
}

/** Opens a file and lists its contents with `list`; closes it on failure. */
export async function openedWith(
  path: string,
  format: WeightsFormat,
  list: (file: FileHandle) => Promise<Contents>,
): Promise<WeightsFile> {
  const { file } = await openWeightsFile(path);
  try {
    const { tensors, passedOver } = await list(file);
    const checked = new Set<ArchiveEntry>();
    const read = async (tensor: StoredTensor): Promise<Float32Array> => {
      if (tensor.entry && !checked.has(tensor.entry)) await checkEntry(file, path, tensor.entry);
      if (tensor.entry) checked.add(tensor.entry);
      return readTensor(file, path, tensor);
    };
    return { path, format, tensors, passedOver, read, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}
