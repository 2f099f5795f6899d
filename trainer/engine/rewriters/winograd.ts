/**
 * Convolutions of 3x3 windows at stride 1 with a quarter of the multiplications: Winograd's F(4x4, 3x3), Lavin and Gray,
 * "Fast algorithms for convolutional neural networks", 2015. An image is cut into tiles of 6x6 that overlap by two; tiles
 * and kernels are evaluated at six points a side, multiplied there, and the products interpolated to 4x4 outputs. Between
 * the two changes of basis a convolution is 36 matrix products.
 *
 * The mathematics is that of the direct sum; the rounding is another, as it is between any two libraries. The points decide
 * how far: 0, ±3/4, ±3/2 and infinity lie closer together than the usual 0, ±1, ±2 and lose less. `npm run bench --
 * convolution` runs both ways beside each other.
 */
import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import { boolAttribute, saidBy, typeAttribute } from '../binding/attributes.ts';
import type { Graph } from '../graph/graph.ts';
import type { Node } from '../graph/node.ts';
import { createRearrangement } from '../graph/rearrangement.ts';
import type { Rewriter } from '../graph/rewriter.ts';
import { dtypes } from '../binding/tensors.ts';

export interface Winograd extends Rewriter {
  /** images: [n, height, width, in]; kernel: [3, 3, in, out]; one row of zeros around the images. */
  convolution(images: Node, kernel: Node): Node;
  /** The gradient in the kernel: [3, 3, in, out]. dy: [n, height, width, out]. */
  kernelGradient(images: Node, dy: Node): Node;
}

/** Below, the changes of basis cost what the products save (`npm run bench -- convolution`). */
const leastChannels = 128;
/** Of those of the direct sum. A quarter where tiles cover the image exactly. */
const mostMultiplications = 0.4;

type Matrix = readonly (readonly number[])[];

/** Finite points a polynomial is evaluated at; one more lies at infinity. */
const points = [0, 3 / 4, -3 / 4, 3 / 2, -3 / 2];
const outputs = 4;
const window = 3;
/** Length of a tile: outputs + window - 1, and as many points. */
const length = points.length + 1;

/** Coefficients of the product of (x - root), lowest power first. */
const polynomial = (roots: readonly number[]): readonly number[] =>
  roots.reduce<readonly number[]>(
    (product, root) => [0, ...product].map((higher, power) => higher - root * (product[power] ?? 0)),
    [1],
  );

/** Powers of every point: what evaluates a polynomial of so many coefficients, infinity giving the leading one. */
const evaluation = (coefficients: number): Matrix => [
  ...points.map((point) => Array.from({ length: coefficients }, (_, power) => point ** power)),
  Array.from({ length: coefficients }, (_, power) => Number(power === coefficients - 1)),
];

const others = (place: number): readonly number[] => points.filter((_, at) => at !== place);

/** [point, place in the window]: a kernel evaluated, with Lagrange's denominators. */
const kernelBasis: Matrix = evaluation(window).map((row, place) => {
  const point = points[place];
  const denominator = point === undefined ? 1 : others(place).reduce((product, other) => product * (point - other), 1);
  return row.map((value) => value / denominator);
});

/** [point, place in the tile]: the transpose of interpolation, by which a convolution becomes a correlation. */
const tileBasis: Matrix = [...points.map((_, place) => [...polynomial(others(place)), 0]), polynomial(points)];

/** [point, place in the output]. */
const outputBasis: Matrix = evaluation(outputs);

/** A change of basis along one side of an image, for all tiles of the side at once: [point and tile, place in the image]. */
interface Side {
  readonly tiles: number;
  readonly values: Float32Array;
}

/** @param first where a tile's first place lies: before the image where it begins with the zeros around it */
function sideOf(size: number, basis: Matrix, first: number): Side {
  const tiles = Math.ceil(size / outputs);
  const values = new Float32Array(length * tiles * size);
  basis.forEach((row, point) => {
    for (let tile = 0; tile < tiles; tile++) {
      row.forEach((value, place) => {
        const at = outputs * tile + first + place;
        if (at >= 0 && at < size) values[(point * tiles + tile) * size + at] = value;
      });
    }
  });
  return { tiles, values };
}

/** Kernel's change of basis along both sides: [point and point, place and place]. */
function kernelValues(): Float32Array {
  const both = kernelBasis.flatMap((vertical) =>
    kernelBasis.flatMap((horizontal) => vertical.flatMap((a) => horizontal.map((b) => a * b))),
  );
  return Float32Array.from(both);
}

/**
 * Whether it is quicker than TensorFlow's operation: the changes of basis are of the size of the images, so the products
 * must be large beside them, and little of the last tiles may lie outside.
 */
