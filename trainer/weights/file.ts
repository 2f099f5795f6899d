/** A weights file of any format: a list of named tensors, not yet read. */
import { open, type FileHandle } from 'node:fs/promises';
import { FaultError } from '../durable/fault-error.ts';
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

export interface StoredTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Stride of each dimension, in elements. */
  readonly strides: readonly number[];
  /** Offset of the first element in the file. */
  readonly offset: number;
}

export interface WeightsFile {
  readonly path: string;
  readonly format: WeightsFormat;
  readonly tensors: readonly StoredTensor[];
  /** Values in row-major order. @throws 'unreadable-file' for a type that holds no real numbers */
  read(tensor: StoredTensor): Promise<Float32Array>;
  close(): Promise<void>;
}

/** A fault for the file; `what` continues a sentence that begins with its path. */
export const unreadable = (path: string, what: string): FaultError =>
  new FaultError('unreadable-file', `${path} cannot be read as weights: ${what}.`, { path, reason: what });

/** A tensor of half a terabyte is damage, not data. */
const mostElements = 2 ** 33;

/** Checked product of the sizes, which come from an untrusted file. */
export function elementsOf(path: string, name: string, shape: readonly number[]): number {
  if (shape.length > 8 || shape.some((size) => !Number.isSafeInteger(size) || size < 0))
    throw unreadable(path, `${name} has the shape [${shape.join(', ')}]`);
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

const bfloat = new DataView(new ArrayBuffer(4));
function bfloat16(bits: number): number {
  bfloat.setUint16(2, bits, true);
  return bfloat.getFloat32(0, true);
}

const readers: Partial<Record<ElementType, (view: DataView, at: number) => number>> = {
  F64: (view, at) => view.getFloat64(at, true),
  F32: (view, at) => view.getFloat32(at, true),
  F16: (view, at) => float16(view.getUint16(at, true)),
  BF16: (view, at) => bfloat16(view.getUint16(at, true)),
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

/** Reads one tensor with any strides as float32 in row-major order. */
async function readTensor(file: FileHandle, path: string, tensor: StoredTensor): Promise<Float32Array> {
  const { name, type, shape, strides, offset } = tensor;
  const read = readers[type];
  if (!read) throw unreadable(path, `${name} is of type ${type}, which is not a weight type`);
  const elements = elementsOf(path, name, shape);
  if (elements === 0) return new Float32Array(0);
  const span = 1 + shape.reduce((last, size, at) => last + (size - 1) * strides[at]!, 0);
  const size = sizeOf(type);
  const bytes = await bytesAt(file, path, offset, span * size);
  const contiguous = rowMajor(shape);
  const isPlain = strides.every((stride, at) => stride === contiguous[at] || shape[at] === 1);
  // The files are little-endian, like every platform Node runs on.
  if (type === 'F32' && isPlain) return new Float32Array(bytes);
  const view = new DataView(bytes);
  const values = new Float32Array(elements);
  if (isPlain) {
    for (let at = 0; at < elements; at++) values[at] = read(view, at * size);
    return values;
  }
  const index = new Array<number>(shape.length).fill(0);
  for (let at = 0, place = 0; at < elements; at++) {
    values[at] = read(view, place * size);
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

/** Opens a file and lists its tensors with `list`; closes it on failure. */
export async function openedWith(
  path: string,
  format: WeightsFormat,
  list: (file: FileHandle) => Promise<readonly StoredTensor[]>,
): Promise<WeightsFile> {
  const file = await open(path, 'r');
  try {
    const tensors = await list(file);
    return { path, format, tensors, read: (tensor) => readTensor(file, path, tensor), close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}
