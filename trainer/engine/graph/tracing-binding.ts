/**
 * The binding that tfjs-node's backend calls while a function is traced: it adds operations to a graph where the eager
 * binding would run them. Every operation that runs eagerly can therefore be traced, with the same kernels and
 * attributes.
 */
import type { TFJSBinding } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import type { Binding } from '../binding/eager-binding.ts';
import { refuseAvoided } from '../binding/avoided-operations.ts';
import { isLowType, type Autocast } from './autocast.ts';
import type { Graph } from './graph.ts';
import type { Node } from './node.ts';
import type { Rewriter } from './rewriter.ts';
import { bytesPerElement, dtypes, elementsOf, typedValues } from '../binding/tensors.ts';

export interface TracingBinding extends TFJSBinding {
  /** The node behind a backend tensor, in the type that tfjs assumes. */
  node(tensor: number): Node;
  /** The same value, available only once `until` are computed. */
  delayed(tensor: number, until: readonly number[]): ReturnType<TFJSBinding['executeOp']>[number];
  /** Registers a node with the backend. */
  register(node: Node): ReturnType<TFJSBinding['executeOp']>[number];
}

/** Constants of a single value and at least this many elements are filled at run time. */
const filledFrom = 64;

/**
 * Operations with outputs whose shape TensorFlow does not infer: fused batch normalisation keeps such outputs for its
 * gradient.
 */
const opaque = new Set(['FusedBatchNormV3']);

/**
 * @param flush writes the host's values to the device; called before a value is read
 * @param rewriters consulted in turn for every operation
 */
export function createTracingBinding(
  graph: Graph,
  eager: Binding,
  autocast: Autocast,
  flush: () => void,
  rewriters: readonly Rewriter[],
): TracingBinding {
  const nodes = new Map<number, Node>();
  let nextId = 0;

  function node(id: number): Node {
    const found = nodes.get(id);
    if (!found) throw new Error(`Tensor ${id} was used after it had been deleted.`);
    return found;
  }

  function register(made: Node) {
    const id = nextId++;
    nodes.set(id, made);
    return { id, shape: [...made.shape], dtype: isLowType(made.dtype) ? dtypes.float : made.dtype };
  }

  /** Works only for values that depend on nothing but variables and constants. */
  function readNow(asked: Node) {
    flush();
    try {
      return graph.runNow({ feeds: [], fetches: [asked], targets: [] });
    } catch (cause) {
      const advice = 'While it is traced there is no value yet: use tf.where or a mask in place of a branch.';
      throw new Error(`A traced function reads a tensor on the host. ${advice}`, { cause });
    }
  }

  const executeOp: TFJSBinding['executeOp'] = (kind, attributes, inputs, outputs) => {
    const prepared = autocast.prepare(kind, inputs.map(node), attributes);
    for (const rewriter of rewriters) {
      const better = rewriter.inPlaceOf(kind, prepared.inputs, prepared.attributes);
      if (better) return [register(better)];
    }
    refuseAvoided(kind, () => ({
      shapes: prepared.inputs.map(({ shape }) => shape),
      integers: (input) => graph.integersOf(prepared.inputs[input]!),
      attributes: prepared.attributes,
    }));
    const added = graph.add(kind, prepared.inputs, outputs, { attributes: prepared.attributes });
    const [first] = added.outputs;
    if (first) for (const { added: note } of rewriters) note?.(kind, prepared.inputs, prepared.attributes, first);
    return added.outputs.map((made) => {
      if (made.shape.includes(-1) && !opaque.has(kind)) {
        throw new Error(
          `"${kind}" cannot be traced: the shape of its result depends on the data. Use a mask of a fixed shape.`,
        );
      }
      return register(made);
    });
  };

  return {
    // Constants and flags are those of the eager binding.
    ...eager,
    createTensor: (shape, dtype, given) => register(constantNode(graph, shape, dtype, typedValues(dtype, given))).id,
    executeOp,
    node: (id) => autocast.raised(node(id)),
    register,
    delayed: (tensor, until) => register(graph.delayed(node(tensor), until.map(node))),
    deleteTensor: (id) => void nodes.delete(id),
    getNumOfTensors: () => nodes.size,
    tensorDataSync(id) {
      const asked = autocast.raised(node(id));
      const [tensor] = readNow(asked);
      return graph.take(tensor!, asked.dtype);
    },
  };
}

/** A constant; a large one of a single value is filled at run time, so that the graph does not hold its elements. */
function constantNode(graph: Graph, shape: readonly number[], dtype: number, values: ArrayBufferView): Node {
  const width = bytesPerElement[dtype]!;
  if (elementsOf(shape) < filledFrom || !uniform(values, width)) return graph.constant(dtype, shape, values);
  const first = new Uint8Array(values.buffer, values.byteOffset, width).slice();
  const dimensions = graph.constant(dtypes.int32, [shape.length], Int32Array.from(shape));
  return graph.add('Fill', [dimensions, graph.constant(dtype, [], first)], 1).outputs[0]!;
}

/** True where all elements have the same bytes. */
function uniform(values: ArrayBufferView, width: number): boolean {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  for (let at = width; at < bytes.length; at++) if (bytes[at] !== bytes[at - width]) return false;
  return true;
}
