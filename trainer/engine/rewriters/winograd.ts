/**
 * Convolutions of 3x3 windows at stride 1 with a quarter of the multiplications: Winograd's F(4x4, 3x3), Lavin and
 * Gray, "Fast algorithms for convolutional neural networks", 2015. An image is cut into tiles of 6x6 that overlap by
 * two; tiles and kernels are evaluated at six points per side and multiplied there, and the products are interpolated
 * to 4x4 outputs. Between the two changes of basis a convolution is 36 matrix products.
 *
 * The mathematics is that of the direct sum; the rounding differs, as it does between any two libraries. The points
 * decide by how much: 0, ±3/4, ±3/2 and infinity lie closer together than the usual 0, ±1, ±2 and lose less. `npm run
 * bench -- convolution` compares both.
 */
import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';
import { saidBy } from '../binding/attributes.ts';
import type { Graph } from '../graph/graph.ts';
import type { Node } from '../graph/node.ts';
import { createRearrangement } from '../graph/rearrangement.ts';
import type { Rewriter } from '../graph/rewriter.ts';
import { dtypes } from '../binding/tensors.ts';
import { createImageParts } from './image-parts.ts';
import { kernelValues, length, outputs, window } from './winograd-bases.ts';
import { createTiles } from './winograd-tiles.ts';

export interface Winograd extends Rewriter {
  /** images: [n, height, width, in]; kernel: [3, 3, in, out]; one row of zeros around the images. */
  convolution(images: Node, kernel: Node): Node;
  /** The gradient with respect to the kernel: [3, 3, in, out]. dy: [n, height, width, out]. */
  kernelGradient(images: Node, dy: Node): Node;
}

/** Below this, the changes of basis cost more than the products save (`npm run bench -- convolution`). */
const leastChannels = 128;

/** What a processor gains, measured by `npm run bench -- convolution`. */
interface Gain {
  /** Multiplications in the time that one number more takes to be written and read. */
  readonly word: number;
  /** The highest cost at which either operation is faster than TensorFlow's. */
  readonly convolution: number;
  readonly gradient: number;
}

/** The wider a processor's vectors are, the more the movement of data counts, and more of it is moved here. */
const gains: Readonly<Record<'wide' | 'narrow', Gain>> = {
  wide: { word: 12, convolution: 0.42, gradient: 0.49 },
  narrow: { word: 6, convolution: 0.52, gradient: 0.8 },
};

/** @param instructionSet oneDNN's name of the processor's */
export const gainOn = (instructionSet: string): Gain => gains[instructionSet.startsWith('AVX512') ? 'wide' : 'narrow'];

/**
 * Images are changed in parts of at most so many bytes: all at once, those of a large batch would take several times the
 * memory of the images, and no less time.
 */
const usualPart = 40 * 2 ** 20;

/** Bytes of one image in float32 after the change of basis. */
const changedBytes = (height: number, width: number, channels: number): number =>
  4 * length ** 2 * Math.ceil(height / outputs) * Math.ceil(width / outputs) * channels;

/** Each changed image and kernel is written and read so many times. */
const movements = 3;

/**
 * Multiplications, and those in whose time the changed images and kernels are moved, as a fraction of the direct sum's
 * multiplications.
 */
export function cost(images: readonly number[], kernel: readonly number[], { word }: Gain): number {
  const [n, height, width] = images as [number, number, number];
  const [, , inputs, channels] = kernel as [number, number, number, number];
  const [vertical, horizontal] = [height, width].map((side) => length * Math.ceil(side / outputs)) as [number, number];
  const points = n * vertical * horizontal;
  const bases = n * (inputs + channels) * (vertical * height * width + vertical * horizontal * width);
  const kernels = length ** 2 * inputs * channels;
  const moved = movements * (points * (inputs + channels) + kernels);
  const all = points * inputs * channels + bases + window ** 2 * kernels + word * moved;
  return all / (n * height * width * window ** 2 * inputs * channels);
}

