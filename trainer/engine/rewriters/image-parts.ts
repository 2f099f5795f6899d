/** A computation over images in parts, one after the other, where all at once would take too much memory. */
import { intAttribute, typeAttribute } from '../binding/attributes.ts';
import type { Graph } from '../graph/graph.ts';
import type { Node } from '../graph/node.ts';
import { createRearrangement } from '../graph/rearrangement.ts';

/** Images of a part. */
export interface Part {
  readonly from: number;
  readonly count: number;
  /** The result of the part before, which this one waits for; null for the first. */
  readonly before: Node | null;
}

export interface ImageParts {
  /** The results of equal parts of `n` images, each as large as its bytes may be. */
  results(n: number, bytesOfOne: number, compute: (part: Part) => Node): readonly Node[];
  /** The images of a part, once `until` are computed. */
  images(x: Node, part: Part, until: readonly Node[]): Node;
  sum(parts: readonly Node[]): Node;
}

/** @param partBytes most bytes of a part */
export function createImageParts(graph: Graph, partBytes: number): ImageParts {
  const { sliced } = createRearrangement(graph);
  return {
    results(n, bytesOfOne, compute) {
      const parts = Math.ceil(n / Math.max(1, Math.floor(partBytes / bytesOfOne)));
      const results: Node[] = [];
      for (let place = 0, from = 0; place < parts; place++) {
        const to = Math.round(((place + 1) * n) / parts);
        results.push(compute({ from, count: to - from, before: results.at(-1) ?? null }));
        from = to;
      }
      return results;
    },
    images(x, { from, count }, until) {
      const [n, ...pixels] = x.shape as [number, ...number[]];
      const late = until.length > 0 ? graph.delayed(x, until) : x;
      return count === n ? late : sliced(late, [from, 0, 0, 0], [count, ...pixels]);
    },
    sum(parts) {
      const [first] = parts as readonly [Node, ...Node[]];
      if (parts.length === 1) return first;
      const attributes = [typeAttribute('T', first.dtype), intAttribute('N', parts.length)];
      return graph.add('AddN', parts, 1, { attributes }).outputs[0]!;
    },
  };
}
