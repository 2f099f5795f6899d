/** Creates TensorFlow's own tensors from host values and reads them back. Strings are in `string-tensors.ts`. */
import type { TFJSBinding } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import { bigints } from './attributes.ts';
import type { Handle, TensorFlow } from './tensorflow.ts';

export type BackendValues = Parameters<TFJSBinding['createTensor']>[2];

/** TF_DataType, tensorflow/c/tf_datatype.h. */
export const dtypes = {
  float: 1,
  double: 2,
  int32: 3,
  uint8: 4,
  int16: 5,
  int8: 6,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  half: 19,
  resource: 20,
} as const;

export const bytesPerElement: Readonly<Record<number, number>> = {
  [dtypes.float]: 4,
  [dtypes.double]: 8,
  [dtypes.int32]: 4,
  [dtypes.uint8]: 1,
  [dtypes.int16]: 2,
  [dtypes.int8]: 1,
  [dtypes.complex64]: 8,
  [dtypes.int64]: 8,
  [dtypes.bool]: 1,
};

export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function checkSize(shape: readonly number[], dtype: number, bytes: number): void {
  const width = bytesPerElement[dtype];
  if (width !== undefined && bytes === elementsOf(shape) * width) return;
  throw new Error(`A tensor of shape [${shape.join(', ')}] and TensorFlow type ${dtype} cannot hold ${bytes} bytes.`);
}

/** A tensor with a copy of the values; the caller deletes it. */
export function newTensor(
  tensorflow: TensorFlow,
  shape: readonly number[],
  dtype: number,
  values: ArrayBufferView,
): Handle {
  checkSize(shape, dtype, values.byteLength);
  const tensor = tensorflow.TF_AllocateTensor(dtype, dimensions(shape), shape.length, values.byteLength);
  if (values.byteLength > 0) tensorflow.copyIn(tensorflow.TF_TensorData(tensor), values, values.byteLength);
  return tensor;
}

/**
 * A tensor on memory that does not move, not copied where its address is a multiple of 64; the caller deletes it. The
 * memory must be held, and not written to, until then.
 */
export function tensorOver(
  tensorflow: TensorFlow,
  shape: readonly number[],
  dtype: number,
  values: ArrayBufferView<SharedArrayBuffer>,
): Handle {
  const { byteLength } = values;
  checkSize(shape, dtype, byteLength);
  return tensorflow.TF_NewTensor(
    dtype,
    dimensions(shape),
    shape.length,
    values,
    byteLength,
    tensorflow.noDeallocator,
    0,
  );
}

/** A copy of a tensor's values. */
export function tensorValues(
  tensorflow: TensorFlow,
  tensor: Handle,
  dtype: number,
): Float32Array | Int32Array | Uint8Array {
  const bytes = tensorflow.TF_TensorByteSize(tensor);
  const buffer = new Uint8Array(bytes);
  if (bytes > 0) tensorflow.copyOut(buffer, tensorflow.TF_TensorData(tensor), bytes);
  return hostValues(dtype, buffer.buffer);
}

export function dimensions(shape: readonly number[]): BigInt64Array | null {
  return shape.length === 0 ? null : bigints(shape);
}

/** Values as a typed array: tfjs may pass a plain one. */
export function typedValues(dtype: number, values: BackendValues): ArrayBufferView {
  if (ArrayBuffer.isView(values)) return values;
  const plain = values as unknown as ArrayLike<number>;
  if (dtype === dtypes.float) return Float32Array.from(plain);
  if (dtype === dtypes.int32) return Int32Array.from(plain);
  return Uint8Array.from(plain);
}

function hostValues(dtype: number, buffer: ArrayBuffer): Float32Array | Int32Array | Uint8Array {
  switch (dtype) {
    case dtypes.float:
    case dtypes.complex64:
      return new Float32Array(buffer);
    case dtypes.int32:
      return new Int32Array(buffer);
    case dtypes.int64:
      // The only 64-bit results are sizes and positions, which fit.
      return Int32Array.from(new BigInt64Array(buffer), Number);
    default:
      return new Uint8Array(buffer);
  }
}
