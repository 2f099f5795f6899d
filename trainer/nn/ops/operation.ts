/**
 * TensorFlow operations missing from tfjs, run on the current backend: the eager one executes them, a tracing one adds
 * them to its graph. They have no gradient; `tf.customGrad` provides one.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';

/** Attribute kinds as tfjs-node's backend numbers them. */
const kinds = { text: 0, integer: 1, number: 2, flag: 3, type: 4 } as const;

interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: string | number | boolean | readonly number[];
}

/** TF_DataType of the two types that occur. */
const types = { float32: 1, int32: 3 } as const;

export const text = (name: string, value: string): Attribute => ({ name, type: kinds.text, value });
export const integer = (name: string, value: number): Attribute => ({ name, type: kinds.integer, value });
export const integers = (name: string, value: readonly number[]): Attribute => ({ name, type: kinds.integer, value });
export const number = (name: string, value: number): Attribute => ({ name, type: kinds.number, value });
export const flag = (name: string, value: boolean): Attribute => ({ name, type: kinds.flag, value });
export const dtype = (name: string, value: keyof typeof types): Attribute => ({
  name,
  type: kinds.type,
  value: types[value],
});

interface OperationBackend {
  executeMultipleOutputs(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly Tensor[],
    outputs: number,
  ): Tensor[];
}

/** Runs an operation and returns all its outputs. */
export function outputsOf(
  name: string,
  attributes: readonly Attribute[],
  inputs: readonly Tensor[],
  outputs: number,
): readonly Tensor[] {
  const backend = tf.backend() as unknown as OperationBackend;
  return backend.executeMultipleOutputs(name, attributes, inputs, outputs);
}

/** Runs an operation with one output. */
export function outputOf(name: string, attributes: readonly Attribute[], inputs: readonly Tensor[]): Tensor {
  return outputsOf(name, attributes, inputs, 1)[0]!;
}
