/** Tensors of strings: an array of TF_TString, each with memory of its own. */
import type { Handle, TensorFlow } from './tensorflow.ts';
import { dimensions, dtypes } from './tensors.ts';

/** sizeof(TF_TString). */
const stringBytes = 24;

/** A tensor with a copy of the values; the caller deletes it. */
export function newStringTensor(
  tensorflow: TensorFlow,
  shape: readonly number[],
  values: readonly Uint8Array[],
): Handle {
  const bytes = values.length * stringBytes;
  const tensor = tensorflow.TF_AllocateTensor(dtypes.string, dimensions(shape), shape.length, bytes);
  let address = tensorflow.TF_TensorData(tensor);
  for (const value of values) {
    tensorflow.TF_StringInit(address);
    tensorflow.TF_StringCopy(address, value, value.length);
    address += stringBytes;
  }
  return tensor;
}

/** Copies of a tensor's strings, as bytes. */
export function stringValues(tensorflow: TensorFlow, tensor: Handle): Uint8Array[] {
  const start = tensorflow.TF_TensorData(tensor);
  return Array.from({ length: tensorflow.TF_TensorElementCount(tensor) }, (_, index) => {
    const address = start + index * stringBytes;
    const bytes = new Uint8Array(tensorflow.TF_StringGetSize(address));
    if (bytes.length > 0) tensorflow.copyOut(bytes, tensorflow.TF_StringGetDataPointer(address), bytes.length);
    return bytes;
  });
}
