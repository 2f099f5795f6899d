/** The backend that tfjs computes on while a function is traced. */
import * as tf from '@tensorflow/tfjs';
import type { DataId, Tensor, Variable } from '@tensorflow/tfjs';
import { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js';
import { eagerBackend } from '../binding/runtime.ts';
import type { TracingBinding } from '../graph/tracing-binding.ts';

/** Methods of the backend that its declaration keeps private. */
interface BackendInside {
  createOutputTensor(metadata: ReturnType<TracingBinding['register']>): Tensor;
  getInputTensorIds(tensors: readonly Tensor[]): number[];
}

/**
 * Refuses to move a variable's value: an operation on another backend would take it off the device, and a copy would be
 * traced in its place.
 */
class KeepingBackend extends NodeJSKernelBackend {
  readonly kept = new WeakSet<DataId>();

  override disposeData(data: DataId, force = false): boolean {
    if (force && this.kept.has(data)) {
      throw new Error('A variable of the traced engine is used outside a traced function: read it as a state entry.');
    }
    return super.disposeData(data, force);
  }
}

export interface TracedBackend {
  /** The binding's id of a tensor. */
  idOf(tensor: Tensor): number;
  /** A tensor for a node registered with the binding. */
  tensor(metadata: ReturnType<TracingBinding['register']>): Tensor;
  /** From now on the variable may not leave the device. */
  keepOnDevice(variable: Variable): void;
  /** Runs `compute` with this backend set, and sets the previous one again. */
  onGraph<T>(compute: () => T): T;
}

/** Each engine has its own graph and its own backend, which tfjs identifies by name. */
let opened = 0;

export function openTracedBackend(binding: TracingBinding): TracedBackend {
  const backend = new KeepingBackend(binding, '@tensorflow/tfjs-node');
  const inside = backend as unknown as BackendInside;
  const name = `traced-${opened++}`;
  tf.registerBackend(name, () => backend);
  tf.copyRegisteredKernels(eagerBackend, name);
  return {
    idOf: (tensor) => inside.getInputTensorIds([tensor])[0]!,
    tensor: (metadata) => inside.createOutputTensor(metadata),
    keepOnDevice: (variable) => void backend.kept.add(variable.dataId),
    onGraph(compute) {
      const before = tf.getBackend();
      use(name);
      try {
        return compute();
      } finally {
        use(before);
      }
    },
  };
}

/** Sets a backend. All are registered from the start, so that it takes effect at once. */
function use(name: string): void {
  void tf.setBackend(name);
  if (tf.getBackend() !== name) throw new Error(`The backend "${name}" could not be set.`);
}
