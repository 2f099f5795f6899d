/**
 * A TensorFlow graph that grows, and the session that runs parts of it. Operations are added one by one through the C API,
 * so TensorFlow itself checks every input and attribute and infers every shape.
 */
import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import { attributeKinds, bigints, permanent, setAttribute, type AttributeSetters } from '../binding/attributes.ts';
import { inputArguments, type InputArgument } from './op-definition.ts';
import { checkStatus, type Handle, type Output, type TensorFlow } from '../binding/tensorflow.ts';
import { fullTrace, timingsOf, type Timing } from '../binding/timings.ts';
import { elementsOf, newTensor, tensorValues } from '../binding/tensors.ts';

/** An output with what is known of it. */
export interface Node extends Output {
  readonly dtype: number;
  /** -1 where the size depends on the data. */
  readonly shape: readonly number[];
}

/** An operation's name and attributes. */
export interface OperationOptions {
  readonly attributes?: readonly TFEOpAttr[];
  /** Operations that must have run before. */
  readonly after?: readonly Handle[];
}

/** A value for a placeholder. The graph deletes the tensor after the run. */
export interface Feed {
  readonly node: Output;
  readonly tensor: Handle;
}

/** What is asked of one run. */
export interface Request {
  readonly feeds: readonly Feed[];
  readonly fetches: readonly Output[];
  /** Operations to run for their effect. */
  readonly targets: readonly Handle[];
}

export interface Graph {
  /** Adds an operation and gives its handle with its outputs. */
  add(
    kind: string,
    inputs: readonly Output[],
    outputs: number,
    options?: OperationOptions,
  ): { readonly operation: Handle; readonly outputs: readonly Node[] };
  constant(dtype: number, shape: readonly number[], values: ArrayBufferView): Node;
  /** The same value, but not before others are there. */
  delayed(value: Node, until: readonly Node[]): Node;
  /** What a small constant of whole numbers says; null of any other node. */
  integersOf(node: Output): readonly number[] | null;
  placeholder(dtype: number, shape: readonly number[]): Node;
  /** A value for a placeholder, copied. */
  feed(node: Node, values: Float32Array | Int32Array): Feed;
  /** The values of a fetched tensor. */
  values(tensor: Handle, dtype: number): Float32Array | Int32Array | Uint8Array;
  /** The same for the last time: the tensor is deleted. */
  take(tensor: Handle, dtype: number): Float32Array | Int32Array | Uint8Array;
  free(tensor: Handle): void;
  /** Tensors of the fetches; who asks for them takes or frees them. On a thread of TensorFlow's. */
  run(request: Request): Promise<readonly Handle[]>;
  /** The same, with the time of every operation. */
  profile(request: Request): Promise<{ readonly results: readonly Handle[]; readonly timings: readonly Timing[] }>;
  /** The same while this thread waits: for state, outside training. */
  runNow(request: Request): readonly Handle[];
}

/** sizeof(TF_Output), and a handle, in units of 8 bytes. */
const outputWords = 2;

/** Constants up to this many elements are kept once. */
const sharedConstant = 16;

export const type = (name: string, value: number): TFEOpAttr => ({ name, type: attributeKinds.type, value });

export const shapeAttribute = (value: readonly number[]): TFEOpAttr => ({
  name: 'shape',
  type: attributeKinds.shape,
  value: [...value],
});

