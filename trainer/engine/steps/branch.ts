/**
 * Operations of a graph that run on one condition, by TensorFlow's Switch and Merge: a value that enters on the side that is not
 * taken is dead, and so is all that depends on it, up to where it leaves.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import type { Branch } from '../../recipe.ts';
import { intAttribute, shapeAttribute, typeAttribute } from '../binding/attributes.ts';
import { dtypes } from '../binding/tensors.ts';
import type { Graph } from '../graph/graph.ts';
import type { Node } from '../graph/node.ts';

interface Tracing {
  readonly graph: Graph;
  nodeOf(tensor: Tensor): Node;
  tensor(node: Node): Tensor;
}

/** @param needed scalar of type bool */
export function branchOn(needed: Node, { graph, nodeOf, tensor }: Tracing): Branch {
  /** The value where it is taken, and where it is not. */
  function switched(node: Node) {
    const attributes = [typeAttribute('T', node.dtype)];
    const [otherwise, taken] = graph.add('Switch', [node, needed], 2, { attributes }).outputs as [Node, Node];
    return { taken, otherwise };
  }

  /** The value, or zeros of its shape, filled only if they are wanted. */
  function orZeros(node: Node): Node {
    const sizes = switched(graph.constant(dtypes.int32, [node.shape.length], Int32Array.from(node.shape)));
    const zero = graph.constant(node.dtype, [], new Uint8Array(4));
    const zeros = graph.add('Fill', [sizes.otherwise, zero], 1).outputs[0]!;
    const type = typeAttribute('T', node.dtype);
    const either = graph.add('Merge', [node, zeros], 1, { attributes: [type, intAttribute('N', 2)] }).outputs[0]!;
    // TensorFlow does not follow sizes through a Switch.
    return graph.add('EnsureShape', [either], 1, { attributes: [type, shapeAttribute('shape', node.shape)] })
      .outputs[0]!;
  }

  const entered = (x: Tensor): Tensor => tensor(switched(nodeOf(x)).taken);
  const left = (x: Tensor): Tensor => tensor(orZeros(nodeOf(x)));
  const crossing = (there: (x: Tensor) => Tensor, back: (x: Tensor) => Tensor) => (given: Tensor) =>
    tf.customGrad((x) => ({ value: there(x as Tensor), gradFunc: (dy: Tensor) => back(dy) }))(given);
  return { enter: crossing(entered, left), leave: crossing(left, entered) };
}
