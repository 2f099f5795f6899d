/**
 * The part of TensorFlow's C API that the engine calls, typed, through koffi.
 * Handles are declared int64_t, so that they are plain numbers here: user space addresses stay below 2^47.
 */
import { koffi } from '../../native-calls.ts';
import { FaultError } from '../../durable/fault-error.ts';
import { loadLibraries } from './library.ts';

/** An address inside TensorFlow. */
export type Handle = number;

type Source = 'framework' | 'tensorflow' | 'system';

/** Name → its library and C declaration. */
const declarations = {
  TF_NewStatus: ['framework', 'int64_t TF_NewStatus()'],
  TF_GetCode: ['framework', 'int TF_GetCode(int64_t)'],
  TF_Message: ['framework', 'const char* TF_Message(int64_t)'],
  TF_AllocateTensor: ['framework', 'int64_t TF_AllocateTensor(int, const void*, int, size_t)'],
  TF_NewTensor: ['framework', 'int64_t TF_NewTensor(int, const void*, int, const void*, size_t, int64_t, int64_t)'],
  TF_DeleteTensor: ['framework', 'void TF_DeleteTensor(int64_t)'],
  TF_TensorData: ['framework', 'int64_t TF_TensorData(int64_t)'],
  TF_TensorByteSize: ['framework', 'int64_t TF_TensorByteSize(int64_t)'],
  TF_TensorElementCount: ['framework', 'int64_t TF_TensorElementCount(int64_t)'],
  TF_Version: ['tensorflow', 'const char* TF_Version()'],
  TF_StringInit: ['tensorflow', 'void TF_StringInit(int64_t)'],
  TF_StringCopy: ['tensorflow', 'void TF_StringCopy(int64_t, const void*, size_t)'],
  TF_StringGetDataPointer: ['tensorflow', 'int64_t TF_StringGetDataPointer(int64_t)'],
  TF_StringGetSize: ['tensorflow', 'int64_t TF_StringGetSize(int64_t)'],
  TF_DeviceListCount: ['tensorflow', 'int TF_DeviceListCount(int64_t)'],
  TF_DeviceListName: ['tensorflow', 'const char* TF_DeviceListName(int64_t, int, int64_t)'],
  TF_DeleteDeviceList: ['tensorflow', 'void TF_DeleteDeviceList(int64_t)'],
  TFE_NewContextOptions: ['tensorflow', 'int64_t TFE_NewContextOptions()'],
  TFE_ContextOptionsSetConfig: [
    'tensorflow',
    'void TFE_ContextOptionsSetConfig(int64_t, const void*, size_t, int64_t)',
  ],
  TFE_DeleteContextOptions: ['tensorflow', 'void TFE_DeleteContextOptions(int64_t)'],
  TFE_NewContext: ['tensorflow', 'int64_t TFE_NewContext(int64_t, int64_t)'],
  TFE_ContextListDevices: ['tensorflow', 'int64_t TFE_ContextListDevices(int64_t, int64_t)'],
  TFE_NewTensorHandle: ['tensorflow', 'int64_t TFE_NewTensorHandle(int64_t, int64_t)'],
  TFE_DeleteTensorHandle: ['tensorflow', 'void TFE_DeleteTensorHandle(int64_t)'],
  TFE_TensorHandleDataType: ['tensorflow', 'int TFE_TensorHandleDataType(int64_t)'],
  TFE_TensorHandleNumDims: ['tensorflow', 'int TFE_TensorHandleNumDims(int64_t, int64_t)'],
  TFE_TensorHandleDim: ['tensorflow', 'int64_t TFE_TensorHandleDim(int64_t, int, int64_t)'],
  TFE_TensorHandleResolve: ['tensorflow', 'int64_t TFE_TensorHandleResolve(int64_t, int64_t)'],
  TFE_TensorHandleBackingDeviceName: ['tensorflow', 'const char* TFE_TensorHandleBackingDeviceName(int64_t, int64_t)'],
  TFE_NewOp: ['tensorflow', 'int64_t TFE_NewOp(int64_t, const void*, int64_t)'],
  TFE_DeleteOp: ['tensorflow', 'void TFE_DeleteOp(int64_t)'],
  TFE_OpAddInput: ['tensorflow', 'void TFE_OpAddInput(int64_t, int64_t, int64_t)'],
  TFE_OpSetAttrString: ['tensorflow', 'void TFE_OpSetAttrString(int64_t, const void*, const void*, size_t)'],
  TFE_OpSetAttrStringList: [
    'tensorflow',
    'void TFE_OpSetAttrStringList(int64_t, const void*, const void**, const void*, int)',
  ],
  TFE_OpSetAttrInt: ['tensorflow', 'void TFE_OpSetAttrInt(int64_t, const void*, int64_t)'],
  TFE_OpSetAttrIntList: ['tensorflow', 'void TFE_OpSetAttrIntList(int64_t, const void*, const void*, int)'],
  TFE_OpSetAttrFloat: ['tensorflow', 'void TFE_OpSetAttrFloat(int64_t, const void*, float)'],
  TFE_OpSetAttrFloatList: ['tensorflow', 'void TFE_OpSetAttrFloatList(int64_t, const void*, const void*, int)'],
  TFE_OpSetAttrBool: ['tensorflow', 'void TFE_OpSetAttrBool(int64_t, const void*, uint8_t)'],
  TFE_OpSetAttrBoolList: ['tensorflow', 'void TFE_OpSetAttrBoolList(int64_t, const void*, const void*, int)'],
  TFE_OpSetAttrType: ['tensorflow', 'void TFE_OpSetAttrType(int64_t, const void*, int)'],
  TFE_OpSetAttrTypeList: ['tensorflow', 'void TFE_OpSetAttrTypeList(int64_t, const void*, const void*, int)'],
  TFE_OpSetAttrShape: ['tensorflow', 'void TFE_OpSetAttrShape(int64_t, const void*, const void*, int, int64_t)'],
  TFE_OpSetAttrShapeList: [
    'tensorflow',
    'void TFE_OpSetAttrShapeList(int64_t, const void*, const void**, const void*, int, int64_t)',
  ],
  TFE_Execute: ['tensorflow', 'void TFE_Execute(int64_t, void*, void*, int64_t)'],
  TF_DeleteStatus: ['framework', 'void TF_DeleteStatus(int64_t)'],
  TF_NewBuffer: ['framework', 'int64_t TF_NewBuffer()'],
  TF_NewBufferFromString: ['framework', 'int64_t TF_NewBufferFromString(const void*, size_t)'],
  TF_DeleteBuffer: ['framework', 'void TF_DeleteBuffer(int64_t)'],
  TF_TensorType: ['framework', 'int TF_TensorType(int64_t)'],
  TF_NumDims: ['framework', 'int TF_NumDims(int64_t)'],
  TF_Dim: ['framework', 'int64_t TF_Dim(int64_t, int)'],
  TF_NewGraph: ['tensorflow', 'int64_t TF_NewGraph()'],
  TF_GraphGetOpDef: ['tensorflow', 'void TF_GraphGetOpDef(int64_t, const void*, int64_t, int64_t)'],
  TF_GraphToGraphDef: ['tensorflow', 'void TF_GraphToGraphDef(int64_t, int64_t, int64_t)'],
  TF_NewOperation: ['tensorflow', 'int64_t TF_NewOperation(int64_t, const void*, const void*)'],
  TF_AddInput: ['tensorflow', 'void TF_AddInput(int64_t, TF_Output)'],
  TF_AddInputList: ['tensorflow', 'void TF_AddInputList(int64_t, const void*, int)'],
  TF_AddControlInput: ['tensorflow', 'void TF_AddControlInput(int64_t, int64_t)'],
  TF_SetAttrString: ['tensorflow', 'void TF_SetAttrString(int64_t, const void*, const void*, size_t)'],
  TF_SetAttrStringList: [
    'tensorflow',
    'void TF_SetAttrStringList(int64_t, const void*, const void**, const void*, int)',
  ],
  TF_SetAttrInt: ['tensorflow', 'void TF_SetAttrInt(int64_t, const void*, int64_t)'],
  TF_SetAttrIntList: ['tensorflow', 'void TF_SetAttrIntList(int64_t, const void*, const void*, int)'],
  TF_SetAttrFloat: ['tensorflow', 'void TF_SetAttrFloat(int64_t, const void*, float)'],
  TF_SetAttrFloatList: ['tensorflow', 'void TF_SetAttrFloatList(int64_t, const void*, const void*, int)'],
  TF_SetAttrBool: ['tensorflow', 'void TF_SetAttrBool(int64_t, const void*, uint8_t)'],
  TF_SetAttrBoolList: ['tensorflow', 'void TF_SetAttrBoolList(int64_t, const void*, const void*, int)'],
  TF_SetAttrType: ['tensorflow', 'void TF_SetAttrType(int64_t, const void*, int)'],
  TF_SetAttrTypeList: ['tensorflow', 'void TF_SetAttrTypeList(int64_t, const void*, const void*, int)'],
  TF_SetAttrShape: ['tensorflow', 'void TF_SetAttrShape(int64_t, const void*, const void*, int)'],
  TF_SetAttrShapeList: ['tensorflow', 'void TF_SetAttrShapeList(int64_t, const void*, const void**, const void*, int)'],
  TF_SetAttrTensor: ['tensorflow', 'void TF_SetAttrTensor(int64_t, const void*, int64_t, int64_t)'],
  TF_FinishOperation: ['tensorflow', 'int64_t TF_FinishOperation(int64_t, int64_t)'],
  TF_OperationOutputType: ['tensorflow', 'int TF_OperationOutputType(TF_Output)'],
  TF_GraphGetTensorNumDims: ['tensorflow', 'int TF_GraphGetTensorNumDims(int64_t, TF_Output, int64_t)'],
  TF_GraphGetTensorShape: ['tensorflow', 'void TF_GraphGetTensorShape(int64_t, TF_Output, void*, int, int64_t)'],
  TF_NewSessionOptions: ['tensorflow', 'int64_t TF_NewSessionOptions()'],
  TF_DeleteSessionOptions: ['tensorflow', 'void TF_DeleteSessionOptions(int64_t)'],
  TF_SetDevice: ['tensorflow', 'void TF_SetDevice(int64_t, const char*)'],
  TF_NewServer: ['tensorflow', 'int64_t TF_NewServer(const void*, size_t, int64_t)'],
  TF_ServerStart: ['tensorflow', 'void TF_ServerStart(int64_t, int64_t)'],
  TF_ServerTarget: ['tensorflow', 'const char* TF_ServerTarget(int64_t)'],
  TF_SetTarget: ['tensorflow', 'void TF_SetTarget(int64_t, const char*)'],
  TF_SetConfig: ['tensorflow', 'void TF_SetConfig(int64_t, const void*, size_t, int64_t)'],
  TF_NewSession: ['tensorflow', 'int64_t TF_NewSession(int64_t, int64_t, int64_t)'],
  TF_SessionRun: [
    'tensorflow',
    'void TF_SessionRun(int64_t, int64_t, const void*, const void*, int, const void*, void*, int, const void*, int, ' +
      'int64_t, int64_t)',
  ],
} as const satisfies Readonly<Record<string, readonly [Source, string]>>;

