/** Training state on the device, and its assignment by a step. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Variable } from '@tensorflow/tfjs';
import * as v from 'valibot';
import type { Options } from '../../protocol/options.ts';
import type { Learner, StepContext, Tensors } from '../../recipe.ts';
import type { Handle } from '../binding/tensorflow.ts';
import type { ChosenOptimizer, StateEntry } from '../engine.ts';
import type { Node } from '../graph/node.ts';
import type { RateInputs } from './batch-inputs.ts';
import { namedOnce, unique } from './eager-step.ts';
import { weightSums } from './finite-weights.ts';
import type { LossScale } from './loss-scale.ts';
import { tensorsOf, type Nodes } from './named-nodes.ts';
import { optimized } from './optimizer-rule.ts';
import type { Tracer } from './trace.ts';
import { ratesOf } from './weight-rates.ts';

export interface TrainingState {
  readonly weights: readonly Variable[];
  readonly entries: readonly StateEntry[];
  /**
   * Adds the optimizer's rule; returns the new value of each weight and slot. `gradients` in the order of the weights.
   */
  optimized(gradients: readonly Tensor[], at: RateInputs): Map<Variable, Node>;
  /** Adds the sums of what the weights become, as in `finite-weights.ts`. */
  sumsOf(next: ReadonlyMap<Variable, Node>): Node;
  /** Adds to `next` the learner's own updates, computed from the weights the optimizer has updated. */
  follow(next: Map<Variable, Node>, embeddings: Nodes, targets: Tensors, context: StepContext): void;
  /** Adds the assignments, which wait for `after`; returns the operation that runs them all. */
  assigned(next: ReadonlyMap<Variable, Node>, after: readonly Handle[]): Handle;
  dispose(): void;
}

/** The optimizer's variables for each weight, initially zero. */
function createSlots(tracer: Tracer, weights: readonly Variable[], names: readonly string[]) {
  return new Map(
    weights.map((weight) => {
      const made = names.map((slot) => {
        const name = `optimizer/${slot}/${weight.name}`;
        return [slot, tracer.variable(name, weight.shape, new Float32Array(weight.size), false)] as const;
      });
      return [weight, Object.fromEntries(made)] as const;
    }),
  );
}

export function createTrainingState(
  tracer: Tracer,
  learner: Learner,
  optimizer: ChosenOptimizer,
  lossScale: LossScale | null,
): TrainingState {
  const { graph, variables } = tracer;
  const { recipe } = optimizer;
  const options = v.parse(recipe.options, optimizer.options) as Options;
  const rates = ratesOf(learner.trainable);
  const weights = [...rates.keys()];
  const statistics = unique(learner.trainable.flatMap((net) => net.state));
  const slots = createSlots(tracer, weights, recipe.slots);
  const named = [
    ...[...weights, ...statistics].map((variable) => ({ name: variable.name, variable })),
    ...Object.entries(learner.state ?? {}).map(([name, variable]) => ({ name: `learner/${name}`, variable })),
    ...recipe.slots.flatMap((slot) =>
      weights.map((weight) => ({ name: `optimizer/${slot}/${weight.name}`, variable: slots.get(weight)![slot]! })),
    ),
  ];

  return {
    weights,
    entries: namedOnce([
      ...variables.entries(named.map(({ name, variable }) => ({ name, variable: tracer.deviceOf(variable) }))),
      ...(lossScale ? [lossScale.entry] : []),
    ]),
    optimized: (gradients, at) => optimized(tracer, { recipe, options, rates, slots }, gradients, at),
    sumsOf: (next) => tracer.node(weightSums(weights.map((weight) => tracer.tensor(next.get(weight)!)))),
    follow(next, embeddings, targets, context) {
      const later = tracer.substituted(next, () =>
        (learner.updates?.(tensorsOf(tracer, embeddings), targets, context) ?? []).map(
          ([variable, tensor]) => [variable, tracer.node(tensor)] as const,
        ),
      );
      for (const [variable, node] of later) next.set(variable, node);
    },
    assigned(next, after) {
      const assignments = [...next].map(([variable, node]) => tracer.deviceOf(variable).assign(node, after));
      return graph.add('NoOp', [], 0, { after: assignments }).operation;
    },
    dispose() {
      const own = [...slots.values()].flatMap((of) => Object.values(of));
      variables.destroy(own.map(tracer.deviceOf));
      tf.dispose(own);
    },
  };
}
