/**
 * A TensorFlow graph that grows, and the session that runs parts of it. Operations are added one by one through the C API,
 * so TensorFlow itself checks every input and attribute and infers every shape.
 */
import { shapeAttribute, typeAttribute } from '../binding/attributes.ts';
import { bufferBytes } from '../binding/memory.ts';
import type { SessionSettings } from '../binding/runtime.ts';
import { checkStatus, type Handle, type Output, type TensorFlow } from '../binding/tensorflow.ts';
import { newTensor, tensorOver, tensorValues } from '../binding/tensors.ts';
import { Constants } from './constants.ts';
import type { AddedOperation, Feed, Node, OpenGraph, OperationOptions, Request } from './node.ts';
import { OperationWriter } from './operation-writer.ts';
import { Session, type ProfiledRun } from './session.ts';

export interface Graph {
  /** Adds an operation; `outputs` is the number of its outputs to return. */
  add(kind: string, inputs: readonly Output[], outputs: number, options?: OperationOptions): AddedOperation;
  /** Operations that `compute` adds are of this device; null: TensorFlow chooses one. */
  on<T>(device: string | null, compute: () => T): T;
  constant(dtype: number, shape: readonly number[], values: ArrayBufferView): Node;
  /** The same value, available only once `until` are computed. */
  delayed(value: Node, until: readonly Node[]): Node;
  /** Values of a small int32 constant; null for any other node. */
  integersOf(node: Output): readonly number[] | null;
  placeholder(dtype: number, shape: readonly number[]): Node;
  /** A value for a placeholder, copied unless it is shared memory, which must not be written to until the run has ended. */
  feed(node: Node, values: Float32Array | Int32Array | Uint8Array): Feed;
  /** The values of a fetched tensor, copied. */
  values(tensor: Handle, dtype: number): Float32Array | Int32Array | Uint8Array;
  /** The values of a fetched tensor, which is deleted. */
  take(tensor: Handle, dtype: number): Float32Array | Int32Array | Uint8Array;
  free(tensor: Handle): void;
  /** Runs on a TensorFlow thread; returns the fetched tensors, which the caller takes or frees. */
  run(request: Request): Promise<readonly Handle[]>;
  /** The same, with the time of every operation. */
  profile(request: Request): Promise<ProfiledRun>;
  /** The same, blocking this thread: for state, outside training. */
  runNow(request: Request): readonly Handle[];
  /** All that was added, as TensorFlow's GraphDef (tensorflow/core/framework/graph.proto). */
  definition(): Uint8Array;
}

const isShared = (values: ArrayBufferView): values is ArrayBufferView<SharedArrayBuffer> =>
  values.buffer instanceof SharedArrayBuffer;

export function createGraph(tensorflow: TensorFlow, settings: SessionSettings): Graph {
  const open: OpenGraph = { tensorflow, handle: tensorflow.TF_NewGraph(), status: tensorflow.TF_NewStatus() };
  const operations = new OperationWriter(open);
  const constants = new Constants(open, operations);
  const session = new Session(open, settings);
  const values = (tensor: Handle, dtype: number) => tensorValues(tensorflow, tensor, dtype);

  return {
    add: (kind, inputs, outputs, options) => operations.add(kind, inputs, outputs, options),
    on: (device, compute) => operations.on(device, compute),
    constant: (dtype, shape, given) => constants.node(dtype, shape, given),
    delayed(value, until) {
      const options = { attributes: [typeAttribute('T', value.dtype)], after: until.map(({ oper }) => oper) };
      // Keep a known shape.
      return { ...operations.add('Identity', [value], 1, options).outputs[0]!, shape: value.shape };
    },
    integersOf: (node) => constants.integersOf(node),
    placeholder(dtype, shape) {
      const attributes = [typeAttribute('dtype', dtype), shapeAttribute('shape', shape)];
      return operations.add('Placeholder', [], 1, { attributes }).outputs[0]!;
    },
    feed: (node, given) =>
      isShared(given)
        ? { node, tensor: tensorOver(tensorflow, node.shape, node.dtype, given), memory: given }
        : { node, tensor: newTensor(tensorflow, node.shape, node.dtype, given) },
    values,
    take(tensor, dtype) {
      try {
        return values(tensor, dtype);
      } finally {
        tensorflow.TF_DeleteTensor(tensor);
      }
    },
    free: (tensor) => tensorflow.TF_DeleteTensor(tensor),
    definition() {
      const buffer = tensorflow.TF_NewBuffer();
      try {
        tensorflow.TF_GraphToGraphDef(open.handle, buffer, open.status);
        checkStatus(tensorflow, open.status, 'describe a graph');
        return bufferBytes(tensorflow, buffer);
      } finally {
        tensorflow.TF_DeleteBuffer(buffer);
      }
    },
    run: (request) => session.run(request),
    profile: (request) => session.profile(request),
    runNow: (request) => session.runNow(request),
  };
}