/** True for an operation that can be replaced, at most at such a cost. */
function pays(
  attributes: readonly TFEOpAttr[],
  images: Node,
  kernel: readonly number[] | null,
  gain: Gain,
  most: number,
): boolean {
  const said = saidBy(attributes);
  const apart = [...(said('strides') as number[]), ...((said('dilations') ?? [1]) as number[])];
  const [kernelHeight, kernelWidth, inputs, channels] = kernel ?? [0, 0, 0, 0];
  return (
    images.dtype === dtypes.float &&
    said('padding') === 'SAME' &&
    apart.every((distance) => distance === 1) &&
    kernelHeight === window &&
    kernelWidth === window &&
    Math.min(inputs!, channels!) >= leastChannels &&
    cost(images.shape, kernel!, gain) <= most
  );
}

/**
 * @param instructionSet oneDNN's name of the processor's
 * @param partBytes most bytes of changed images at a time
 */
export function createWinograd(graph: Graph, instructionSet: string, partBytes = usualPart): Winograd {
  const gain = gainOn(instructionSet);
  const area = length ** 2;
  const kernelMatrix = graph.constant(dtypes.float, [area, window ** 2], kernelValues());
  const { reshaped, joined } = createRearrangement(graph);
  const parts = createImageParts(graph, partBytes);
  const { evaluated, interpolated, product } = createTiles(graph);
  /** Convolutions by the images that they read. */
  const convolutions = new Map<string, Node>();
  const keyOf = ({ oper, index }: Node) => `${oper}:${index}`;

  function kernelOf(kernel: Node, images: Node): Node {
    const [, , inputs, channels] = kernel.shape as [number, number, number, number];
    // Delayed: a kernel is available from the start of a step, but four times as large once evaluated.
    const places = reshaped(graph.delayed(kernel, [images]), [window ** 2, inputs * channels]);
    return reshaped(product(kernelMatrix, places), [area, inputs, channels]);
  }

  function convolution(images: Node, kernel: Node): Node {
    const [n, height, width, inputs] = images.shape as [number, number, number, number];
    const evaluatedKernel = kernelOf(kernel, images);
    const bytes = changedBytes(height, width, Math.max(inputs, kernel.shape[3]!));
    const results = parts.results(n, bytes, (part) => {
      const changed = evaluated(parts.images(images, part, part.before ? [part.before] : []), 'tile');
      return interpolated(product(changed, evaluatedKernel), part.count, height, width);
    });
    const result = joined(results);
    convolutions.set(keyOf(images), result);
    return result;
  }

  function kernelGradient(images: Node, dy: Node): Node {
    const [n, height, width, inputs] = images.shape as [number, number, number, number];
    const channels = dy.shape[3]!;
    // The gradient of the images is a convolution of dy. It comes first, so that tiles of only one of the two are alive.
    const first = convolutions.get(keyOf(dy)) ?? dy;
    const bytes = changedBytes(height, width, Math.max(inputs, channels));
    const results = parts.results(n, bytes, (part) => {
      const until = [part.before ?? first];
      // Evaluated again rather than kept from the forward pass: tiles are more than twice as large as the images.
      const [tiles, errors] = [parts.images(images, part, until), parts.images(dy, part, until)];
      return product(evaluated(tiles, 'tile'), evaluated(errors, 'output'), { a: true });
    });
    const products = parts.sum(results);
    const places = product(kernelMatrix, reshaped(products, [area, inputs * channels]), { a: true });
    return reshaped(places, [window, window, inputs, channels]);
  }

  return {
    convolution,
    kernelGradient,
    inPlaceOf(kind, inputs, attributes) {
      if (kind === 'Conv2D') {
        const [images, kernel] = inputs as [Node, Node];
        return pays(attributes, images, kernel.shape, gain, gain.convolution) ? convolution(images, kernel) : null;
      }
      if (kind === 'Conv2DBackpropFilter') {
        const [images, shape, dy] = inputs as [Node, Node, Node];
        return pays(attributes, images, graph.integersOf(shape), gain, gain.gradient)
          ? kernelGradient(images, dy)
          : null;
      }
      return null;
    },
  };
}
