/**
 * The engine as the loop sees it: it builds variables, runs training steps and runs inference. `eager.ts` is the
 * reference; the traced engine replaces it without changes to any recipe.
 */
import type { Tensor } from '@tensorflow/tfjs';
import type { Builder, Learner, StepContext, Net, OptimizerRecipe } from '../recipe.ts';
import type { Options } from '../protocol/options.ts';
import type { Timing } from './binding/timings.ts';
import type { HostBatch, HostInput, HostTensor } from '../host-batch.ts';
import type { EngineFacts } from './binding/engine-facts.ts';

/** One named piece of state, in the fixed order every checkpoint uses. */
export interface StateEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  read(): Float32Array | Int32Array;
  write(values: Float32Array | Int32Array): void;
}

export interface StepResult {
  readonly loss: number;
  /** Empty unless asked for: reading a value waits for the device. */
  readonly metrics: Readonly<Record<string, number>>;
  /**
   * Present if the loss is finite but weights would not be after the step, because of a gradient that is not finite or of
   * too large a step: their names, the last layer first.
   */
  readonly weightsNotFinite?: readonly string[];
}

export interface StepPosition {
  /** From 0. */
  readonly step: number;
  /** Learning rate of this step. */
  readonly lr: number;
  /** The schedule's peak, for nets with a constant rate. Default: `lr`. */
  readonly peak?: number;
  /** The L2 norm to which all gradients together are clipped. Default: they are not. */
  readonly clipNorm?: number;
}

/** The rule that updates the weights. */
export interface ChosenOptimizer {
  readonly recipe: OptimizerRecipe;
  readonly options: Options;
  /** True if steps may clip gradients. Default: no graph has operations for it. */
  readonly clips?: boolean;
}

export interface Stepper {
  /**
   * A step whose loss, or whose weights after it, are not finite leaves all state as it was. The loss is returned with the
   * metrics where the engine can, which tell which term it is; the weights are named.
   */
  run(batch: HostBatch, at: StepPosition, wanted: { readonly metrics: boolean }): Promise<StepResult>;
  /** A normal step that also times every operation; absent if the engine cannot. */
  profile?(batch: HostBatch, at: StepPosition): Promise<readonly Timing[]>;
  /** Weights, optimizer slots, running statistics, the learner's own state. */
  readonly state: readonly StateEntry[];
  /** Frees what the stepper created: the optimizer's slots. The nets belong to their builder. */
  dispose(): void;
}

export interface Engine {
  readonly facts: EngineFacts;
  builder(seed: number): Builder;
  stepper(learner: Learner, optimizer: ChosenOptimizer, seed: number): Stepper;
  /** The devices of this process that compute each step together; one where it is computed by one. */
  readonly devices: readonly Pick<Engine, 'builder'>[];
  /** A stepper of learners that were built alike, one by each of the devices. */
  stepperOfAll(learners: readonly [Learner, ...Learner[]], optimizer: ChosenOptimizer, seed: number): Stepper;
  /** Weights and running statistics of nets without an optimizer; a checkpoint's encoder is loaded into them. */
  entries(nets: readonly Net[]): readonly StateEntry[];
  /** Runs a function of images without training; only the result reaches the host. */
  infer(compute: (input: Tensor, at: StepContext) => Tensor): (input: HostInput) => Promise<HostTensor>;
  /** As `infer`, for a function of several tensors with several results. */
  inferAll(
    compute: (inputs: readonly Tensor[], at: StepContext) => readonly Tensor[],
  ): (...inputs: readonly HostInput[]) => Promise<readonly HostTensor[]>;
  /** Live tensors, for the leak alarm. */
  tensors(): number;
  /** Times a matrix product of `size` on the device that actually executes it. */
  probe(
    size: number,
  ): Promise<{ readonly executedOn: string; readonly milliseconds: number; readonly gigaflops: number }>;
}
