/**
 * Applies an optimizer's rule to all weights. Weights that the rule treats element by element are concatenated and
 * updated together: the same numbers from a few operations instead of a dozen per weight.
 */
import * as tf from '@tensorflow/tfjs';
import type { DataId, Tensor, Variable } from '@tensorflow/tfjs';
import type { Options } from '../../protocol/options.ts';
import type { OptimizerRecipe, Shape } from '../../recipe.ts';
import { notFiniteAmong, weightSums } from './finite-weights.ts';
import { unlisted } from './variable-builder.ts';
import type { StateEntry, StepPosition } from '../engine.ts';
import type { Rate } from './weight-rates.ts';

export interface Updater {
  /** The slots, weight by weight, in the recipe's order of names. */
  readonly entries: readonly StateEntry[];
  /**
   * Must be called inside a tidy. `gradients` in the order of the weights; `step` counts from 0. Returns the names of
   * weights that would not be finite; if there are any, nothing is changed.
   */
  apply(gradients: readonly Tensor[], at: StepPosition): readonly string[];
  dispose(): void;
}

/** Weights that are updated together, as one tensor. */
interface Group {
  readonly weights: readonly Variable[];
  readonly rate: Rate;
  readonly shape: Shape;
  /** Offset of each weight in the flat tensor. */
  readonly offsets: readonly number[];
  readonly slots: Readonly<Record<string, Slot>>;
}

/** One of the optimizer's tensors for a group. */
interface Slot {
  value(): Tensor;
  assign(next: Tensor): void;
  read(offset: number, size: number): Float32Array;
  write(offset: number, values: Float32Array | Int32Array): void;
  dispose(): void;
}

function createSlot(shape: Shape): Slot {
  const variable = tf.tidy(() => unlisted(tf.variable(tf.zeros([...shape]), false)));
  /** Values written one weight at a time and uploaded together when next needed. */
  let staged: Float32Array | null = null;

  function value(): Variable {
    if (staged) {
      const values = staged;
      staged = null;
      tf.tidy(() => variable.assign(tf.tensor(values, [...shape])));
    }
    return variable;
  }

  return {
    value,
    assign: (next) => value().assign(next),
    read: (offset, size) =>
      value()
        .dataSync<'float32'>()
        .slice(offset, offset + size),
    write(offset, values) {
      staged ??= variable.dataSync<'float32'>().slice();
      staged.set(values, offset);
    },
    dispose: () => variable.dispose(),
  };
}

function createGroup(weights: readonly Variable[], rate: Rate, shape: Shape, slots: readonly string[]): Group {
  let end = 0;
  const offsets = weights.map((weight) => (end += weight.size) - weight.size);
  return { weights, rate, shape, offsets, slots: Object.fromEntries(slots.map((name) => [name, createSlot(shape)])) };
}

function groupsOf(rates: ReadonlyMap<Variable, Rate>, recipe: OptimizerRecipe): readonly Group[] {
  const isElementwise = (weight: Variable): boolean => recipe.elementwise?.(weight.shape) === true;
  const weights = [...rates.keys()];
  const together = [...new Set(rates.values())].map((rate) => ({
    rate,
    own: weights.filter((weight) => rates.get(weight) === rate && isElementwise(weight)),
  }));
  return [
    ...together.flatMap(({ rate, own }) => {
      const total = own.reduce((sum, weight) => sum + weight.size, 0);
      return own.length > 0 ? [createGroup(own, rate, [total], recipe.slots)] : [];
    }),
    ...weights
      .filter((weight) => !isElementwise(weight))
      .map((weight) => createGroup([weight], rates.get(weight)!, weight.shape, recipe.slots)),
  ];
}

const flat = (tensor: Tensor): Tensor => (tensor.rank === 1 ? tensor : tensor.reshape([-1]));

