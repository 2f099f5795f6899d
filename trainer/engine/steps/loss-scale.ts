/**
 * Dynamic loss scaling for float16, whose smallest number is 6e-8 and whose largest 65504 (Micikevicius et al., "Mixed
 * precision training", ICLR 2018, section 3.2): the loss is multiplied before its gradient is taken, the gradients of
 * the weights are divided by the same power of two. If one overflows, the step is repeated with half the scale; no
 * batch is skipped.
 */
import type { StateEntry } from '../engine.ts';

/** Initial value and growth interval of PyTorch's GradScaler. */
const first = 2 ** 16;
const stepsToGrow = 2000;
/** Above, a float32 loss would overflow; below, scaling only loses precision. */
const most = 2 ** 24;
const least = 1;

export interface LossScale {
  readonly value: number;
  /** For checkpoints: the scale, and the number of steps it has held. */
  readonly entry: StateEntry;
  /** Records a step whose gradients were finite. */
  held(): void;
  /**
   * Halves the scale after a step that overflowed. Returns false if no scale helps; the scale before the step is then
   * restored.
   */
  lowered(): boolean;
}

export function createLossScale(): LossScale {
  let value = first;
  let steps = 0;
  /** The scale at the start of the step, and the number of steps it had held. */
  let before: readonly [number, number] = [value, steps];
  return {
    get value() {
      return value;
    },
    entry: {
      name: 'lossScale',
      shape: [2],
      dtype: 'float32',
      read: () => Float32Array.of(value, steps),
      write(values) {
        if (values.length !== 2) throw new Error(`State lossScale has 2 values, but ${values.length} were given.`);
        [value, steps] = [values[0]!, values[1]!];
        before = [value, steps];
      },
    },
    held() {
      steps += 1;
      if (steps >= stepsToGrow) [value, steps] = [Math.min(most, value * 2), 0];
      before = [value, steps];
    },
    lowered() {
      const helps = value > least;
      [value, steps] = helps ? [value / 2, 0] : before;
      return helps;
    },
  };
}
