/** An optimizer's rule inside a graph, applied to one weight after another. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { Options } from '../../protocol/options.ts';
import type { OptimizerRecipe } from '../../recipe.ts';
import type { Node } from '../graph/node.ts';
import type { RateInputs } from './batch-inputs.ts';
import type { Tracer } from './trace.ts';
import type { Rate } from './weight-rates.ts';

/** The rule, and everything it applies to. */
export interface OptimizerRule {
  readonly recipe: OptimizerRecipe;
  readonly options: Options;
  /** The weights in the order of the gradients. */
  readonly rates: ReadonlyMap<Variable, Rate>;
  /** The optimizer's variables of each weight, by the recipe's names. */
  readonly slots: ReadonlyMap<Variable, Readonly<Record<string, Variable>>>;
}

const multiplied = (value: Tensor, factor: number): Tensor => (factor === 1 ? value : tf.mul(value, factor));

/** Adds the rule; returns the new value of each weight and slot. Only while tracing. */
export function optimized(
  tracer: Tracer,
  { recipe, options, rates, slots }: OptimizerRule,
  gradients: readonly Tensor[],
  { lr, peak, stepsTaken }: RateInputs,
): Map<Variable, Node> {
  const step = tracer.tensor(stepsTaken);
  const lrOf = new Map(
    [...new Set(rates.values())].map((rate) => {
      const { factor, constantRate } = rate;
      return [rate, multiplied(tracer.tensor(constantRate ? peak : lr), factor)];
    }),
  );
  const next = new Map<Variable, Node>();
  let before: readonly Tensor[] = [];
  const weights = [...rates.keys()];
  // In the order in which the gradients are computed: from the last layer to the first.
  [...weights.entries()].reverse().forEach(([place, weight]) => {
    const own = slots.get(weight)!;
    const gradient = gradients[place]!;
    // Read once the gradient is available: anything that depends on a weight or slot alone, such as a decay or
    // momentum, would otherwise be computed at the start of a step and kept to its end. And one after another: each
    // briefly takes several times the memory of its weight.
    const after = [gradient, ...before];
    const late = (variable: Variable): Tensor => (tracer.waits ? tracer.delayed(variable, after) : variable);
    const read = Object.fromEntries(Object.entries(own).map(([slot, variable]) => [slot, late(variable)]));
    const at = { lr: lrOf.get(rates.get(weight)!)!, step, shape: weight.shape };
    const updated = recipe.update(late(weight), gradient, read, at, options);
    before = [updated.weight];
    next.set(weight, tracer.node(updated.weight));
    for (const [slot, variable] of Object.entries(own)) next.set(variable, tracer.node(updated.slots[slot]!));
  });
  return next;
}
