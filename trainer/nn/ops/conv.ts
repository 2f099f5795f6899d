/**
 * Convolution with PyTorch's padding: `padding` zeros on every side, output floor((n + 2 padding - k) / stride) + 1.
 *
 * TensorFlow's 'SAME' pads only what the output needs, and the odd row at the end: for a 3x3 window at stride 2 on an
 * even size that is (0, 1) where PyTorch has (1, 1), and weights trained there would give other features. 'SAME' is
 * used where both agree, because it is the fastest; elsewhere the zeros are materialised. (With explicit padding
 * TensorFlow has no oneDNN kernels for the gradients.) They are also materialised if a strided result is one pixel
 * wide: in bfloat16 'SAME' is wrong there (engine/binding/avoided-operations.ts).
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import type { Recomputation, Shape } from '../../recipe.ts';
import { dtype, flag, integers, outputOf, text } from './operation.ts';

export interface Window {
  readonly stride: number;
  readonly padding: number;
}

/** True if TensorFlow's 'SAME' adds exactly `padding` zeros on both sides and computes correctly. */
export function sameAgrees(size: number, kernel: number, { stride, padding }: Window): boolean {
  const extent = Math.ceil(size / stride);
  const needed = Math.max((extent - 1) * stride + kernel - size, 0);
  return needed === 2 * padding && (stride === 1 || extent > 1);
}

const attributes = (stride: number, padding: string) => [
  dtype('T', 'float32'),
  integers('strides', [1, stride, stride, 1]),
  text('padding', padding),
  text('data_format', 'NHWC'),
  flag('use_cudnn_on_gpu', true),
  integers('dilations', [1, 1, 1, 1]),
];

const sizes = (shape: Shape): Tensor => tf.tensor1d([...shape], 'int32');

/** Zeros around height and width. */
export function padded(images: Tensor, padding: number): Tensor {
  if (padding === 0) return images;
  return tf.pad(images as Tensor4D, [
    [0, 0],
    [padding, padding],
    [padding, padding],
    [0, 0],
  ]);
}

/** [k, k, in, out] to [k, k, out, in], each window rotated by 180 degrees. */
function turned(kernel: Tensor): Tensor {
  const [height, width] = kernel.shape as [number, number, number, number];
  const windows = height * width === 1 ? kernel : tf.reverse(kernel, [0, 1]);
  return tf.transpose(windows, [0, 1, 3, 2]);
}

/**
 * Every `stride`th pixel of every `stride`th row, from the first. Sliced as a block from rows and pixels grouped by
 * phase, because TensorFlow's strided slices copy element by element.
 */
function thinned(images: Tensor, stride: number): Tensor {
  const [n, height, width, channels] = images.shape as [number, number, number, number];
  const [rows, columns] = [Math.ceil(height / stride), Math.ceil(width / stride)];
  const [below, right] = [rows * stride - height, columns * stride - width];
  const whole =
    below + right === 0
      ? images
      : tf.pad(images as Tensor4D, [
          [0, 0],
          [0, below],
          [0, right],
          [0, 0],
        ]);
  const grouped = whole.reshape([n, rows, stride, columns, stride * channels]);
  return tf.slice(grouped, [0, 0, 0, 0, 0], [n, rows, 1, columns, channels]).reshape([n, rows, columns, channels]);
}

interface ConvolutionOptions extends Window {
  /** False for the first layer: nothing uses the gradient of the images, and it is expensive. */
  readonly inputGradient?: boolean;
  /** See `Recomputation.input`: with it, zeros around the images are not kept from the forward pass for the gradient. */
  readonly late?: Recomputation['input'] | undefined;
}

/** images: [n, height, width, in]; kernel: [k, k, in, out]. */
export function conv2d(images: Tensor, kernel: Tensor, options: ConvolutionOptions): Tensor {
  const { stride, padding } = options;
  const [, height, width] = images.shape as [number, number, number, number];
  const [kernelHeight, kernelWidth] = kernel.shape as [number, number, number, number];
  // A 1x1 kernel at a stride skips most pixels. (And oneDNN's gradient of such a kernel is wrong where channels do not fill
  // a vector: with AVX2, three channels at stride 2 have an error as large as the gradient itself.)
  if (kernelHeight * kernelWidth === 1 && stride > 1 && padding === 0) {
    return conv2d(thinned(images, stride), kernel, { ...options, stride: 1 });
  }
  const same = sameAgrees(height, kernelHeight, options) && sameAgrees(width, kernelWidth, options);
  const attributeList = attributes(stride, same ? 'SAME' : 'VALID');
  /** The images as the operations receive them. */
  const framed = (x: Tensor) => (same ? x : padded(x, padding));

  const forward = (x: Tensor, w: Tensor) => outputOf('Conv2D', attributeList, [framed(x), w]);
  const { late = (kept: Tensor) => kept } = options;
  const kernelGradient = (x: Tensor, dy: Tensor) =>
    tf.tidy(() => {
      const input = same ? x : framed(late(x, dy));
      return outputOf('Conv2DBackpropFilter', attributeList, [input, sizes(kernel.shape), dy]);
    });
  const imageGradient = (w: Tensor, dy: Tensor) =>
    tf.tidy(() => {
      // At stride 1 this gradient is a convolution itself, of the kernel rotated by 180 degrees. TensorFlow's own operation
      // for it takes up to seven times as long on a processor: a stage of 2x2 pixels took half of a small step.
      if (same && stride === 1) return outputOf('Conv2D', attributeList, [dy, turned(w)]);
      const [n, , , channels] = images.shape as [number, number, number, number];
      const margin = same ? 0 : padding;
      const shape = [n, height + 2 * margin, width + 2 * margin, channels];
      const gradient = outputOf('Conv2DBackpropInput', attributeList, [sizes(shape), w, dy]);
      return margin === 0 ? gradient : tf.slice(gradient, [0, margin, margin, 0], [...images.shape]);
    });

  if (options.inputGradient === false) {
    return tf.customGrad((w, save) => {
      (save as tf.GradSaveFunc)([images]);
      return {
        value: forward(images, w as Tensor),
        gradFunc: (dy: Tensor, [x]: Tensor[]) => kernelGradient(x!, dy),
      };
    })(kernel);
  }
  return tf.customGrad((x, w, save) => {
    (save as tf.GradSaveFunc)([x as Tensor, w as Tensor]);
    return {
      value: forward(x as Tensor, w as Tensor),
      gradFunc: (dy: Tensor, [savedX, savedW]: Tensor[]) => [imageGradient(savedW!, dy), kernelGradient(savedX!, dy)],
    };
  })(images, kernel);
}
