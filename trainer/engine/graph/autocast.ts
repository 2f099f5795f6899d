/**
 * Mixed precision at trace time: convolutions, matrix products of layers, batch norm and activations compute in the low
 * type (bfloat16 or float16), everything else, and every weight and statistic, stays in float32. To tfjs all of it is
 * float32; only this file knows which tensors actually have the low type.
 *
 * An operation of a network's forward pass is lowered because it is added inside the scope (`within`). Its gradients
 * are added later, outside any scope: they are lowered because one of their inputs already has the low type, beginning
 * with the gradient of the network's output. The loss, whose inputs are cast up, keeps float32 both ways.
 */
import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import { typeAttribute } from '../binding/attributes.ts';
import type { Graph } from './graph.ts';
import type { Node } from './node.ts';
import { dtypes } from '../binding/tensors.ts';

/**
 * Inputs of type T, by operation. These operations are lowered inside the scope, and elsewhere if one of these inputs
 * has the low type.
 */
const lowered: Readonly<Record<string, readonly number[]>> = {
  Conv2D: [0, 1],
  Conv2DBackpropInput: [1, 2],
  Conv2DBackpropFilter: [0, 2],
  BatchMatMulV2: [0, 1],
  // Scale, offset and statistics are float32 whatever the images are.
  FusedBatchNormV3: [0],
  FusedBatchNormGradV3: [0, 1],
  Relu: [0],
  ReluGrad: [0, 1],
  MaxPool: [0],
  MaxPoolGrad: [0, 1, 2],
};

/** Always lowered: `nn/ops/low-gradient.ts` adds it for this purpose. */
const asked = 'StopGradient';

/** Inputs of type T of operations that compute in the type of the first one listed. */
const following: Readonly<Record<string, readonly number[]>> = {
  Identity: [0],
  PadV2: [0, 2],
  Reshape: [0],
  Slice: [0],
  Transpose: [0],
};

export interface Autocast {
  /** Inputs and attributes with which to add the operation. */
  prepare(
    kind: string,
    inputs: readonly Node[],
    attributes: readonly TFEOpAttr[],
  ): { readonly inputs: readonly Node[]; readonly attributes: readonly TFEOpAttr[] };
  /** The same value in float32. */
  raised(node: Node): Node;
  /** The same value in the type that networks compute in. */
  lowered(node: Node): Node;
  /** Treats the operations added while `compute` runs as a network's forward pass. */
  within<T>(compute: () => T): T;
}

export const noAutocast: Autocast = {
  prepare: (_kind, inputs, attributes) => ({ inputs, attributes }),
  raised: (node) => node,
  lowered: (node) => node,
  within: (compute) => compute(),
};

/** Types a network may compute in, by name. */
const lowTypes = { bfloat16: dtypes.bfloat16, float16: dtypes.half } as const;

/** True if networks compute in a type narrower than float32's 32 bits. */
export const isLowPrecision = (precision: string): precision is keyof typeof lowTypes => precision in lowTypes;

/** True if tfjs treats values of this type as float32. */
export const isLowType = (dtype: number): boolean => dtype === lowTypes.bfloat16 || dtype === lowTypes.float16;

export function createAutocast(graph: Graph, precision: keyof typeof lowTypes): Autocast {
  const low = lowTypes[precision];
  const casts = new Map<string, Node>();
  let depth = 0;

  function cast(node: Node, to: number): Node {
    if (node.dtype === to) return node;
    const key = `${node.oper} ${node.index} ${to}`;
    const known = casts.get(key);
    if (known) return known;
    const attributes = [typeAttribute('SrcT', node.dtype), typeAttribute('DstT', to)];
    const made = graph.add('Cast', [node], 1, { attributes }).outputs[0]!;
    // Keep a known shape.
    const result = { ...made, shape: node.shape };
    casts.set(key, result);
    return result;
  }

  const isFloat = (dtype: number): boolean => dtype === dtypes.float || dtype === low;
  const raised = (node: Node): Node => (node.dtype === low ? cast(node, dtypes.float) : node);
  function isLowered(kind: string, inputs: readonly Node[]): boolean {
    if (kind === asked) return true;
    const own = lowered[kind];
    if (own) return depth > 0 || own.some((place) => inputs[place]!.dtype === low);
    if (kind === 'Add') {
      // The sum of two branches of a network, or of their gradients; in the scope also the sum with a bias.
      const given = inputs.map(({ dtype }) => dtype);
      return given.every((dtype) => dtype === low) || (depth > 0 && given.every(isFloat) && given.includes(low));
    }
    const first = following[kind]?.[0];
    return first !== undefined && inputs[first]!.dtype === low;
  }

  return {
    raised,
    lowered: (node) => cast(node, low),
    prepare(kind, inputs, attributes) {
      if (!isLowered(kind, inputs)) return { inputs: inputs.map(raised), attributes };
      const places = new Set(lowered[kind] ?? following[kind] ?? inputs.keys());
      return {
        inputs: inputs.map((node, place) => (places.has(place) ? cast(node, low) : raised(node))),
        attributes: attributes.map((one) => (one.name === 'T' ? typeAttribute('T', low) : one)),
      };
    },
    within(compute) {
      depth += 1;
      try {
        return compute();
      } finally {
        depth -= 1;
      }
    },
  };
}
