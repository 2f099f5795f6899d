/**
 * Cuts images into the tiles of Winograd's convolution (`winograd.ts`), evaluates them at its points, and reassembles
 * them.
 */
import { boolAttribute, typeAttribute } from '../binding/attributes.ts';
import { dtypes } from '../binding/tensors.ts';
import type { Graph } from '../graph/graph.ts';
import type { Node } from '../graph/node.ts';
import { createRearrangement } from '../graph/rearrangement.ts';
import { length, outputSide, tileSide } from './winograd-bases.ts';

/** Tiles that overlap, as a convolution reads them, or its outputs, which do not. */
type TileKind = 'tile' | 'output';

export interface Tiles {
  /** [n, height, width, channels] to [points, tiles n, channels]. */
  evaluated(x: Node, kind: TileKind): Node;
  /** [points, tiles n, channels] to [n, height, width, channels]. */
  interpolated(y: Node, n: number, height: number, width: number): Node;
  /** Matrix product, with `a` transposed if `turned` says so. */
  product(a: Node, b: Node, turned?: { readonly a?: boolean }): Node;
}

export function createTiles(graph: Graph): Tiles {
  const bases = new Map<string, { readonly tiles: number; readonly matrix: Node }>();
  const { reshaped, transposed } = createRearrangement(graph);

  function product(a: Node, b: Node, turned: { readonly a?: boolean } = {}): Node {
    const flags = [boolAttribute('adj_x', turned.a ?? false), boolAttribute('adj_y', false)];
    const attributes = [typeAttribute('T', dtypes.float), ...flags];
    return graph.add('BatchMatMulV2', [a, b], 1, { attributes }).outputs[0]!;
  }

  function basisOf(kind: TileKind, size: number) {
    const key = `${kind} ${size}`;
    const known = bases.get(key);
    if (known) return known;
    const { tiles, values } = kind === 'tile' ? tileSide(size) : outputSide(size);
    const made = { tiles, matrix: graph.constant(dtypes.float, [length * tiles, size], values) };
    bases.set(key, made);
    return made;
  }

  function evaluated(x: Node, kind: TileKind): Node {
    const [n, height, width, channels] = x.shape as [number, number, number, number];
    const [vertical, horizontal] = [basisOf(kind, height), basisOf(kind, width)];
    const rows = reshaped(transposed(x, [1, 2, 0, 3]), [height, width * n * channels]);
    const high = reshaped(product(vertical.matrix, rows), [length * vertical.tiles, width, n * channels]);
    const both = [length, vertical.tiles, length, horizontal.tiles, n * channels];
    const tiles = transposed(reshaped(product(horizontal.matrix, high), both), [0, 2, 1, 3, 4]);
    return reshaped(tiles, [length ** 2, vertical.tiles * horizontal.tiles * n, channels]);
  }

  function interpolated(y: Node, n: number, height: number, width: number): Node {
    const channels = y.shape[2]!;
    const [vertical, horizontal] = [basisOf('output', height), basisOf('output', width)];
    const both = [length, length, vertical.tiles, horizontal.tiles, n * channels];
    const tiles = transposed(reshaped(y, both), [0, 2, 1, 3, 4]);
    const high = reshaped(tiles, [length * vertical.tiles, length * horizontal.tiles, n * channels]);
    const wide = product(horizontal.matrix, high, { a: true });
    const rows = product(vertical.matrix, reshaped(wide, [length * vertical.tiles, width * n * channels]), { a: true });
    return transposed(reshaped(rows, [height, width, n, channels]), [2, 0, 1, 3]);
  }

  return { evaluated, interpolated, product };
}
