/** Work that is left out of a step where its result counts nothing. */
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import type { StepContext } from '../../recipe.ts';

/**
 * `compute(inputs)` if `needed`, a scalar of type bool, is true. Elsewhere the result and the gradients of the inputs are zeros
 * on an engine that leaves the work out, and whatever they are on one that does not: the result must count nothing then.
 * Everything that `compute` differentiates by must be among the inputs, the weights too.
 */
export function whereNeeded(
  { branch }: StepContext,
  needed: Scalar,
  inputs: readonly Tensor[],
  compute: (inputs: readonly Tensor[]) => Tensor,
): Tensor {
  if (!branch) return compute(inputs);
  const { enter, leave } = branch(needed);
  return leave(compute(inputs.map(enter)));
}