function pays(attributes: readonly TFEOpAttr[], images: Node, kernel: readonly number[] | null): boolean {
  const said = saidBy(attributes);
  const apart = [...(said('strides') as number[]), ...((said('dilations') ?? [1]) as number[])];
  const [kernelHeight, kernelWidth, inputs, channels] = kernel ?? [0, 0, 0, 0];
  const [, height, width] = images.shape as [number, number, number];
  const tiles = Math.ceil(height / outputs) * Math.ceil(width / outputs);
  return (
    images.dtype === dtypes.float &&
    said('padding') === 'SAME' &&
    apart.every((distance) => distance === 1) &&
    kernelHeight === window &&
    kernelWidth === window &&
    Math.min(inputs!, channels!) >= leastChannels &&
    tiles * length ** 2 <= mostMultiplications * height * width * window ** 2
  );
}

export function createWinograd(graph: Graph): Winograd {
  const bases = new Map<string, { readonly tiles: number; readonly matrix: Node }>();
  const area = length ** 2;
  const kernelMatrix = graph.constant(dtypes.float, [area, window ** 2], kernelValues());

  const { reshaped, transposed } = createRearrangement(graph);
  function product(a: Node, b: Node, turned: { readonly a?: boolean } = {}): Node {
    const attributes = [
      typeAttribute('T', dtypes.float),
      boolAttribute('adj_x', turned.a ?? false),
      boolAttribute('adj_y', false),
    ];
    return graph.add('BatchMatMulV2', [a, b], 1, { attributes }).outputs[0]!;
  }

  function basisOf(kind: 'tile' | 'output', size: number) {
    const key = `${kind} ${size}`;
    const known = bases.get(key);
    if (known) return known;
    const { tiles, values } = kind === 'tile' ? sideOf(size, tileBasis, -1) : sideOf(size, outputBasis, 0);
    const made = { tiles, matrix: graph.constant(dtypes.float, [length * tiles, size], values) };
    bases.set(key, made);
    return made;
  }

  /** [n, height, width, channels] to [points, tiles n, channels]. */
  function evaluated(x: Node, kind: 'tile' | 'output'): Node {
    const [n, height, width, channels] = x.shape as [number, number, number, number];
    const [vertical, horizontal] = [basisOf(kind, height), basisOf(kind, width)];
    const rows = reshaped(transposed(x, [1, 2, 0, 3]), [height, width * n * channels]);
    const high = reshaped(product(vertical.matrix, rows), [length * vertical.tiles, width, n * channels]);
    const both = [length, vertical.tiles, length, horizontal.tiles, n * channels];
    const tiles = transposed(reshaped(product(horizontal.matrix, high), both), [0, 2, 1, 3, 4]);
    return reshaped(tiles, [area, vertical.tiles * horizontal.tiles * n, channels]);
  }

  /** [points, tiles n, channels] to [n, height, width, channels]. */
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

  function kernelOf(kernel: Node, images: Node): Node {
    const [, , inputs, channels] = kernel.shape as [number, number, number, number];
    // A kernel is there from the start of a step; evaluated it is four times as large.
    const places = reshaped(graph.delayed(kernel, [images]), [window ** 2, inputs * channels]);
    return reshaped(product(kernelMatrix, places), [area, inputs, channels]);
  }

  function convolution(images: Node, kernel: Node): Node {
    const [n, height, width] = images.shape as [number, number, number, number];
    return interpolated(product(evaluated(images, 'tile'), kernelOf(kernel, images)), n, height, width);
  }

  function kernelGradient(images: Node, dy: Node): Node {
    // Evaluated again, not kept since the forward pass: it is more than twice the images.
    const products = product(evaluated(graph.delayed(images, [dy]), 'tile'), evaluated(dy, 'output'), { a: true });
    const [inputs, channels] = [images.shape[3]!, dy.shape[3]!];
    const places = product(kernelMatrix, reshaped(products, [area, inputs * channels]), { a: true });
    return reshaped(places, [window, window, inputs, channels]);
  }

  return {
    convolution,
    kernelGradient,
    inPlaceOf(kind, inputs, attributes) {
      if (kind === 'Conv2D') {
        const [images, kernel] = inputs as [Node, Node];
        return pays(attributes, images, kernel.shape) ? convolution(images, kernel) : null;
      }
      if (kind === 'Conv2DBackpropFilter') {
        const [images, shape, dy] = inputs as [Node, Node, Node];
        return pays(attributes, images, graph.integersOf(shape)) ? kernelGradient(images, dy) : null;
      }
      return null;
    },
  };
}