/**
 * C++ functions missing from the C API: they control whether float32 products and convolutions may be computed in
 * TensorFloat-32 on GPUs that support it. By default TensorFlow allows this and silently loses 13 of 23 bits.
 */
const tensorFloat32 = {
  enable: 'void _ZN3tsl32enable_tensor_float_32_executionEb(bool)',
  isEnabled: 'bool _ZN3tsl33tensor_float_32_execution_enabledEv()',
} as const;

/** One result of an operation in a graph. */
export interface Output {
  readonly oper: Handle;
  readonly index: number;
}
koffi.struct('TF_Output', { oper: 'int64_t', index: 'int' });

/** Arguments of TF_SessionRun before the status; arrays are laid out as C lays them out. */
export type SessionRunRequest = readonly [
  session: Handle,
  /** 0: none. */
  runOptions: Handle,
  inputs: BigInt64Array | null,
  inputValues: BigInt64Array | null,
  inputCount: number,
  outputs: BigInt64Array | null,
  outputValues: BigInt64Array | null,
  outputCount: number,
  targets: BigInt64Array | null,
  targetCount: number,
  runMetadata: Handle,
];

/** A C string at a fixed address: operations keep pointers to their names. */
export type CString = Uint8Array;

export interface TensorFlow {
  TF_NewStatus(): Handle;
  TF_GetCode(status: Handle): number;
  TF_Message(status: Handle): string;
  TF_AllocateTensor(dtype: number, dimensions: BigInt64Array | null, rank: number, bytes: number): Handle;
  TF_NewTensor(
    dtype: number,
    dimensions: BigInt64Array | null,
    rank: number,
    memory: ArrayBufferView<SharedArrayBuffer>,
    bytes: number,
    deallocator: Handle,
    argument: Handle,
  ): Handle;
  /** A deallocator for TF_NewTensor that does nothing; called on any thread. */
  readonly noDeallocator: Handle;
  TF_DeleteTensor(tensor: Handle): void;
  TF_TensorData(tensor: Handle): Handle;
  TF_TensorByteSize(tensor: Handle): number;
  TF_TensorElementCount(tensor: Handle): number;
  TF_Version(): string;
  TF_StringInit(address: Handle): void;
  TF_StringCopy(address: Handle, bytes: Uint8Array, length: number): void;
  TF_StringGetDataPointer(address: Handle): Handle;
  TF_StringGetSize(address: Handle): number;
  TF_DeviceListCount(list: Handle): number;
  TF_DeviceListName(list: Handle, index: number, status: Handle): string;
  TF_DeleteDeviceList(list: Handle): void;
  TFE_NewContextOptions(): Handle;
  TFE_ContextOptionsSetConfig(options: Handle, proto: Uint8Array, length: number, status: Handle): void;
  TFE_DeleteContextOptions(options: Handle): void;
  TFE_NewContext(options: Handle, status: Handle): Handle;
  TFE_ContextListDevices(context: Handle, status: Handle): Handle;
  TFE_NewTensorHandle(tensor: Handle, status: Handle): Handle;
  TFE_DeleteTensorHandle(handle: Handle): void;
  TFE_TensorHandleDataType(handle: Handle): number;
  TFE_TensorHandleNumDims(handle: Handle, status: Handle): number;
  TFE_TensorHandleDim(handle: Handle, index: number, status: Handle): number;
  TFE_TensorHandleResolve(handle: Handle, status: Handle): Handle;
  TFE_TensorHandleBackingDeviceName(handle: Handle, status: Handle): string;
  TFE_NewOp(context: Handle, name: CString, status: Handle): Handle;
  TFE_DeleteOp(operation: Handle): void;
  TFE_OpAddInput(operation: Handle, input: Handle, status: Handle): void;
  TFE_OpSetAttrString(operation: Handle, name: CString, value: Uint8Array, length: number): void;
  TFE_OpSetAttrStringList(
    operation: Handle,
    name: CString,
    values: readonly CString[],
    lengths: BigInt64Array,
    count: number,
  ): void;
  TFE_OpSetAttrInt(operation: Handle, name: CString, value: number): void;
  TFE_OpSetAttrIntList(operation: Handle, name: CString, values: BigInt64Array, count: number): void;
  TFE_OpSetAttrFloat(operation: Handle, name: CString, value: number): void;
  TFE_OpSetAttrFloatList(operation: Handle, name: CString, values: Float32Array, count: number): void;
  TFE_OpSetAttrBool(operation: Handle, name: CString, value: number): void;
  TFE_OpSetAttrBoolList(operation: Handle, name: CString, values: Uint8Array, count: number): void;
  TFE_OpSetAttrType(operation: Handle, name: CString, value: number): void;
  TFE_OpSetAttrTypeList(operation: Handle, name: CString, values: Int32Array, count: number): void;
  TFE_OpSetAttrShape(operation: Handle, name: CString, shape: BigInt64Array, rank: number, status: Handle): void;
  TFE_OpSetAttrShapeList(
    operation: Handle,
    name: CString,
    shapes: readonly BigInt64Array[],
    ranks: Int32Array,
    count: number,
    status: Handle,
  ): void;
  TFE_Execute(operation: Handle, outputs: BigInt64Array, count: Int32Array, status: Handle): void;
  TF_DeleteStatus(status: Handle): void;
  TF_NewBuffer(): Handle;
  TF_NewBufferFromString(bytes: Uint8Array, length: number): Handle;
  TF_DeleteBuffer(buffer: Handle): void;
  TF_TensorType(tensor: Handle): number;
  TF_NumDims(tensor: Handle): number;
  TF_Dim(tensor: Handle, axis: number): number;
  TF_SetDevice(description: Handle, device: string): void;
  TF_NewServer(definition: Uint8Array, length: number, status: Handle): Handle;
  TF_ServerStart(server: Handle, status: Handle): void;
  TF_ServerTarget(server: Handle): string;
  TF_SetTarget(options: Handle, target: string): void;
  TF_NewGraph(): Handle;
  TF_GraphGetOpDef(graph: Handle, name: CString, buffer: Handle, status: Handle): void;
  TF_GraphToGraphDef(graph: Handle, buffer: Handle, status: Handle): void;
  TF_NewOperation(graph: Handle, kind: CString, name: CString): Handle;
  TF_AddInput(description: Handle, input: Output): void;
  TF_AddInputList(description: Handle, inputs: BigInt64Array, count: number): void;
  TF_AddControlInput(description: Handle, operation: Handle): void;
  TF_SetAttrString(description: Handle, name: CString, value: Uint8Array, length: number): void;
  TF_SetAttrStringList(
    description: Handle,
    name: CString,
    values: readonly CString[],
    lengths: BigInt64Array,
    count: number,
  ): void;
  TF_SetAttrInt(description: Handle, name: CString, value: number): void;
  TF_SetAttrIntList(description: Handle, name: CString, values: BigInt64Array, count: number): void;
  TF_SetAttrFloat(description: Handle, name: CString, value: number): void;
  TF_SetAttrFloatList(description: Handle, name: CString, values: Float32Array, count: number): void;
  TF_SetAttrBool(description: Handle, name: CString, value: number): void;
  TF_SetAttrBoolList(description: Handle, name: CString, values: Uint8Array, count: number): void;
  TF_SetAttrType(description: Handle, name: CString, value: number): void;
  TF_SetAttrTypeList(description: Handle, name: CString, values: Int32Array, count: number): void;
  TF_SetAttrShape(description: Handle, name: CString, shape: BigInt64Array, rank: number): void;
  TF_SetAttrShapeList(
    description: Handle,
    name: CString,
    shapes: readonly BigInt64Array[],
    ranks: Int32Array,
    count: number,
  ): void;
  TF_SetAttrTensor(description: Handle, name: CString, tensor: Handle, status: Handle): void;
  TF_FinishOperation(description: Handle, status: Handle): Handle;
  TF_OperationOutputType(output: Output): number;
  TF_GraphGetTensorNumDims(graph: Handle, output: Output, status: Handle): number;
  TF_GraphGetTensorShape(graph: Handle, output: Output, shape: BigInt64Array, rank: number, status: Handle): void;
  TF_NewSessionOptions(): Handle;
  TF_DeleteSessionOptions(options: Handle): void;
  TF_SetConfig(options: Handle, proto: Uint8Array, length: number, status: Handle): void;
  TF_NewSession(graph: Handle, options: Handle, status: Handle): Handle;
  TF_SessionRun: {
    (...given: [...SessionRunRequest, status: Handle]): void;
    /** On a thread of its own; the arrays must live until `done`. */
    async(...given: [...SessionRunRequest, status: Handle, done: (error: Error | null) => void]): void;
  };
  /** Allows or forbids computing float32 in TensorFloat-32. */
  enableTensorFloat32(enabled: boolean): void;
  isTensorFloat32Enabled(): boolean;
  /** memcpy to an address inside TensorFlow. */
  copyIn(address: Handle, from: ArrayBufferView, bytes: number): void;
  /** memcpy out of it. Memory is never shared: an external ArrayBuffer is not allowed everywhere. */
  copyOut(to: ArrayBufferView, address: Handle, bytes: number): void;
  /** Gives memory back to the system that was needed to load TensorFlow or to prepare a run. Some milliseconds. */
  letGoOfUnused(): void;
}

