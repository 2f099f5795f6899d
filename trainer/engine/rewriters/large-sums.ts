/**
 * Computes sums without the temporary tensor, as large as the largest weights, that tfjs would use. Both kinds occur in
 * a training step: the gradient of a weight shared by two views, and an optimizer's norms.
 *
 *     a^T b + c^T d        one product of the rows of both
 *     sum of x^2           TensorFlow's own operation for it
 *
 * Nothing uses the operations they replace, so TensorFlow prunes those.
 */
import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import { boolAttribute, intAttribute, typeAttribute } from '../binding/attributes.ts';
import type { Graph } from '../graph/graph.ts';
import type { Node } from '../graph/node.ts';
import type { Rewriter } from '../graph/rewriter.ts';
import type { Handle } from '../binding/tensorflow.ts';
import { dtypes, elementsOf } from '../binding/tensors.ts';

/** Below this, concatenating rows costs more than it saves. */
const leastElements = 2 ** 16;

export function createLargeSums(graph: Graph): Rewriter {
  /** Factors of products a^T b, and inputs of squares, by operation. */
  const products = new Map<Handle, readonly [Node, Node]>();
  const squares = new Map<Handle, Node>();

  const rows = (node: Node): number => node.shape[0]!;
  const joined = (one: Node, other: Node): Node => {
    const attributes = [typeAttribute('T', one.dtype), typeAttribute('Tidx', dtypes.int32), intAttribute('N', 2)];
    const axis = graph.constant(dtypes.int32, [], Int32Array.of(0));
    const made = graph.add('ConcatV2', [one, other, axis], 1, { attributes }).outputs[0]!;
    return { ...made, shape: [rows(one) + rows(other), one.shape[1]!] };
  };

  function sumOfProducts(inputs: readonly Node[], attributes: readonly TFEOpAttr[]): Node | null {
    const [one, other] = inputs as [Node, Node];
    const [first, second] = [products.get(one.oper), products.get(other.oper)];
    if (!first || !second || one.shape.join() !== other.shape.join()) return null;
    const [m, n] = one.shape as [number, number];
    if ((rows(first[0]) + rows(second[0])) * (m + n) > m * n) return null;
    const typed = attributes.filter(({ name }) => name === 'T');
    const flags = [boolAttribute('adj_x', true), boolAttribute('adj_y', false)];
    const factors = [joined(first[0], second[0]), joined(first[1], second[1])];
    return graph.add('BatchMatMulV2', factors, 1, { attributes: [...typed, ...flags] }).outputs[0]!;
  }

  function sumOfSquares([squared, axes]: readonly Node[], attributes: readonly TFEOpAttr[]): Node | null {
    const given = squares.get(squared!.oper);
    const keeps = attributes.some(({ name, value }) => name === 'keep_dims' && value === true);
    if (!given || keeps || graph.integersOf(axes!)?.length !== given.shape.length) return null;
    const half = graph.add('L2Loss', [given], 1, { attributes: [typeAttribute('T', given.dtype)] }).outputs[0]!;
    const two = graph.constant(dtypes.float, [], Float32Array.of(2));
    return graph.add('Mul', [half, two], 1, { attributes: [typeAttribute('T', given.dtype)] }).outputs[0]!;
  }

  return {
    inPlaceOf(kind, inputs, attributes) {
      if (kind === 'Add' || kind === 'AddV2') return sumOfProducts(inputs, attributes);
      return kind === 'Sum' ? sumOfSquares(inputs, attributes) : null;
    },
    added(kind, inputs, attributes, output) {
      // The consumer sums a narrow type in float32.
      if (output.dtype !== dtypes.float || elementsOf(output.shape) < leastElements) return;
      if (kind === 'Square') squares.set(output.oper, inputs[0]!);
      const flag = (wanted: string) => attributes.find(({ name }) => name === wanted)?.value === true;
      if (kind === 'BatchMatMulV2' && output.shape.length === 2 && flag('adj_x') && !flag('adj_y'))
        products.set(output.oper, [inputs[0]!, inputs[1]!]);
    },
  };
}
