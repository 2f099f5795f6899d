/** The backend's tensors: maps the small ids that tfjs uses to TensorFlow's handles. */
import type { TFJSBinding } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import { newStringTensor, stringValues } from './string-tensors.ts';
import { checkStatus, type Handle, type TensorFlow } from './tensorflow.ts';
import { dtypes, newTensor, tensorValues, typedValues, type BackendValues } from './tensors.ts';

/** A tensor as tfjs-node's backend sees it: its id, shape and type. */
export type TensorMetadata = ReturnType<TFJSBinding['executeOp']>[number];

export class EagerTensors {
  readonly #tensorflow: TensorFlow;
  readonly #status: Handle;
  readonly #handles = new Map<number, Handle>();
  #nextId = 0;

  constructor(tensorflow: TensorFlow, status: Handle) {
    this.#tensorflow = tensorflow;
    this.#status = status;
  }

  get count(): number {
    return this.#handles.size;
  }

  create(shape: readonly number[], dtype: number, given: BackendValues): number {
    const tensor =
      dtype === dtypes.string
        ? newStringTensor(this.#tensorflow, shape, given as Uint8Array[])
        : newTensor(this.#tensorflow, shape, dtype, typedValues(dtype, given));
    const handle = this.#tensorflow.TFE_NewTensorHandle(tensor, this.#status);
    this.#tensorflow.TF_DeleteTensor(tensor);
    this.#check('the creation of a tensor');
    return this.#register(handle);
  }

  /** Takes ownership of a TensorFlow result. */
  adopt(handle: Handle): TensorMetadata {
    return {
      id: this.#register(handle),
      shape: this.#shapeOf(handle),
      dtype: this.#tensorflow.TFE_TensorHandleDataType(handle),
    };
  }

  delete(id: number): void {
    this.#tensorflow.TFE_DeleteTensorHandle(this.handleOf(id));
    this.#handles.delete(id);
  }

  /** A copy of the values; waits for the device. */
  read(id: number): Float32Array | Int32Array | Uint8Array {
    const handle = this.handleOf(id);
    const dtype = this.#tensorflow.TFE_TensorHandleDataType(handle);
    const tensor = this.#tensorflow.TFE_TensorHandleResolve(handle, this.#status);
    this.#check('the reading of a tensor');
    try {
      // tfjs-node reads strings through the same call, whatever its declaration says.
      if (dtype === dtypes.string) return stringValues(this.#tensorflow, tensor) as unknown as Uint8Array;
      return tensorValues(this.#tensorflow, tensor, dtype);
    } finally {
      this.#tensorflow.TF_DeleteTensor(tensor);
    }
  }

  shapeOf(id: number): number[] {
    return this.#shapeOf(this.handleOf(id));
  }

  /** Name of the device whose memory holds the tensor: the one that computed it. */
  deviceOf(id: number): string {
    const name = this.#tensorflow.TFE_TensorHandleBackingDeviceName(this.handleOf(id), this.#status);
    this.#check('the question where a tensor is');
    return name;
  }

  handleOf(id: number): Handle {
    const handle = this.#handles.get(id);
    if (handle === undefined) throw new Error(`Tensor ${id} was used after it had been deleted.`);
    return handle;
  }

  #register(handle: Handle): number {
    const id = this.#nextId++;
    this.#handles.set(id, handle);
    return id;
  }

  #shapeOf(handle: Handle): number[] {
    const rank = this.#tensorflow.TFE_TensorHandleNumDims(handle, this.#status);
    return Array.from({ length: rank }, (_, axis) => this.#tensorflow.TFE_TensorHandleDim(handle, axis, this.#status));
  }

  #check(what: string): void {
    checkStatus(this.#tensorflow, this.#status, `run ${what}`);
  }
}
