/**
 * What tfjs-node's backend calls, over TensorFlow's eager C API: the place of its compiled addon.
 * A tensor is known to tfjs by a small number; here that number leads to TensorFlow's handle.
 */
import type { TFEOpAttr, TFJSBinding } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import { FaultError } from '../fault.ts';
import type { CString, Handle, TensorFlow } from './tensorflow.ts';

/** TF_DataType, tensorflow/c/tf_datatype.h. */
const dtypes = {
  float: 1,
  double: 2,
  int32: 3,
  uint8: 4,
  int16: 5,
  int8: 6,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  resource: 20,
} as const;

const bytesPerElement: Readonly<Record<number, number>> = {
  [dtypes.float]: 4,
  [dtypes.double]: 8,
  [dtypes.int32]: 4,
  [dtypes.uint8]: 1,
  [dtypes.int16]: 2,
  [dtypes.int8]: 1,
  [dtypes.complex64]: 8,
  [dtypes.int64]: 8,
  [dtypes.bool]: 1,
};

/** sizeof(TF_TString). */
const stringBytes = 24;

/** Attribute kinds: numbers of TF_AttrType, and the ones tfjs-node uses beside. */
const attributes = { string: 0, int: 1, float: 2, bool: 3, type: 4, shape: 5, resource: 6 } as const;

/** No operation the backend runs gives more outputs than this. */
const outputLimit = 256;

/** TF_Code of RESOURCE_EXHAUSTED. */
const resourceExhausted = 8;

export interface Binding extends TFJSBinding {
  /** Where TensorFlow really keeps a tensor: the device that computed it. */
  deviceOf(tensor: number): string;
  readonly devices: readonly string[];
}

type Metadata = ReturnType<TFJSBinding['executeOp']>[number];
type Values = Parameters<TFJSBinding['createTensor']>[2];

