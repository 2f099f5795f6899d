/** Activation recomputation: Chen et al., "Training deep nets with sublinear memory cost" (2016). */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import type { Net, Recomputation, StepContext } from '../../recipe.ts';

export interface Layer extends Net {
  apply(x: Tensor, at: StepContext): Tensor;
}

/** For use inside a gradient: tfjs drops the tape of the outer gradient when an inner one ends. */
function gradients(compute: () => Tensor, inputs: Tensor[], dy: Tensor): Tensor[] {
  const { state } = tf.engine();
  const { activeTape } = state;
  try {
    return tf.engine().gradients(compute, inputs, dy).grads;
  } finally {
    state.activeTape = activeTape;
  }
}

/**
 * Wraps a block. If the step context asks for it, only the block's input is kept for the gradient: what the gradient
 * reads of the rest is recomputed when it is due, with the same numbers.
 */
export function recomputable(block: Layer, what: Recomputation['of']): Layer {
  function apply(x: Tensor, at: StepContext): Tensor {
    const { recompute } = at;
    if (recompute?.of !== what || !at.training) return block.apply(x, at);
    // Running statistics were updated in the first pass.
    const second: StepContext = { ...at, update: () => undefined };
    return tf.customGrad((...given) => {
      const first = given[0] as Tensor;
      const save = given.at(-1) as unknown as tf.GradSaveFunc;
      const value = block.apply(first, at);
      save([first]);
      return {
        value,
        gradFunc(dy: Tensor, [saved]: Tensor[]) {
          const input = recompute.input(saved!, dy);
          const compute = () => recompute.network(() => block.apply(input, second));
          return gradients(compute, [input, ...block.weights], dy);
        },
      };
    })(x, ...block.weights);
  }
  return { ...block, apply };
}
