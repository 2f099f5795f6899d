/** What training keeps on the device, and the parts of a step that do not depend on how its batch is fed. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Variable } from '@tensorflow/tfjs';
import * as v from 'valibot';
import type { Options } from '../../protocol/options.ts';
import type { Learner, StepContext, OptimizerRecipe, Tensors } from '../../recipe.ts';
import { stringAttribute } from '../binding/attributes.ts';
import type { StateEntry, StepPosition } from '../engine.ts';
import type { HostBatch } from '../../host-batch.ts';
import type { Feed, Node } from '../graph/node.ts';
import type { LossScale } from './loss-scale.ts';
import { drawUniform } from './step-context.ts';
import { ratesOf } from './weight-rates.ts';
import { namedOnce, unique } from './eager-step.ts';
import type { Handle } from '../binding/tensorflow.ts';
import { elementsOf } from '../binding/tensors.ts';
import type { Tracer } from './trace.ts';

/** Shapes a function may be traced for: a full batch, a last one, an evaluation's. More is a mistake of the caller. */
const mostShapes = 8;

/** Compiled functions by the shapes they were traced for. */
export function perShape<T>(what: string, compile: (shapes: readonly (readonly number[])[]) => T) {
  const compiled = new Map<string, T>();
  return (shapes: readonly (readonly number[])[]): T => {
    const key = shapes.map((shape) => shape.join('x')).join(' ');
    const known = compiled.get(key);
    if (known !== undefined) return known;
    if (compiled.size >= mostShapes) {
      throw new Error(
        `${what} was asked for more than ${mostShapes} shapes (${[...compiled.keys(), key].join('; ')}): ` +
          'each is traced anew, so give batches of one size.',
      );
    }
    const made = compile(shapes);
    compiled.set(key, made);
    return made;
  };
}

/** Random numbers of a step, drawn on the host: a node and the name they are drawn by. */
export interface Draw {
  readonly node: Node;
  readonly name: string;
}

export function createTracedMoment(
  tracer: Tracer,
  step: Node,
  training: boolean,
): { readonly moment: StepContext; readonly draws: readonly Draw[]; readonly updates: ReadonlyMap<Variable, Node> } {
  const draws: Draw[] = [];
  const updates = new Map<Variable, Node>();
  const current = (variable: Variable): Tensor => {
    const pending = updates.get(variable);
    return pending ? tracer.tensor(pending) : variable;
  };
  const moment: StepContext = {
    step: tracer.tensor(step),
    training,
    recompute: tracer.recompute,
    uniform(name, shape) {
      const node = tracer.placeholder('float32', shape);
      draws.push({ node, name });
      return tracer.tensor(node);
    },
    current,
    update(variable, next) {
      if (training) updates.set(variable, tracer.node(next(current(variable))));
    },
  };
  return { moment, draws, updates };
}

export type Nodes = Readonly<Record<string, Node>>;

export const nodesOf = (tracer: Tracer, tensors: Tensors): Nodes =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tracer.node(tensor)]));
export const tensorsOf = (tracer: Tracer, nodes: Nodes): Tensors =>
  Object.fromEntries(Object.entries(nodes).map(([name, node]) => [name, tracer.tensor(node)]));

/** A batch as placeholders, and where the step stands. */
export interface BatchInputs {
  readonly views: readonly Node[];
  readonly index: Node;
  readonly labels: Node | null;
  readonly step: Node;
  readonly draws: readonly Draw[];
}

/** Where a step stands, for the optimizer's rule. */
export interface RateInputs {
  readonly stepsTaken: Node;
  readonly lr: Node;
  readonly peak: Node;
}

/** Placeholders for it. Only while tracing. */
export function rateInputs(tracer: Tracer): RateInputs {
  const scalar = (): Node => tracer.placeholder('float32', []);
  return { stepsTaken: scalar(), lr: scalar(), peak: scalar() };
}

export function rateFeeds(
  { graph }: Tracer,
  inputs: RateInputs,
  { step, lr, peak = lr }: StepPosition,
): readonly Feed[] {
  return [
    graph.feed(inputs.stepsTaken, Float32Array.of(step + 1)),
    graph.feed(inputs.lr, Float32Array.of(lr)),
    graph.feed(inputs.peak, Float32Array.of(peak)),
  ];
}

export interface TrainingState {
  readonly weights: readonly Variable[];
  readonly entries: readonly StateEntry[];
  /** Adds the optimizer's rule, and gives what each weight and slot becomes. `gradients` in the order of the weights. */
  optimized(gradients: readonly Tensor[], at: RateInputs): Map<Variable, Node>;
  /** Adds what the learner does after the optimizer, seeing the weights it gave; goes into `next`. */
  follow(next: Map<Variable, Node>, embeddings: Nodes, targets: Tensors, moment: StepContext): void;
  /** Adds the assignments, which wait for `after`, and gives the operation that runs them all. */
  assigned(next: ReadonlyMap<Variable, Node>, after: readonly Handle[]): Handle;
  dispose(): void;
}

const multiplied = (value: Tensor, factor: number): Tensor => (factor === 1 ? value : tf.mul(value, factor));

