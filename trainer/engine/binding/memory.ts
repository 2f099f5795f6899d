/** C structures that pass between JavaScript and TensorFlow, as arrays of 8-byte words. */
import type { Handle, Output, TensorFlow } from './tensorflow.ts';

/** sizeof(TF_Output), in words of 8 bytes. */
const outputWords = 2;

/** Array of TF_Output: a pointer, an int and four bytes of padding each. Null for an empty one. */
export function outputArray(outputs: readonly Output[]): BigInt64Array | null {
  if (outputs.length === 0) return null;
  const words = new BigInt64Array(outputWords * outputs.length);
  outputs.forEach(({ oper, index }, at) => {
    words[outputWords * at] = BigInt(oper);
    words[outputWords * at + 1] = BigInt(index);
  });
  return words;
}

/** A copy of the contents of a TF_Buffer: struct { const void* data; size_t length; … }. */
export function bufferBytes(tensorflow: TensorFlow, buffer: Handle): Uint8Array {
  const words = new BigInt64Array(2);
  tensorflow.copyOut(words, buffer, words.byteLength);
  const bytes = new Uint8Array(Number(words[1]));
  if (bytes.length > 0) tensorflow.copyOut(bytes, Number(words[0]), bytes.length);
  return bytes;
}
