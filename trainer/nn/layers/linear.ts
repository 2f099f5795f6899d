/** A fully connected layer: x weight + bias. weight: [in, out]. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import type { Builder, Initial, Net } from '../../recipe.ts';
import { uniformFanIn } from './init.ts';

export interface Linear extends Net {
  apply(x: Tensor): Tensor;
}

export interface LinearOptions {
  readonly bias?: boolean;
  /** PyTorch's default unless given. */
  readonly initial?: { readonly weight: Initial; readonly bias: Initial };
}

export function linear(builder: Builder, inputs: number, outputs: number, options: LinearOptions = {}): Linear {
  const initial = options.initial ?? { weight: uniformFanIn(inputs), bias: uniformFanIn(inputs) };
  const weight = builder.variable('weight', [inputs, outputs], initial.weight);
  const bias = options.bias === false ? null : builder.variable('bias', [outputs], initial.bias);
  return {
    weights: bias ? [weight, bias] : [weight],
    state: [],
    apply(x) {
      const product = tf.matMul(x, weight);
      return bias ? tf.add(product, bias) : product;
    },
  };
}
