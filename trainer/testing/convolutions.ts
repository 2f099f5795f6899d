/**
 * For tests of convolutions: the attributes of TensorFlow's operations, inputs, and the expected results by definition
 * in float64. TensorFlow's own operations are not a reference: oneDNN's are wrong for some shapes on some processors.
 */
import { attributeKinds, stringAttribute, typeAttribute } from '../engine/binding/attributes.ts';
import { elementsOf } from '../engine/binding/tensors.ts';
import { keyed } from '../random.ts';

export interface Window {
  readonly stride?: number;
  readonly padding?: string;
  readonly dilation?: number;
}

export const convolutionAttributes = (dtype: number, { stride = 1, padding = 'SAME', dilation = 1 }: Window = {}) => [
  typeAttribute('T', dtype),
  { name: 'strides', type: attributeKinds.int, value: [1, stride, stride, 1] },
  { name: 'dilations', type: attributeKinds.int, value: [1, dilation, dilation, 1] },
  stringAttribute('padding', padding),
];

/** Normal numbers, the same for the same name and shape. */
export function noise(name: string, shape: readonly number[]): Float32Array {
  const values = new Float32Array(elementsOf(shape));
  keyed(3, name, ...shape).fillNormal(values);
  return values;
}

/** How a window moves over images: its side, its stride, and the zeros before the first row and column. */
export interface WindowPlacement {
  readonly window: number;
  readonly stride: number;
  readonly before: readonly [down: number, across: number];
}

/** Placement of the window and the output size, under TensorFlow's 'SAME' (the odd zero comes last) or 'VALID'. */
export function placementOf(
  [height, width]: readonly [number, number],
  { window, stride, padding }: { readonly window: number; readonly stride: number; readonly padding: 'SAME' | 'VALID' },
): WindowPlacement & {
  readonly extent: readonly [number, number];
  /** Zeros before and after, down and across. */
  readonly margins: readonly [readonly [number, number], readonly [number, number]];
} {
  const extent = (size: number): number =>
    padding === 'SAME' ? Math.ceil(size / stride) : Math.floor((size - window) / stride) + 1;
  const margin = (size: number): readonly [number, number] => {
    const needed = padding === 'SAME' ? Math.max((extent(size) - 1) * stride + window - size, 0) : 0;
    return [Math.floor(needed / 2), Math.ceil(needed / 2)];
  };
  const margins = [margin(height), margin(width)] as const;
  const before = [margins[0][0], margins[1][0]] as const;
  return { window, stride, before, margins, extent: [extent(height), extent(width)] };
}

type Shape4 = readonly [number, number, number, number];

/** Calls `visit` for every product of the convolution: offsets into images [n, h, w, in], kernel [k, k, in, out] and output [n, h', w', out]. */
function everyProduct(
  [n, height, width, inputs]: Shape4,
  [, rows, columns, outputs]: Shape4,
  { window, stride, before }: WindowPlacement,
  visit: (image: number, kernel: number, output: number) => void,
): void {
  for (let sample = 0; sample < n; sample++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        for (let down = 0; down < window; down++)
          for (let across = 0; across < window; across++) {
            const y = row * stride + down - before[0];
            const x = column * stride + across - before[1];
            if (y < 0 || y >= height || x < 0 || x >= width) continue;
            const pixel = ((sample * height + y) * width + x) * inputs;
            const place = (down * window + across) * inputs;
            const result = ((sample * rows + row) * columns + column) * outputs;
            for (let from = 0; from < inputs; from++)
              for (let to = 0; to < outputs; to++) visit(pixel + from, (place + from) * outputs + to, result + to);
          }
}

/** The convolution and both its gradients by definition, in float64. */
export function convolutionByDefinition(
  shapes: { readonly images: Shape4; readonly output: Shape4 },
  placement: WindowPlacement,
  values: { readonly images: Float32Array; readonly kernel: Float32Array; readonly dy: Float32Array },
): { readonly y: Float64Array; readonly dImages: Float64Array; readonly dKernel: Float64Array } {
  const { images, kernel, dy } = values;
  const y = new Float64Array(elementsOf(shapes.output));
  const dImages = new Float64Array(images.length);
  const dKernel = new Float64Array(kernel.length);
  everyProduct(shapes.images, shapes.output, placement, (image, place, output) => {
    y[output]! += images[image]! * kernel[place]!;
    dImages[image]! += kernel[place]! * dy[output]!;
    dKernel[place]! += images[image]! * dy[output]!;
  });
  return { y, dImages, dKernel };
}