export function createBinding(tensorflow: TensorFlow, config: Uint8Array): Binding {
  const status = tensorflow.TF_NewStatus();
  const handles = new Map<number, Handle>();
  const names = new Map<string, CString>();
  const outputs = new BigInt64Array(outputLimit);
  const outputCount = new Int32Array(1);
  let nextId = 0;

  function check(what: string): void {
    const code = tensorflow.TF_GetCode(status);
    if (code === 0) return;
    const message = `TensorFlow could not run ${what}: ${tensorflow.TF_Message(status)} (code ${code}).`;
    if (code === resourceExhausted) throw new FaultError('out-of-memory', message, {}, { retry: 'smaller-batch' });
    throw new Error(message);
  }

  /** Bytes of a name that live as long as the process: TensorFlow keeps the pointer. */
  function permanent(text: string): CString {
    const known = names.get(text);
    if (known) return known;
    const bytes = new TextEncoder().encode(`${text}\0`);
    names.set(text, bytes);
    return bytes;
  }

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

  function createTensor(shape: number[], dtype: number, given: Values): number {
    if (dtype === dtypes.string) return createStrings(shape, given as Uint8Array[]);
    const values = typedValues(dtype, given);
    const count = shape.reduce((product, size) => product * size, 1);
    const width = bytesPerElement[dtype];
    if (width === undefined || values.byteLength !== count * width) {
      throw new Error(
        `A tensor of shape [${shape.join(', ')}] and TensorFlow type ${dtype} cannot hold ${values.byteLength} bytes.`,
      );
    }
    const tensor = tensorflow.TF_AllocateTensor(dtype, dimensions(shape), shape.length, values.byteLength);
    if (values.byteLength > 0) tensorflow.copyIn(tensorflow.TF_TensorData(tensor), values, values.byteLength);
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
      const bytes = tensorflow.TF_TensorByteSize(tensor);
      const buffer = new Uint8Array(bytes);
      if (bytes > 0) tensorflow.copyOut(buffer, tensorflow.TF_TensorData(tensor), bytes);
      return hostValues(dtype, buffer.buffer);
    } finally {
      tensorflow.TF_DeleteTensor(tensor);
    }
  }

  function setAttribute(operation: Handle, attribute: TFEOpAttr): void {
    const name = permanent(attribute.name);
    const value = attribute.value;
    const list = Array.isArray(value) ? (value as readonly (number | boolean | string | readonly number[])[]) : null;
    switch (attribute.type) {
      case attributes.string:
        if (list) {
          setStrings(operation, name, list as readonly string[]);
        } else {
          const bytes = permanent(value as string);
          tensorflow.TFE_OpSetAttrString(operation, name, bytes, bytes.length - 1);
        }
        return;
      case attributes.int:
        if (list) tensorflow.TFE_OpSetAttrIntList(operation, name, bigints(list as readonly number[]), list.length);
        else tensorflow.TFE_OpSetAttrInt(operation, name, value as number);
        return;
      case attributes.float:
        if (list) {
          tensorflow.TFE_OpSetAttrFloatList(operation, name, Float32Array.from(list as readonly number[]), list.length);
        } else tensorflow.TFE_OpSetAttrFloat(operation, name, value as number);
        return;
      case attributes.bool:
        if (list) tensorflow.TFE_OpSetAttrBoolList(operation, name, Uint8Array.from(list, Number), list.length);
        else tensorflow.TFE_OpSetAttrBool(operation, name, value ? 1 : 0);
        return;
      case attributes.type:
        if (list) tensorflow.TFE_OpSetAttrTypeList(operation, name, Int32Array.from(list, Number), list.length);
        else tensorflow.TFE_OpSetAttrType(operation, name, value as number);
        return;
      case attributes.shape:
        if (list && Array.isArray(list[0])) setShapes(operation, name, list as readonly (readonly number[])[]);
        else {
          const shape = value as readonly number[];
          tensorflow.TFE_OpSetAttrShape(operation, name, bigints(shape), shape.length, status);
          check(`attribute ${attribute.name}`);
        }
        return;
      default:
        throw new Error(`Attribute ${attribute.name} has kind ${attribute.type}, which no operation here uses.`);
    }
  }

  function setStrings(operation: Handle, name: CString, values: readonly string[]): void {
    const bytes = values.map(permanent);
    tensorflow.TFE_OpSetAttrStringList(
      operation,
      name,
      bytes,
      bigints(bytes.map((text) => text.length - 1)),
      values.length,
    );
  }

  function setShapes(operation: Handle, name: CString, shapes: readonly (readonly number[])[]): void {
    tensorflow.TFE_OpSetAttrShapeList(
      operation,
      name,
      shapes.map(bigints),
      Int32Array.from(shapes, (shape) => shape.length),
      shapes.length,
      status,
    );
    check('a list of shapes');
  }

  function describe(handle: Handle): Metadata {
    const rank = tensorflow.TFE_TensorHandleNumDims(handle, status);
    const shape = new Array<number>(rank);
    for (let axis = 0; axis < rank; axis++) shape[axis] = tensorflow.TFE_TensorHandleDim(handle, axis, status);
    return { id: register(handle), shape, dtype: tensorflow.TFE_TensorHandleDataType(handle) };
  }

  function executeOp(
    name: string,
    opAttributes: readonly TFEOpAttr[],
    inputs: readonly number[],
    count: number,
  ): Metadata[] {
    const operation = tensorflow.TFE_NewOp(context, permanent(name), status);
    if (operation === 0) check(name);
    try {
      for (const input of inputs) tensorflow.TFE_OpAddInput(operation, handleOf(input), status);
      for (const attribute of opAttributes) setAttribute(operation, attribute);
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
    TF_ATTR_STRING: attributes.string,
    TF_ATTR_INT: attributes.int,
    TF_ATTR_FLOAT: attributes.float,
    TF_ATTR_BOOL: attributes.bool,
    TF_ATTR_TYPE: attributes.type,
    TF_ATTR_SHAPE: attributes.shape,
    TF_ATTR_RESOURCE: attributes.resource,
    TF_Version: tensorflow.TF_Version(),
  };
}

function bigints(values: readonly number[]): BigInt64Array {
  const result = new BigInt64Array(values.length);
  for (let index = 0; index < values.length; index++) result[index] = BigInt(values[index]!);
  return result;
}

function dimensions(shape: readonly number[]): BigInt64Array | null {
  return shape.length === 0 ? null : bigints(shape);
}

/** tfjs may hand over a plain array. */
function typedValues(dtype: number, values: Values): ArrayBufferView {
  if (ArrayBuffer.isView(values)) return values;
  const plain = values as unknown as ArrayLike<number>;
  if (dtype === dtypes.float) return Float32Array.from(plain);
  if (dtype === dtypes.int32) return Int32Array.from(plain);
  return Uint8Array.from(plain);
}

function hostValues(dtype: number, buffer: ArrayBuffer): Float32Array | Int32Array | Uint8Array {
  switch (dtype) {
    case dtypes.float:
    case dtypes.complex64:
      return new Float32Array(buffer);
    case dtypes.int32:
      return new Int32Array(buffer);
    case dtypes.int64:
      // The only 64-bit results are sizes and positions, which fit.
      return Int32Array.from(new BigInt64Array(buffer), Number);
    default:
      return new Uint8Array(buffer);
  }
}

function noSavedModels(): never {
  throw new Error('Saved models are not part of this engine: weights are read through trainer/weights.');
}
