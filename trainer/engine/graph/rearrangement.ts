/** Operations that move the elements of a tensor without changing them, for code that builds a graph by hand. */
import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import { intAttribute, typeAttribute } from '../binding/attributes.ts';
import type { Graph } from './graph.ts';
import type { Node } from './node.ts';
import { dtypes } from '../binding/tensors.ts';

export interface Rearrangement {
  reshaped(x: Node, shape: readonly number[]): Node;
  transposed(x: Node, axes: readonly number[]): Node;
  sliced(x: Node, begin: readonly number[], size: readonly number[]): Node;
  /** Tensors one after the other along the first axis. */
  joined(parts: readonly Node[]): Node;
  /** Adds zeros before and after, by axis. */
  padded(x: Node, margins: readonly (readonly [before: number, after: number])[]): Node;
}

export function createRearrangement(graph: Graph): Rearrangement {
  const integers = (values: readonly number[], shape: readonly number[] = [values.length]): Node =>
    graph.constant(dtypes.int32, shape, Int32Array.from(values));
  /** `index` names the attribute for the type of the integer inputs. `shape` is the result's, so TensorFlow need not infer it. */
  function moved(
    kind: string,
    x: Node,
    numbers: readonly Node[],
    { index, shape }: { readonly index: string; readonly shape: readonly number[] },
  ): Node {
    const attributes: readonly TFEOpAttr[] = [typeAttribute('T', x.dtype), typeAttribute(index, dtypes.int32)];
    return { ...graph.add(kind, [x, ...numbers], 1, { attributes }).outputs[0]!, shape };
  }

  return {
    reshaped: (x, shape) => moved('Reshape', x, [integers(shape)], { index: 'Tshape', shape }),
    transposed: (x, axes) =>
      moved('Transpose', x, [integers(axes)], { index: 'Tperm', shape: axes.map((axis) => x.shape[axis]!) }),
    sliced: (x, begin, size) => moved('Slice', x, [integers(begin), integers(size)], { index: 'Index', shape: size }),
    joined(parts) {
      const [first] = parts as readonly [Node, ...Node[]];
      if (parts.length === 1) return first;
      const types = [typeAttribute('T', first.dtype), typeAttribute('Tidx', dtypes.int32)];
      const options = { attributes: [...types, intAttribute('N', parts.length)] };
      const shape = [parts.reduce((sum, part) => sum + part.shape[0]!, 0), ...first.shape.slice(1)];
      return { ...graph.add('ConcatV2', [...parts, integers([0], [])], 1, options).outputs[0]!, shape };
    },
    padded(x, margins) {
      if (margins.flat().every((zeros) => zeros === 0)) return x;
      const shape = x.shape.map((size, axis) => size + margins[axis]![0] + margins[axis]![1]);
      return moved('Pad', x, [integers(margins.flat(), [margins.length, 2])], { index: 'Tpaddings', shape });
    },
  };
}
