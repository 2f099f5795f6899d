/**
 * Dynamic loss scaling for float16, whose smallest number is 6e-8 and whose largest 65504 (Micikevicius et al., "Mixed
 * precision training", ICLR 2018, section 3.2): the loss is multiplied before its gradient is taken, the gradients of the
 * weights are divided by the same power of two. Where one of them overflowed, the step is done over with half the scale;
 * no batch is passed over.
 */
import type { StateEntry } from '../engine.ts';

/** As PyTorch's GradScaler begins and moves. */
const first = 2 ** 16;
const stepsToGrow = 2000;
/** Further up a float32 loss would overflow, further down scaling only loses. */
const most = 2 ** 24;
const least = 1;

export interface LossScale {
  readonly value: number;
  /** For checkpoints: the scale, and how many steps it has held. */
  readonly entry: StateEntry;
  /** The gradients of a step were finite. */
  held(): void;
  /** They were not. False where no scale helps: then it is not the cause, and it is what it was before the step. */
  lowered(): boolean;
}

export function createLossScale(): LossScale {
  let value = first;
  let steps = 0;
  /** The scale a step began with, and how long that had held. */
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
