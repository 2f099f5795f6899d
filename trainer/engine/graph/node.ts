/** Vocabulary for building and running a graph. */
import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import type { Handle, Output, TensorFlow } from '../binding/tensorflow.ts';

/** An output of an operation, with its type and shape. */
export interface Node extends Output {
  /** TF_DataType. */
  readonly dtype: number;
  /** -1 where the size depends on the data. */
  readonly shape: readonly number[];
}

/** An operation as it was added. */
export interface AddedOperation {
  readonly operation: Handle;
  readonly outputs: readonly Node[];
}

export interface OperationOptions {
  readonly attributes?: readonly TFEOpAttr[];
  /** Operations that must have run before. */
  readonly after?: readonly Handle[];
}

/** A value for a placeholder. The graph deletes the tensor after the run. */
export interface Feed {
  readonly node: Output;
  readonly tensor: Handle;
  /** The memory that it lies on, held until the run has ended; absent if it has a copy. */
  readonly memory?: ArrayBufferView;
}

/** One run: the values it is given, the outputs it returns, the operations it runs for their effect. */
export interface Request {
  readonly feeds: readonly Feed[];
  readonly fetches: readonly Output[];
  readonly targets: readonly Handle[];
}

/** A TF_Graph, and the status that every call on it writes to. */
export interface OpenGraph {
  readonly tensorflow: TensorFlow;
  readonly handle: Handle;
  readonly status: Handle;
}
