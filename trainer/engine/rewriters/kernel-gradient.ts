/**
 * The gradient of a convolution with respect to its kernel, as one matrix product per window position:
 *
 *     dw[i, j] = x[i, j]^T dy      x[i, j]: the pixels under kernel position i, j, one per row
 *
 * In bfloat16 oneDNN's own operation splits its work in a way that TensorFlow's threads cannot follow: with small
 * images and many channels it takes twice as long as the products. oneDNN's other operations are not affected.
 */
import { boolAttribute, intAttribute, saidBy, typeAttribute } from '../binding/attributes.ts';
import type { Graph } from '../graph/graph.ts';
import type { Node } from '../graph/node.ts';
import { createRearrangement } from '../graph/rearrangement.ts';
import type { Rewriter } from '../graph/rewriter.ts';
import { dtypes } from '../binding/tensors.ts';

/** Zeros before and after. */
type Margin = readonly [before: number, after: number];

export interface Placement {
  /** Side of the kernel. */
  readonly window: number;
  readonly stride: number;
  /** Around the images, down and across. */
  readonly margins: readonly [Margin, Margin];
}

export interface KernelGradient extends Rewriter {
  /** images: [n, height, width, in]; dy: [n, height', width', out]; gives [k, k, in, out]. */
  gradient(images: Node, dy: Node, placement: Placement): Node;
}

/** With fewer, the copies cost what the products save (`npm run bench -- convolution`). */
const leastChannels = 256;

export function createKernelGradient(graph: Graph): KernelGradient {
  const { reshaped, transposed, sliced, padded } = createRearrangement(graph);

  function gradient(images: Node, dy: Node, { window, stride, margins }: Placement): Node {
    const [n, rows, columns, out] = dy.shape as [number, number, number, number];
    const inputs = images.shape[3]!;
    // Whole phases of rows and columns: a window position sees every `stride`th of them.
    const framed = ([before, after]: Margin, size: number): Margin => {
      const over = (before + size + after) % stride;
      return [before, over === 0 ? after : after + stride - over];
    };
    const [down, across] = [framed(margins[0], images.shape[1]!), framed(margins[1], images.shape[2]!)];
    // Copied when needed, not as soon as the images are available.
    const filled = padded(graph.delayed(images, [dy]), [[0, 0], down, across, [0, 0]]);
    const [high, wide] = [filled.shape[1]! / stride, filled.shape[2]! / stride];
    // [phase down, phase across, row, column, image, channel]: the pixels of a window position are contiguous.
    const phases = transposed(reshaped(filled, [n, high, stride, wide, stride, inputs]), [2, 4, 1, 3, 0, 5]);
    const pixel = [n, inputs] as const;
    const everyPhase = reshaped(phases, [stride * stride, high, wide, ...pixel]);
    const errors = reshaped(transposed(dy, [1, 2, 0, 3]), [rows * columns * n, out]);

    /** Columns that a window position sees, in all rows of its phase. */
    const bands = new Map<string, Node>();
    function bandOf(row: number, column: number): Node {
      const key = `${row % stride} ${column}`;
      const known = bands.get(key);
      if (known) return known;
      const at = (row % stride) * stride + (column % stride);
      const whole = reshaped(sliced(everyPhase, [at, 0, 0, 0, 0], [1, high, wide, ...pixel]), [high, wide, ...pixel]);
      const made = sliced(whole, [0, Math.floor(column / stride), 0, 0], [high, columns, ...pixel]);
      bands.set(key, made);
      return made;
    }

    const flags = [boolAttribute('adj_x', true), boolAttribute('adj_y', false)];
    const places = Array.from({ length: window * window }, (_, place) => {
      const [row, column] = [Math.floor(place / window), place % window];
      const seen = sliced(bandOf(row, column), [Math.floor(row / stride), 0, 0, 0], [rows, columns, ...pixel]);
      const factors = [reshaped(seen, [rows * columns * n, inputs]), errors];
      return graph.add('BatchMatMulV2', factors, 1, { attributes: [typeAttribute('T', dy.dtype), ...flags] })
        .outputs[0]!;
    });
    const attributes = [typeAttribute('T', dy.dtype), intAttribute('N', places.length), intAttribute('axis', 0)];
    const joined = graph.add('Pack', places, 1, { attributes }).outputs[0]!;
    return reshaped(joined, [window, window, inputs, out]);
  }

  return {
    gradient,
    inPlaceOf(kind, inputs, attributes) {
      if (kind !== 'Conv2DBackpropFilter') return null;
      const [images, shape, dy] = inputs as [Node, Node, Node];
      const [window, otherSide, from, to] = graph.integersOf(shape) ?? [0, 0, 0, 0];
      const said = saidBy(attributes);
      const [, stride, otherStride] = said('strides') as [number, number, number];
      const isPlain = ((said('dilations') ?? [1]) as number[]).every((distance) => distance === 1);
      if (dy.dtype !== dtypes.bfloat16 || window !== otherSide || stride !== otherStride || !isPlain) return null;
      if (window! < 2 || Math.min(from!, to!) < leastChannels) return null;
      // Zeros of 'SAME' padding; an odd one comes last.
      const marginOf = (axis: 1 | 2): Margin => {
        const needed = Math.max((dy.shape[axis]! - 1) * stride + window! - images.shape[axis]!, 0);
        return said('padding') === 'SAME' ? [Math.floor(needed / 2), Math.ceil(needed / 2)] : [0, 0];
      };
      return gradient(images, dy, { window: window!, stride, margins: [marginOf(1), marginOf(2)] });
    },
  };
}
