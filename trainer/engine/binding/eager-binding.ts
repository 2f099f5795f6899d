/**
 * What tfjs-node's backend calls, over TensorFlow's eager C API: the place of its compiled addon.
 * A tensor is known to tfjs by a small number; here that number leads to TensorFlow's handle.
 */
import type { TFEOpAttr, TFJSBinding } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import { isSuspect, refuseAvoided } from './avoided-operations.ts';
import { attributeKinds, permanent, setAttribute, type AttributeSetters } from './attributes.ts';
import { checkStatus, type Handle, type TensorFlow } from './tensorflow.ts';
import { dimensions, dtypes, newTensor, tensorValues, typedValues, type BackendValues } from './tensors.ts';

/** sizeof(TF_TString). */
const stringBytes = 24;

/** No operation the backend runs gives more outputs than this. */
const outputLimit = 256;

export interface Binding extends TFJSBinding {
  /** Where TensorFlow really keeps a tensor: the device that computed it. */
  deviceOf(tensor: number): string;
  readonly devices: readonly string[];
}

type Metadata = ReturnType<TFJSBinding['executeOp']>[number];

export function createBinding(tensorflow: TensorFlow, config: Uint8Array): Binding {
  const status = tensorflow.TF_NewStatus();
  const handles = new Map<number, Handle>();
  const outputs = new BigInt64Array(outputLimit);
  const outputCount = new Int32Array(1);
  let nextId = 0;
  const setters: AttributeSetters = {
    string: tensorflow.TFE_OpSetAttrString,
    strings: tensorflow.TFE_OpSetAttrStringList,
    int: tensorflow.TFE_OpSetAttrInt,
    ints: tensorflow.TFE_OpSetAttrIntList,
    float: tensorflow.TFE_OpSetAttrFloat,
    floats: tensorflow.TFE_OpSetAttrFloatList,
    bool: tensorflow.TFE_OpSetAttrBool,
    bools: tensorflow.TFE_OpSetAttrBoolList,
    type: tensorflow.TFE_OpSetAttrType,
    types: tensorflow.TFE_OpSetAttrTypeList,
    shape(operation, name, shape, rank) {
      tensorflow.TFE_OpSetAttrShape(operation, name, shape, rank, status);
      check('an attribute that is a shape');
    },
    shapes(operation, name, shapes, ranks, count) {
      tensorflow.TFE_OpSetAttrShapeList(operation, name, shapes, ranks, count, status);
      check('a list of shapes');
    },
  };

  const check = (what: string): void => checkStatus(tensorflow, status, `run ${what}`);

  function register(handle: Handle): number {
    const id = nextId++;
    handles.set(id, handle);
    return id;
  }

  function handleOf(id: number): Handle {
    const handle = handles.get(id);
    if (handle === undefined) throw new Error(`Tensor ${id} was used after it had been deleted.`);
    return handle;
  }

  function wrap(tensor: Handle): number {
    const handle = tensorflow.TFE_NewTensorHandle(tensor, status);
    tensorflow.TF_DeleteTensor(tensor);
    check('the creation of a tensor');
    return register(handle);
  }

  function createStrings(shape: readonly number[], values: readonly Uint8Array[]): number {
    const tensor = tensorflow.TF_AllocateTensor(
      dtypes.string,
      dimensions(shape),
      shape.length,
      values.length * stringBytes,
    );
    let address = tensorflow.TF_TensorData(tensor);
    for (const value of values) {
      tensorflow.TF_StringInit(address);
      tensorflow.TF_StringCopy(address, value, value.length);
      address += stringBytes;
    }
    return wrap(tensor);
  }

  function createTensor(shape: number[], dtype: number, given: BackendValues): number {
    if (dtype === dtypes.string) return createStrings(shape, given as Uint8Array[]);
    const tensor = newTensor(tensorflow, shape, dtype, typedValues(dtype, given));
    return wrap(tensor);
  }

  function deleteTensor(id: number): void {
    tensorflow.TFE_DeleteTensorHandle(handleOf(id));
    handles.delete(id);
  }

  function readStrings(tensor: Handle): Uint8Array[] {
    const start = tensorflow.TF_TensorData(tensor);
    return Array.from({ length: tensorflow.TF_TensorElementCount(tensor) }, (_, index) => {
      const address = start + index * stringBytes;
      const bytes = new Uint8Array(tensorflow.TF_StringGetSize(address));
      if (bytes.length > 0) tensorflow.copyOut(bytes, tensorflow.TF_StringGetDataPointer(address), bytes.length);
      return bytes;
    });
  }

  function tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array {
    const handle = handleOf(id);
    const dtype = tensorflow.TFE_TensorHandleDataType(handle);
    const tensor = tensorflow.TFE_TensorHandleResolve(handle, status);
    check('the reading of a tensor');
    try {
      // tfjs-node reads strings through the same call, whatever its declaration says.
      if (dtype === dtypes.string) return readStrings(tensor) as unknown as Uint8Array;
      return tensorValues(tensorflow, tensor, dtype);
    } finally {
      tensorflow.TF_DeleteTensor(tensor);
    }
  }

  function shapeOf(handle: Handle): number[] {
    const rank = tensorflow.TFE_TensorHandleNumDims(handle, status);
    return Array.from({ length: rank }, (_, axis) => tensorflow.TFE_TensorHandleDim(handle, axis, status));
  }

  const describe = (handle: Handle): Metadata => ({
    id: register(handle),
    shape: shapeOf(handle),
    dtype: tensorflow.TFE_TensorHandleDataType(handle),
  });

  function executeOp(
    name: string,
    opAttributes: readonly TFEOpAttr[],
    inputs: readonly number[],
    count: number,
  ): Metadata[] {
    if (isSuspect(name)) {
      refuseAvoided(name, {
        shapes: inputs.map((input) => shapeOf(handleOf(input))),
        integers: (input) => [...(tensorDataSync(inputs[input]!) as Int32Array)],
        attributes: opAttributes,
      });
    }
    const operation = tensorflow.TFE_NewOp(context, permanent(name), status);
    if (operation === 0) check(name);
    try {
      for (const input of inputs) tensorflow.TFE_OpAddInput(operation, handleOf(input), status);
      for (const attribute of opAttributes) setAttribute(setters, operation, attribute);
      outputCount[0] = count;
      tensorflow.TFE_Execute(operation, outputs, outputCount, status);
      check(name);
      const results = new Array<Metadata>(count);
      for (let index = 0; index < count; index++) results[index] = describe(Number(outputs[index]));
      return results;
    } finally {
      tensorflow.TFE_DeleteOp(operation);
    }
  }

  function openContext(): Handle {
    const options = tensorflow.TFE_NewContextOptions();
    tensorflow.TFE_ContextOptionsSetConfig(options, config, config.length, status);
    check('with these options');
    const opened = tensorflow.TFE_NewContext(options, status);
    check('at all');
    tensorflow.TFE_DeleteContextOptions(options);
    return opened;
  }

  function listDevices(): readonly string[] {
    const list = tensorflow.TFE_ContextListDevices(context, status);
    check('the list of devices');
    const devices = Array.from({ length: tensorflow.TF_DeviceListCount(list) }, (_, index) =>
      tensorflow.TF_DeviceListName(list, index, status),
    );
    tensorflow.TF_DeleteDeviceList(list);
    return devices;
  }

  const context = openContext();
  const devices = listDevices();

  return {
    createTensor,
    deleteTensor,
    tensorDataSync,
    executeOp,
    devices,
    deviceOf(id) {
      const name = tensorflow.TFE_TensorHandleBackingDeviceName(handleOf(id), status);
      check('the question where a tensor is');
      return name;
    },
    isUsingGpuDevice: () => devices.some((name) => name.includes('GPU')),
    getNumOfTensors: () => handles.size,
    loadSavedModel: noSavedModels,
    deleteSavedModel: noSavedModels,
    runSavedModel: noSavedModels,
    getNumOfSavedModels: () => 0,
    // Two classes the declaration lists; the backend never makes one.
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
