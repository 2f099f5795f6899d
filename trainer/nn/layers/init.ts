/** Initial values by name of the rule. */
import type { Initial, Shape } from '../../recipe.ts';

/** He et al. 2015 for ReLU, by the outputs: torch.nn.init.kaiming_normal_(mode='fan_out'). kernel: [k, k, in, out]. */
export function kaimingNormalFanOut(kernel: Shape): Initial {
  const [height, width, , outputs] = kernel as readonly [number, number, number, number];
  return { kind: 'normal', std: Math.sqrt(2 / (height * width * outputs)) };
}

/** PyTorch's default for a Linear layer, weight and bias alike. */
export function uniformFanIn(inputs: number): Initial {
  return { kind: 'uniform', bound: 1 / Math.sqrt(inputs) };
}
