/**
 * The binding that tfjs-node's backend calls, on TensorFlow's eager C API: it replaces the backend's compiled addon.
 */
import type { TFJSBinding } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import { attributeKinds } from './attributes.ts';
import { openEagerContext } from './eager-context.ts';
import { createOperationRunner } from './eager-operation.ts';
import { EagerTensors } from './eager-tensors.ts';
import type { TensorFlow } from './tensorflow.ts';
import { dtypes } from './tensors.ts';

export interface Binding extends TFJSBinding {
  /** Name of the device whose memory holds a tensor: the one that computed it. */
  deviceOf(tensor: number): string;
  readonly devices: readonly string[];
}

/** @param config bytes of a ConfigProto */
export function createBinding(tensorflow: TensorFlow, config: Uint8Array): Binding {
  const status = tensorflow.TF_NewStatus();
  const tensors = new EagerTensors(tensorflow, status);
  const { handle: context, devices } = openEagerContext(tensorflow, config, status);

  return {
    createTensor: (shape, dtype, values) => tensors.create(shape, dtype, values),
    deleteTensor: (id) => tensors.delete(id),
    tensorDataSync: (id) => tensors.read(id),
    executeOp: createOperationRunner(tensorflow, context, tensors, status),
    devices,
    deviceOf: (id) => tensors.deviceOf(id),
    isUsingGpuDevice: () => devices.some((name) => name.includes('GPU')),
    getNumOfTensors: () => tensors.count,
    loadSavedModel: noSavedModels,
    deleteSavedModel: noSavedModels,
    runSavedModel: noSavedModels,
    getNumOfSavedModels: () => 0,
    // Two classes listed in the declaration; the backend never instantiates them.
    TensorMetadata: Object as unknown as TFJSBinding['TensorMetadata'],
    TFEOpAttr: Object as unknown as TFJSBinding['TFEOpAttr'],
    TF_FLOAT: dtypes.float,
    TF_INT32: dtypes.int32,
    TF_INT64: dtypes.int64,
    TF_BOOL: dtypes.bool,
    TF_COMPLEX64: dtypes.complex64,
    TF_STRING: dtypes.string,
    TF_RESOURCE: dtypes.resource,
    TF_UINT8: dtypes.uint8,
    TF_ATTR_STRING: attributeKinds.string,
    TF_ATTR_INT: attributeKinds.int,
    TF_ATTR_FLOAT: attributeKinds.float,
    TF_ATTR_BOOL: attributeKinds.bool,
    TF_ATTR_TYPE: attributeKinds.type,
    TF_ATTR_SHAPE: attributeKinds.shape,
    TF_ATTR_RESOURCE: attributeKinds.resource,
    TF_Version: tensorflow.TF_Version(),
  };
}

function noSavedModels(): never {
  throw new Error('Saved models are not part of this engine: weights are read through trainer/weights.');
}
