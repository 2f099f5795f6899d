/** Constants of a graph; small ones are added once and shared. */
import { permanent } from '../binding/attributes.ts';
import type { Handle, Output } from '../binding/tensorflow.ts';
import { elementsOf, newTensor } from '../binding/tensors.ts';
import type { Node, OpenGraph } from './node.ts';
import type { OperationWriter } from './operation-writer.ts';

/** Constants of up to this many elements are shared. */
const sharedElements = 16;

export class Constants {
  readonly #graph: OpenGraph;
  readonly #operations: OperationWriter;
  /** Shared constants by device, type, shape and bytes. */
  readonly #shared = new Map<string, Node>();
  /** Values of the shared int32 constants, by operation. */
  readonly #integers = new Map<Handle, readonly number[]>();

  constructor(graph: OpenGraph, operations: OperationWriter) {
    this.#graph = graph;
    this.#operations = operations;
  }

  /** The node of a constant, whose values are copied. */
  node(dtype: number, shape: readonly number[], values: ArrayBufferView): Node {
    if (elementsOf(shape) > sharedElements) return this.#add(dtype, shape, values);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const key = `${this.#operations.device} ${dtype} ${shape.join()} ${bytes.join()}`;
    const known = this.#shared.get(key);
    if (known) return known;
    const node = this.#add(dtype, shape, values);
    this.#shared.set(key, node);
    if (values instanceof Int32Array) this.#integers.set(node.oper, [...values]);
    return node;
  }

  /** Values of a small int32 constant; null for any other node. */
  integersOf({ oper }: Output): readonly number[] | null {
    return this.#integers.get(oper) ?? null;
  }

  #add(dtype: number, shape: readonly number[], values: ArrayBufferView): Node {
    const { tensorflow, status } = this.#graph;
    const tensor = newTensor(tensorflow, shape, dtype, values);
    try {
      const description = this.#operations.describe('Const');
      tensorflow.TF_SetAttrTensor(description, permanent('value'), tensor, status);
      tensorflow.TF_SetAttrType(description, permanent('dtype'), dtype);
      return this.#operations.output(this.#operations.finish(description, 'Const'), 0);
    } finally {
      tensorflow.TF_DeleteTensor(tensor);
    }
  }
}
