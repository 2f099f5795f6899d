/** Self-attention of several heads, Vaswani et al. 2017. Names as in the vision transformers of timm and DINO: qkv, proj. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import type { Builder, Initial, Net } from '../../recipe.ts';
import { linear } from './linear.ts';
import { lowGradient } from '../ops/low-gradient.ts';

export interface Attention extends Net {
  /** [n, tokens, width] in and out. */
  apply(tokens: Tensor): Tensor;
}

type LinearInitial = { readonly weight: Initial; readonly bias: Initial };

export function attention(builder: Builder, width: number, heads: number, initial: LinearInitial): Attention {
  const size = width / heads;
  // One weight for queries, keys and values, as in checkpoint files. The weight is split rather than its output, so the
  // gradient that is concatenated is only as large as the weight.
  const packed = builder.variable('qkv/weight', [width, 3 * width], initial.weight);
  const packedBias = builder.variable('qkv/bias', [3 * width], initial.bias);
  const projection = linear(builder.at('proj'), width, width, { initial });
  const part = (rows: Tensor, index: number): Tensor =>
    lowGradient(
      tf.add(
        tf.matMul(rows, tf.slice(packed, [0, index * width], [width, width])),
        tf.slice(packedBias, [index * width], [width]),
      ),
    );
  return {
    weights: [packed, packedBias, ...projection.weights],
    state: [],
    apply(tokens) {
      const [n, count] = tokens.shape as [number, number, number];
      const rows = tf.reshape(tokens, [n * count, width]);
      const byHead = (index: number): Tensor =>
        tf.transpose(tf.reshape(part(rows, index), [n, count, heads, size]), [0, 2, 1, 3]);
      const [queries, keys, values] = [byHead(0), byHead(1), byHead(2)];
      const scores = lowGradient(tf.matMul(tf.mul(queries, 1 / Math.sqrt(size)), keys, false, true));
      const mixed = tf.matMul(tf.softmax(scores), values);
      const joined = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [n * count, width]);
      return tf.reshape(lowGradient(projection.apply(joined)), [n, count, width]);
    },
  };
}
