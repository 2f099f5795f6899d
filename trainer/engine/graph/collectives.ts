/**
 * Operations by which several devices exchange tensors, of one process or of several. Each runs on all of them in the same step, on
 * tensors of one type and shape, and ends when all have given theirs. TensorFlow knows the operation of one device as the same as
 * another's by a number: where the same functions are traced in the same order the numbers are the same.
 */
import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import {
  boolAttribute,
  floatAttribute,
  intAttribute,
  shapeAttribute,
  stringAttribute,
  typeAttribute,
} from '../binding/attributes.ts';
import { dtypes } from '../binding/tensors.ts';
import type { Graph } from './graph.ts';
import type { Node } from './node.ts';

/** Of the group of all; there is no other. */
const groupKey = 1;

export class Collectives {
  readonly #graph: Graph;
  readonly #count: number;
  readonly #group: readonly Node[];
  #instances = 0;

  /** @param count of those who exchange */
  constructor(graph: Graph, count: number) {
    this.#graph = graph;
    this.#count = count;
    this.#group = [count, groupKey].map((value) => this.#integer(value));
  }

  #integer(value: number): Node {
    return this.#graph.constant(dtypes.int32, [], Int32Array.of(value));
  }

  #add(kind: string, given: Node, shape: readonly number[], more: readonly TFEOpAttr[]): Node {
    const attributes = [
      typeAttribute('T', given.dtype),
      stringAttribute('communication_hint', 'auto'),
      // A process that does not come is noticed by who runs the step, not here.
      floatAttribute('timeout_seconds', 0),
      boolAttribute('is_stateless', false),
      intAttribute('Nordering_token', 0),
      ...more,
    ];
    const inputs = [given, ...this.#group, this.#integer(++this.#instances)];
    const made = this.#graph.add(kind, inputs, 1, { attributes });
    // TensorFlow infers no shape where the size of the group is an input.
    const known = [typeAttribute('T', given.dtype), shapeAttribute('shape', shape)];
    return this.#graph.add('EnsureShape', made.outputs, 1, { attributes: known }).outputs[0]!;
  }

  /** The mean of all devices' tensors. */
  mean(given: Node): Node {
    return this.#add('CollectiveReduceV2', given, given.shape, [
      stringAttribute('merge_op', 'Add'),
      stringAttribute('final_op', 'Div'),
      intAttribute('max_subdivs_per_device', -1),
    ]);
  }

  /** All devices' tensors below each other, in their order. */
  gathered(given: Node): Node {
    const [rows, ...rest] = given.shape;
    if (rows === undefined) throw new Error('A scalar has no rows to be gathered.');
    return this.#add('CollectiveGatherV2', given, [rows * this.#count, ...rest], []);
  }
}
