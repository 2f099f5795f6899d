/** The context of a step, and the running statistics it will assign. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Variable } from '@tensorflow/tfjs';
import { keyed } from '../../random.ts';
import type { StepContext, Shape } from '../../recipe.ts';
import { elementsOf } from '../binding/tensors.ts';

/** Values assigned to state variables once the step has succeeded. They are kept tensors: call `settle` or `drop`. */
export class PendingUpdates {
  readonly #values = new Map<Variable, Tensor>();

  update(variable: Variable, next: (current: Tensor) => Tensor): void {
    const current = this.#values.get(variable);
    const value = tf.tidy(() => tf.keep(next(current ?? variable).clone()));
    this.#values.set(variable, value);
    current?.dispose();
  }

  current(variable: Variable): Tensor {
    return this.#values.get(variable) ?? variable;
  }

  settle(): void {
    for (const [variable, value] of this.#values) variable.assign(value);
    this.drop();
  }

  drop(): void {
    for (const value of this.#values.values()) value.dispose();
    this.#values.clear();
  }
}

/** Uniform in [0, 1): a function of (seed, step, name), and of the part if a step has several. */
export function drawUniform(seed: number, step: number, name: string, shape: Shape, part?: number): Float32Array {
  const values = new Float32Array(elementsOf(shape));
  keyed(seed, 'moment', step, name, ...(part === undefined ? [] : [part])).fillUniform(values);
  return values;
}

/** Must be called inside a tidy: `step` is a tensor. */
export function createStepContext(
  seed: number,
  step: number,
  training: boolean,
  pending: PendingUpdates | null = null,
  recompute = false,
): StepContext {
  return {
    step: tf.scalar(step, 'int32'),
    training,
    // Operations run in the order of the calls.
    recompute: recompute ? { of: 'blocks', input: (kept) => kept, network: (compute) => compute() } : null,
    branch: null,
    peers: null,
    uniform: (name, shape) => tf.tensor(drawUniform(seed, step, name, shape), [...shape]),
    current: (variable) => pending?.current(variable) ?? variable,
    update(variable, next) {
      pending?.update(variable, next);
    },
  };
}
