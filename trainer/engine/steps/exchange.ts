/**
 * What devices that compute a step together tell each other, be they of one process or of several: the rows of their parts of the
 * batch, statistics over all of it, and gradients. Only while tracing.
 *
 * Each computes the loss of the whole batch from the same gathered rows. What is differentiated is the sum of their losses,
 * and the mean of the gradients that they find is then that of one device with the whole batch.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import type { Tensors } from '../../recipe.ts';
import { Collectives } from '../graph/collectives.ts';
import type { Graph } from '../graph/graph.ts';
import type { Node } from '../graph/node.ts';

/** One of several that compute a step together. */
export interface Member {
  /** How many there are. */
  readonly count: number;
  /** Place of this one, from 0: it has the rows of the batch from own / count on. */
  readonly own: number;
}

export interface Exchange extends Member {
  /** Rows of all in their order, as constants. */
  gathered(x: Tensor): Tensor;
  /** The same, with gradient; what is computed from them must be the same for all. */
  allRows(x: Tensor): Tensor;
  /** The means over all. */
  means(tensors: readonly Tensor[]): readonly Tensor[];
}

/** Floats that are sent together: fewer messages, and the first go while the next are computed. */
const bucketSize = 4 << 20;

export function createExchange(
  graph: Graph,
  { count, own }: Member,
  { node, tensor }: { readonly node: (tensor: Tensor) => Node; readonly tensor: (node: Node) => Tensor },
): Exchange {
  const collectives = new Collectives(graph, count);
  const gathered = (x: Tensor): Tensor => tensor(collectives.gathered(node(x)));
  const meanOf = (x: Tensor): Tensor => tensor(collectives.mean(node(x)));

  function bucketMeans(tensors: readonly Tensor[]): readonly Tensor[] {
    if (tensors.length === 1) return [meanOf(tensors[0]!)];
    const joined = meanOf(tf.concat1d(tensors.map((one) => one.flatten())));
    const parts = tf.split(
      joined,
      tensors.map(({ size }) => size),
    );
    return parts.map((part, at) => part.reshape(tensors[at]!.shape));
  }

  return {
    count,
    own,
    gathered,
    allRows: (x) =>
      tf.customGrad(() => ({
        value: gathered(x),
        // The others find the same gradient of their loss with respect to these rows.
        gradFunc: (dy: Tensor) => {
          const rows = x.shape[0];
          return tf.mul(tf.slice(dy, [own * rows], [rows]), count);
        },
      }))(x),
    means(tensors) {
      const buckets: Tensor[][] = [];
      let size = 0;
      for (const one of tensors) {
        size += one.size;
        if (buckets.length === 0 || size > bucketSize) {
          buckets.push([]);
          size = one.size;
        }
        buckets.at(-1)!.push(one);
      }
      return buckets.flatMap(bucketMeans);
    },
  };
}

/** By name. */
export const gatheredBy = (gather: (x: Tensor) => Tensor, tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, one]) => [name, gather(one)]));
