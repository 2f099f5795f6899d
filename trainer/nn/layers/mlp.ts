/**
 * A multilayer perceptron after an encoder. By default: VICReg's expander (main_vicreg.py `Projector`), Linear + batch norm + ReLU
 * for all widths but the last, then a Linear without bias; options turn it into the projectors and predictors of the other
 * methods. Names as in a PyTorch Sequential: 0, 1, 3, 4, 6.
 */
import type { Tensor } from '@tensorflow/tfjs';
import type { Builder, StepContext, Net } from '../../recipe.ts';
import { batchNorm, type BatchNorm } from './batch-norm.ts';
import { linear, type Linear } from './linear.ts';
import { relu } from '../ops/relu.ts';

export interface Mlp extends Net {
  readonly outputs: number;
  apply(x: Tensor, at: StepContext): Tensor;
}

export interface MlpOptions {
  /** Biases before batch norm, which cancels them. */
  readonly hiddenBias?: boolean;
  readonly outputBias?: boolean;
  /** False: no batch norm after the hidden layers. */
  readonly batchNorm?: boolean;
  /** What is trained of a batch norm after the last layer: nothing in SimSiam's projector, the weight in SimCLR's. */
  readonly outputNorm?: 'nothing' | 'weight' | undefined;
}

export function mlp(
  builder: Builder,
  inputs: number,
  widths: readonly number[],
  { hiddenBias = true, outputBias = false, batchNorm: isNormed = true, outputNorm: trained }: MlpOptions = {},
): Mlp {
  const last = widths.at(-1);
  if (last === undefined) throw new Error('An expander needs at least one width, such as 8192, 8192, 8192.');
  const hidden = widths
    .slice(0, -1)
    .map((width, index): { readonly linear: Linear; readonly norm: BatchNorm | null } => ({
      linear: linear(builder.at(String(3 * index)), widths[index - 1] ?? inputs, width, { bias: hiddenBias }),
      norm: isNormed ? batchNorm(builder.at(String(3 * index + 1)), width) : null,
    }));
  const end = 3 * hidden.length;
  const output = linear(builder.at(String(end)), widths.at(-2) ?? inputs, last, { bias: outputBias });
  const outputNorm = trained === undefined ? null : batchNorm(builder.at(String(end + 1)), last, { trained });
  return {
    outputs: last,
    weights: [
      ...hidden.flatMap((layer) => [...layer.linear.weights, ...(layer.norm?.weights ?? [])]),
      ...output.weights,
      ...(outputNorm?.weights ?? []),
    ],
    state: [...hidden.flatMap(({ norm }) => norm?.state ?? []), ...(outputNorm?.state ?? [])],
    apply(x, at) {
      let current = x;
      for (const layer of hidden) {
        const product = layer.linear.apply(current);
        current = relu(layer.norm?.apply(product, at) ?? product);
      }
      const product = output.apply(current);
      return outputNorm?.apply(product, at) ?? product;
    },
  };
}