export function createTrainingState(
  tracer: Tracer,
  learner: Learner,
  optimizer: { readonly recipe: OptimizerRecipe; readonly options: Options },
  lossScale: LossScale | null,
): TrainingState {
  const { graph, variables } = tracer;
  const { recipe } = optimizer;
  const options = v.parse(recipe.options, optimizer.options) as Options;
  const rates = ratesOf(learner.trainable);
  const weights = [...rates.keys()];
  const statistics = unique(learner.trainable.flatMap((net) => net.state));
  const slots = new Map(
    weights.map((weight) => {
      const made = recipe.slots.map((slot) => {
        const name = `optimizer/${slot}/${weight.name}`;
        return [slot, tracer.variable(name, weight.shape, new Float32Array(weight.size), false)] as const;
      });
      return [weight, Object.fromEntries(made)] as const;
    }),
  );
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
    optimized(gradients, { lr, peak, stepsTaken }) {
      const step = tracer.tensor(stepsTaken);
      const lrOf = new Map(
        [...new Set(rates.values())].map((rate) => {
          const { factor, constantRate } = rate;
          return [rate, multiplied(tracer.tensor(constantRate ? peak : lr), factor)];
        }),
      );
      const next = new Map<Variable, Node>();
      let before: readonly Tensor[] = [];
      // As the gradients come: from the last layer to the first.
      [...weights.entries()].reverse().forEach(([place, weight]) => {
        const own = slots.get(weight)!;
        const gradient = gradients[place]!;
        // Read when the gradient is there: what depends on a weight or a slot alone, a decay or a momentum, would otherwise be
        // computed first thing in a step and be kept to its end. And one after the other: each takes several times the memory
        // of its weight for a moment.
        const after = [gradient, ...before];
        const late = (variable: Variable): Tensor => tracer.delayed(variable, after);
        const read = Object.fromEntries(Object.entries(own).map(([slot, variable]) => [slot, late(variable)]));
        const at = { lr: lrOf.get(rates.get(weight)!)!, step, shape: weight.shape };
        const updated = recipe.update(late(weight), gradient, read, at, options);
        before = [updated.weight];
        next.set(weight, tracer.node(updated.weight));
        for (const [slot, variable] of Object.entries(own)) next.set(variable, tracer.node(updated.slots[slot]!));
      });
      return next;
    },
    follow(next, embeddings, targets, moment) {
      const later = tracer.substituted(next, () =>
        (learner.updates?.(tensorsOf(tracer, embeddings), targets, moment) ?? []).map(
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

/** Adds a check that fails the run with `message` where a value is not finite, once `after` ran. */
export function checkFinite({ graph }: Tracer, node: Node, message: string, after: readonly Handle[] = []): Handle {
  const attributes = [stringAttribute('message', message)];
  return graph.add('CheckNumerics', [node], 1, { attributes, after }).operation;
}

/** Begins TensorFlow's message about gradients that left the range of float16. */
const overflow = 'the gradients overflowed';
export const overflowed = (error: unknown): boolean => error instanceof Error && error.message.includes(overflow);

/** The gradients of a loss from those of a multiple of it, and a check that they are finite, made once `after` ran. */
export function unscaled(
  tracer: Tracer,
  gradients: readonly Tensor[],
  scale: Node,
  after: readonly Handle[] = [],
): { readonly gradients: readonly Tensor[]; readonly finite: Handle } {
  const divided = gradients.map((gradient) => tf.div(gradient, tracer.tensor(scale)));
  // Finite only where every one of them is.
  const sum = tf.addN(divided.map((gradient) => tf.sum(gradient)));
  return { gradients: divided, finite: checkFinite(tracer, tracer.node(sum), overflow, after) };
}

/** Placeholders for a batch of these views, with tensors of them to compute on. Only while tracing. */
export function batchInputs(tracer: Tracer, shapes: readonly (readonly number[])[], labelled: boolean) {
  const rows = shapes[0]![0]!;
  const views = shapes.map((shape) => tracer.placeholder('float32', shape));
  const index = tracer.placeholder('int32', [rows]);
  const labels = labelled ? tracer.placeholder('int32', [rows]) : null;
  const step = tracer.placeholder('int32', []);
  const { moment, draws, updates } = createTracedMoment(tracer, step, true);
  const batch = {
    views: views.map(tracer.tensor),
    index: tracer.tensor(index),
    targets: labels ? { label: tracer.tensor(labels) } : {},
  };
  return { inputs: { views, index, labels, step, draws } satisfies BatchInputs, batch, moment, updates };
}

/** Values for a batch's placeholders. `part` tells the draws of several parts of one step apart. */
export function batchFeeds(
  { graph }: Tracer,
  inputs: BatchInputs,
  batch: HostBatch,
  { seed, step, part }: { readonly seed: number; readonly step: number; readonly part?: number },
): readonly Feed[] {
  return [
    ...inputs.views.map((node, view) => graph.feed(node, batch.views[view]!.values)),
    graph.feed(inputs.index, batch.index),
    ...(inputs.labels ? [graph.feed(inputs.labels, batch.labels!)] : []),
    graph.feed(inputs.step, Int32Array.of(step)),
    ...inputs.draws.map(({ node, name }) => graph.feed(node, drawUniform(seed, step, name, node.shape, part))),
  ];
}

/** A fetched scalar; its tensor is deleted. */
export const scalarOf = ({ graph }: Tracer, tensor: Handle, node: Node): number => graph.take(tensor, node.dtype)[0]!;

/** Metrics are single values. */
export function checkedMetrics(metrics: Nodes): Nodes {
  for (const [name, { shape }] of Object.entries(metrics)) {
    if (elementsOf(shape) !== 1) throw new Error(`Metric ${name} has shape [${shape.join(', ')}], not one value.`);
  }
  return metrics;
}
