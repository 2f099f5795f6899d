/** Adds operations to a graph, one by one: TensorFlow checks their inputs and attributes and infers their shapes. */
import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import { graphSetters } from '../binding/attribute-setters.ts';
import { permanent, setAttribute, type AttributeSetters } from '../binding/attributes.ts';
import { bufferBytes, outputArray } from '../binding/memory.ts';
import { checkStatus, type Handle, type Output } from '../binding/tensorflow.ts';
import type { AddedOperation, Node, OpenGraph, OperationOptions } from './node.ts';
import { inputArguments, type InputArgument } from './op-definition.ts';

export class OperationWriter {
  readonly #graph: OpenGraph;
  readonly #setters: AttributeSetters;
  /** Arguments by kind of operation, as TensorFlow defines them. */
  readonly #definitions = new Map<string, readonly InputArgument[]>();
  /** Number of operations described so far, used to name the next one. */
  #count = 0;
  #device: string | null = null;

  constructor(graph: OpenGraph) {
    this.#graph = graph;
    this.#setters = graphSetters(graph.tensorflow);
  }

  /** @param outputs how many outputs of the operation to look up */
  add(kind: string, inputs: readonly Output[], outputs: number, options: OperationOptions = {}): AddedOperation {
    const { attributes = [], after = [] } = options;
    // Looked up first, because a description that has begun must be finished.
    this.#argumentsOf(kind);
    const description = this.describe(kind);
    this.#addInputs(description, kind, inputs, attributes);
    for (const operation of after) this.#graph.tensorflow.TF_AddControlInput(description, operation);
    for (const attribute of attributes) setAttribute(this.#setters, description, attribute);
    const operation = this.finish(description, kind);
    return { operation, outputs: Array.from({ length: outputs }, (_, index) => this.output(operation, index)) };
  }

  /** Begins an operation, which must be finished. */
  describe(kind: string): Handle {
    const { tensorflow, handle } = this.#graph;
    const name = new TextEncoder().encode(`${kind}_${this.#count++}\0`);
    const description = tensorflow.TF_NewOperation(handle, permanent(kind), name);
    if (this.#device !== null) tensorflow.TF_SetDevice(description, this.#device);
    return description;
  }

  /** The device that operations are added for; null: TensorFlow chooses one. */
  get device(): string | null {
    return this.#device;
  }

  /** Operations that `compute` adds are of this device. */
  on<T>(device: string | null, compute: () => T): T {
    const before = this.#device;
    this.#device = device;
    try {
      return compute();
    } finally {
      this.#device = before;
    }
  }

  finish(description: Handle, kind: string): Handle {
    const { tensorflow, status } = this.#graph;
    const operation = tensorflow.TF_FinishOperation(description, status);
    checkStatus(tensorflow, status, `add "${kind}" to the graph`);
    return operation;
  }

  /** An output of a finished operation, with the type and shape that TensorFlow infers. */
  output(operation: Handle, index: number): Node {
    const { tensorflow, handle, status } = this.#graph;
    const output = { oper: operation, index };
    const dtype = tensorflow.TF_OperationOutputType(output);
    const rank = tensorflow.TF_GraphGetTensorNumDims(handle, output, status);
    checkStatus(tensorflow, status, 'infer a shape');
    const sizes = new BigInt64Array(Math.max(rank, 0));
    if (rank > 0) tensorflow.TF_GraphGetTensorShape(handle, output, sizes, rank, status);
    return { ...output, dtype, shape: rank < 0 ? [-1] : Array.from(sizes, Number) };
  }

  #argumentsOf(kind: string): readonly InputArgument[] {
    const known = this.#definitions.get(kind);
    if (known) return known;
    const { tensorflow, handle, status } = this.#graph;
    const buffer = tensorflow.TF_NewBuffer();
    try {
      tensorflow.TF_GraphGetOpDef(handle, permanent(kind), buffer, status);
      checkStatus(tensorflow, status, `find an operation "${kind}"`);
      const found = inputArguments(bufferBytes(tensorflow, buffer));
      this.#definitions.set(kind, found);
      return found;
    } finally {
      tensorflow.TF_DeleteBuffer(buffer);
    }
  }

  #addInputs(description: Handle, kind: string, inputs: readonly Output[], attributes: readonly TFEOpAttr[]): void {
    const { tensorflow } = this.#graph;
    const given = this.#argumentsOf(kind);
    let at = 0;
    // A single list takes the inputs left over by the single tensors; with several lists, an attribute gives each
    // length.
    const singles = given.filter((argument) => argument.count === null).length;
    const lists = given.length - singles;
    for (const argument of given) {
      if (argument.count === null) {
        const input = inputs[at++];
        if (!input) throw new Error(`"${kind}" needs an input "${argument.name}".`);
        tensorflow.TF_AddInput(description, { oper: input.oper, index: input.index });
      } else {
        const stated = attributes.find(({ name }) => name === argument.count)?.value;
        const length = lists === 1 ? inputs.length - singles : Array.isArray(stated) ? stated.length : Number(stated);
        tensorflow.TF_AddInputList(description, outputArray(inputs.slice(at, at + length))!, length);
        at += length;
      }
    }
    if (at !== inputs.length) throw new Error(`"${kind}" takes ${at} inputs, not ${inputs.length}.`);
  }
}
