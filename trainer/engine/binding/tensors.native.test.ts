/** A tensor lies on shared memory itself where that is aligned, and has a copy where it is not. */
import koffi from 'koffi';
import { expect, test } from 'vitest';
import { loadTensorFlow } from './tensorflow.ts';
import { dtypes, tensorOver, tensorValues } from './tensors.ts';

test.each([
  [0, true],
  [16, false],
  [1, false],
])('%i bytes beside a multiple of 64', (beside, lies) => {
  const tensorflow = loadTensorFlow();
  const buffer = new SharedArrayBuffer(1024);
  const first = (64 - Number(koffi.address(buffer) % 64n)) % 64;
  const values = new Uint8Array(buffer, first + beside, 96).fill(7);
  const tensor = tensorOver(tensorflow, [2, 48], dtypes.uint8, values);
  expect(tensorflow.TF_TensorData(tensor) === Number(koffi.address(values))).toBe(lies);
  values[95] = 9;
  expect(tensorValues(tensorflow, tensor, dtypes.uint8).at(-1)).toBe(lies ? 9 : 7);
  tensorflow.TF_DeleteTensor(tensor);
  // It was not TensorFlow's to free.
  expect([...values.subarray(0, 95)]).toEqual(Array<number>(95).fill(7));
  expect(() => tensorOver(tensorflow, [2, 47], dtypes.uint8, values)).toThrow('cannot hold 96 bytes');
});