/** TF_Code of RESOURCE_EXHAUSTED. */
const resourceExhausted = 8;

/** @throws TensorFlow's error; if memory ran out, a fault that suggests a remedy */
export function checkStatus(tensorflow: TensorFlow, status: Handle, what: string): void {
  const code = tensorflow.TF_GetCode(status);
  if (code === 0) return;
  const message = `TensorFlow could not ${what}: ${tensorflow.TF_Message(status)} (code ${code}).`;
  if (code === resourceExhausted) throw new FaultError('out-of-memory', message, {}, { retry: 'smaller-batch' });
  throw new Error(message);
}

/**
 * glibc gives every block above a threshold its own mapping and returns it to the kernel when freed: a training step,
 * which allocates the same large tensors again and again, would then fault in every page again. These settings keep
 * freed memory in the process. 32 MiB is the most glibc accepts for the first; it silently ignores more.
 */
const keepFreedMemory: readonly (readonly [name: number, value: number])[] = [
  [-3 /* M_MMAP_THRESHOLD */, 32 << 20],
  [-1 /* M_TRIM_THRESHOLD */, 1 << 30],
  [-2 /* M_TOP_PAD */, 64 << 20],
];

export function loadTensorFlow(): TensorFlow {
  const libraries = loadLibraries();
  const functions: Record<string, unknown> = {};
  for (const [name, [source, declaration]] of Object.entries(declarations)) {
    functions[name] = libraries[source].func(declaration);
  }
  functions['enableTensorFloat32'] = libraries.framework.func(tensorFloat32.enable);
  functions['isTensorFloat32Enabled'] = libraries.framework.func(tensorFloat32.isEnabled);
  // It does nothing but return a constant, whatever it is given.
  functions['noDeallocator'] = Number(libraries.tensorflow.symbol('TF_Version'));
  functions['copyIn'] = libraries.system.func('void* memcpy(int64_t, const void*, size_t)');
  functions['copyOut'] = libraries.system.func('void* memcpy(void*, int64_t, size_t)');
  if (libraries.hasMallopt) {
    const mallopt = libraries.system.func('int mallopt(int, int)') as (name: number, value: number) => number;
    for (const [name, value] of keepFreedMemory) {
      if (mallopt(name, value) !== 1) throw new Error(`The C library refuses mallopt(${name}, ${value}).`);
    }
  }
  functions['letGoOfUnused'] = () => libraries.letGoOfUnused();
  return functions as unknown as TensorFlow;
}
