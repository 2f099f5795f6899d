/**
 * VICReg's expander (main_vicreg.py `Projector`), and with `hiddenBias` false Barlow Twins' projector: Linear + batch norm + ReLU
 * for all widths but the last, then a Linear without bias. Names as in a PyTorch Sequential: 0, 1, 3, 4, 6.
 */
import type { Tensor } from '@tensorflow/tfjs';
import type { Builder, Moment, Net } from '../recipe.ts';
import { batchNorm } from './batch-norm.ts';
import { linear } from './linear.ts';
import { relu } from './relu.ts';

export interface Expander extends Net {
  readonly outputs: number;
  apply(x: Tensor, at: Moment): Tensor;
}

export interface ExpanderOptions {
  /** Biases before batch norm, which takes them out again. */
  readonly hiddenBias?: boolean;
}

export function expander(
  builder: Builder,
  inputs: number,
  widths: readonly number[],
  { hiddenBias = true }: ExpanderOptions = {},
): Expander {
  const last = widths.at(-1);
  if (last === undefined) throw new Error('An expander has no widths: give one or more, such as 8192, 8192, 8192.');
  const hidden = widths.slice(0, -1).map((width, index) => ({
    linear: linear(builder.at(String(3 * index)), widths[index - 1] ?? inputs, width, { bias: hiddenBias }),
    norm: batchNorm(builder.at(String(3 * index + 1)), width),
  }));
  const output = linear(builder.at(String(3 * hidden.length)), widths.at(-2) ?? inputs, last, { bias: false });
  return {
    outputs: last,
    weights: [...hidden.flatMap((layer) => [...layer.linear.weights, ...layer.norm.weights]), ...output.weights],
    state: hidden.flatMap((layer) => layer.norm.state),
    apply(x, at) {
      let current = x;
      for (const layer of hidden) current = relu(layer.norm.apply(layer.linear.apply(current), at));
      return output.apply(current);
    },
  };
}