/** The tensors of a group's weights as one. */
function gather(group: Group, tensors: readonly Tensor[]): Tensor {
  if (group.weights.length === 1) return tensors[0]!.reshape([...group.shape]);
  return tf.concat1d(tensors.map(flat) as tf.Tensor1D[]);
}

function scatter(group: Group, together: Tensor): readonly Tensor[] {
  if (group.weights.length === 1) return [together.reshape(group.weights[0]!.shape)];
  const parts = tf.split(
    together,
    group.weights.map((weight) => weight.size),
  );
  return parts.map((part, index) => {
    const { shape } = group.weights[index]!;
    return shape.length === 1 ? part : part.reshape(shape);
  });
}

/** Keeps a group's weights as one tensor until something else assigns to them. */
function createMirror(group: Group) {
  let kept: Tensor | null = null;
  let known: readonly DataId[] = [];
  return {
    read(): Tensor {
      const current = group.weights.every((weight, index) => weight.dataId === known[index]);
      return kept && current ? kept : gather(group, group.weights);
    },
    /** @param parts of it, a weight each */
    write(next: Tensor, parts: readonly Tensor[]): void {
      parts.forEach((part, index) => group.weights[index]!.assign(part));
      if (group.weights.length === 1) return;
      kept?.dispose();
      kept = tf.keep(next.clone());
      known = group.weights.map((weight) => weight.dataId);
    },
    dispose(): void {
      kept?.dispose();
    },
  };
}

function slotEntries(group: Group, name: string): readonly StateEntry[] {
  const slot = group.slots[name]!;
  return group.weights.map((weight, index) => ({
    name: `optimizer/${name}/${weight.name}`,
    shape: weight.shape,
    dtype: 'float32',
    read: () => slot.read(group.offsets[index]!, weight.size),
    write(values) {
      if (values.length !== weight.size) {
        throw new Error(`Slot ${name} of ${weight.name} has ${weight.size} values, but ${values.length} were given.`);
      }
      slot.write(group.offsets[index]!, values);
    },
  }));
}

export function createUpdater(rates: ReadonlyMap<Variable, Rate>, recipe: OptimizerRecipe, options: Options): Updater {
  const groups = groupsOf(rates, recipe).map((group) => ({ group, mirror: createMirror(group) }));
  const weights = [...rates.keys()];
  const entries = recipe.slots.flatMap((name) => groups.flatMap(({ group }) => slotEntries(group, name)));

  return {
    entries,
    apply(gradients, { step, lr, peak = lr }) {
      const byWeight = new Map(weights.map((weight, index) => [weight, gradients[index]!]));
      const stepsTaken = tf.scalar(step + 1);
      const moves = groups.map(({ group, mirror }) => {
        const next = tf.tidy(() => {
          const gradient = gather(
            group,
            group.weights.map((weight) => byWeight.get(weight)!),
          );
          const slots = Object.fromEntries(Object.entries(group.slots).map(([name, slot]) => [name, slot.value()]));
          const at = {
            lr: tf.scalar((group.rate.constantRate ? peak : lr) * group.rate.factor),
            step: stepsTaken,
            shape: group.shape,
          };
          return { ...recipe.update(mirror.read(), gradient, slots, at, options) };
        });
        return { group, mirror, next, parts: scatter(group, next.weight) };
      });
      const parts = new Map(moves.flatMap((move) => move.group.weights.map((weight, at) => [weight, move.parts[at]!])));
      const sums = weightSums(weights.map((weight) => parts.get(weight)!));
      const notFinite = notFiniteAmong(weights, sums.dataSync());
      if (notFinite.length > 0) return notFinite;
      for (const { group, mirror, next, parts: own } of moves) {
        mirror.write(next.weight, own);
        for (const [name, slot] of Object.entries(group.slots)) slot.assign(next.slots[name]!);
      }
      return notFinite;
    },
    dispose() {
      for (const { group, mirror } of groups) {
        mirror.dispose();
        for (const slot of Object.values(group.slots)) slot.dispose();
      }
    },
  };
}