/** @param config bytes of a ConfigProto */
export function createGraph(tensorflow: TensorFlow, config: Uint8Array): Graph {
  const status = tensorflow.TF_NewStatus();
  const graph = tensorflow.TF_NewGraph();
  const definitions = new Map<string, readonly InputArgument[]>();
  const constants = new Map<string, Node>();
  const integers = new Map<Handle, readonly number[]>();
  let count = 0;
  const setters: AttributeSetters = {
    string: tensorflow.TF_SetAttrString,
    strings: tensorflow.TF_SetAttrStringList,
    int: tensorflow.TF_SetAttrInt,
    ints: tensorflow.TF_SetAttrIntList,
    float: tensorflow.TF_SetAttrFloat,
    floats: tensorflow.TF_SetAttrFloatList,
    bool: tensorflow.TF_SetAttrBool,
    bools: tensorflow.TF_SetAttrBoolList,
    type: tensorflow.TF_SetAttrType,
    types: tensorflow.TF_SetAttrTypeList,
    shape: tensorflow.TF_SetAttrShape,
    shapes: tensorflow.TF_SetAttrShapeList,
  };

  const check = (what: string, of: Handle = status): void => checkStatus(tensorflow, of, what);

  function openSession(): Handle {
    const options = tensorflow.TF_NewSessionOptions();
    tensorflow.TF_SetConfig(options, config, config.length, status);
    check('take the session options');
    const opened = tensorflow.TF_NewSession(graph, options, status);
    check('open a session');
    tensorflow.TF_DeleteSessionOptions(options);
    return opened;
  }
  const session = openSession();

  function argumentsOf(kind: string): readonly InputArgument[] {
    const known = definitions.get(kind);
    if (known) return known;
    const buffer = tensorflow.TF_NewBuffer();
    try {
      tensorflow.TF_GraphGetOpDef(graph, permanent(kind), buffer, status);
      check(`find an operation "${kind}"`);
      const found = inputArguments(bufferBytes(buffer));
      definitions.set(kind, found);
      return found;
    } finally {
      tensorflow.TF_DeleteBuffer(buffer);
    }
  }

  /** What a TF_Buffer holds: struct { const void* data; size_t length; … }. */
  function bufferBytes(buffer: Handle): Uint8Array {
    const words = new BigInt64Array(2);
    tensorflow.copyOut(words, buffer, words.byteLength);
    const bytes = new Uint8Array(Number(words[1]));
    if (bytes.length > 0) tensorflow.copyOut(bytes, Number(words[0]), bytes.length);
    return bytes;
  }

  function addInputs(
    description: Handle,
    kind: string,
    inputs: readonly Output[],
    attributes: readonly TFEOpAttr[],
  ): void {
    const given = argumentsOf(kind);
    let at = 0;
    // One list takes what the single tensors leave; with several, an attribute says how many each has.
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

  function nodeOf(operation: Handle, index: number): Node {
    const output = { oper: operation, index };
    const dtype = tensorflow.TF_OperationOutputType(output);
    const rank = tensorflow.TF_GraphGetTensorNumDims(graph, output, status);
    check('infer a shape');
    const sizes = new BigInt64Array(Math.max(rank, 0));
    if (rank > 0) tensorflow.TF_GraphGetTensorShape(graph, output, sizes, rank, status);
    return { ...output, dtype, shape: rank < 0 ? [-1] : Array.from(sizes, Number) };
  }

  function finish(description: Handle, kind: string): Handle {
    const operation = tensorflow.TF_FinishOperation(description, status);
    check(`add "${kind}" to the graph`);
    return operation;
  }

  const describe = (kind: string): Handle =>
    tensorflow.TF_NewOperation(graph, permanent(kind), new TextEncoder().encode(`${kind}_${count++}\0`));

  function add(kind: string, inputs: readonly Output[], outputs: number, options: OperationOptions = {}) {
    const { attributes = [], after = [] } = options;
    // Asked first: an operation that was begun must be finished.
    argumentsOf(kind);
    const description = describe(kind);
    addInputs(description, kind, inputs, attributes);
    for (const operation of after) tensorflow.TF_AddControlInput(description, operation);
    for (const attribute of attributes) setAttribute(setters, description, attribute);
    const operation = finish(description, kind);
    return { operation, outputs: Array.from({ length: outputs }, (_, index) => nodeOf(operation, index)) };
  }

  function constant(dtype: number, shape: readonly number[], values: ArrayBufferView): Node {
    const elements = elementsOf(shape);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const key = elements <= sharedConstant ? `${dtype} ${shape.join()} ${bytes.join()}` : null;
    const known = key === null ? undefined : constants.get(key);
    if (known) return known;
    const tensor = newTensor(tensorflow, shape, dtype, values);
    try {
      const description = describe('Const');
      tensorflow.TF_SetAttrTensor(description, permanent('value'), tensor, status);
      tensorflow.TF_SetAttrType(description, permanent('dtype'), dtype);
      const node = nodeOf(finish(description, 'Const'), 0);
      if (key !== null) constants.set(key, node);
      if (key !== null && values instanceof Int32Array) integers.set(node.oper, [...values]);
      return node;
    } finally {
      tensorflow.TF_DeleteTensor(tensor);
    }
  }

  function delayed(value: Node, until: readonly Node[]): Node {
    const options = { attributes: [type('T', value.dtype)], after: until.map(({ oper }) => oper) };
    // A shape that was known stays so.
    return { ...add('Identity', [value], 1, options).outputs[0]!, shape: value.shape };
  }

  function placeholder(dtype: number, shape: readonly number[]): Node {
    const attributes = [type('dtype', dtype), shapeAttribute(shape)];
    return add('Placeholder', [], 1, { attributes }).outputs[0]!;
  }

  /** Everything a run touches, in C's layout, kept together so that it lives as long as the run. */
  function callOf({ feeds, fetches, targets }: Request, options: Handle = 0, metadata: Handle = 0) {
    const results = new BigInt64Array(fetches.length);
    const inputs = outputArray(feeds.map(({ node }) => node));
    const values = feeds.length > 0 ? bigints(feeds.map(({ tensor }) => tensor)) : null;
    const outputs = outputArray(fetches);
    const operations = targets.length > 0 ? bigints(targets) : null;
    const given = [
      ...([session, options, inputs, values, feeds.length] as const),
      ...([outputs, fetches.length > 0 ? results : null, fetches.length] as const),
      ...([operations, targets.length, metadata] as const),
    ] as const;
    return { given, results };
  }

  /** `call` is held until the run ends, and with it the arrays that TensorFlow reads and writes. */
  async function finished(request: Request, call: ReturnType<typeof callOf>): Promise<readonly Handle[]> {
    const own = tensorflow.TF_NewStatus();
    try {
      await new Promise<void>((resolve, reject) => {
        tensorflow.TF_SessionRun.async(...call.given, own, (error) => {
          if (error) reject(error);
          else resolve();
        });
      });
      check('run a step', own);
      return Array.from(call.results, Number);
    } finally {
      freeFeeds(request);
      tensorflow.TF_DeleteStatus(own);
    }
  }

  const freeFeeds = ({ feeds }: Request): void => {
    for (const { tensor } of feeds) tensorflow.TF_DeleteTensor(tensor);
  };

  const values = (tensor: Handle, dtype: number) => tensorValues(tensorflow, tensor, dtype);

  return {
    add,
    constant,
    delayed,
    integersOf: ({ oper }) => integers.get(oper) ?? null,
    placeholder,
    feed: (node, given) => ({ node, tensor: newTensor(tensorflow, node.shape, node.dtype, given) }),
    values,
    free: tensorflow.TF_DeleteTensor,
    take(tensor, dtype) {
      try {
        return values(tensor, dtype);
      } finally {
        tensorflow.TF_DeleteTensor(tensor);
      }
    },
    run: (request) => finished(request, callOf(request)),
    async profile(request) {
      const options = tensorflow.TF_NewBufferFromString(fullTrace, fullTrace.length);
      const metadata = tensorflow.TF_NewBuffer();
      try {
        const results = await finished(request, callOf(request, options, metadata));
        return { results, timings: timingsOf(bufferBytes(metadata)) };
      } finally {
        tensorflow.TF_DeleteBuffer(options);
        tensorflow.TF_DeleteBuffer(metadata);
      }
    },
    runNow(request) {
      const { given, results } = callOf(request);
      tensorflow.TF_SessionRun(...given, status);
      freeFeeds(request);
      check('read or write the state');
      return Array.from(results, Number);
    },
  };
}

/** An array of TF_Output: a pointer, an int and four bytes that align the next. */
function outputArray(outputs: readonly Output[]): BigInt64Array | null {
  if (outputs.length === 0) return null;
  const words = new BigInt64Array(outputWords * outputs.length);
  outputs.forEach(({ oper, index }, at) => {
    words[outputWords * at] = BigInt(oper);
    words[outputWords * at + 1] = BigInt(index);
  });
  return words;
}
