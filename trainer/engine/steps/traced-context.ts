/** A traced step's context: random numbers become placeholders, and updates of statistics become nodes. */
import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { StepContext } from '../../recipe.ts';
import type { Node } from '../graph/node.ts';
import type { Tracer } from './trace.ts';

/** Random numbers of a step, drawn on the host: their placeholder, and the name that seeds them. */
export interface Draw {
  readonly node: Node;
  readonly name: string;
}

export interface TracedContext {
  readonly context: StepContext;
  /** Filled while the step is traced. */
  readonly draws: readonly Draw[];
  /** New value of each variable that the step updates; filled while the step is traced. */
  readonly updates: ReadonlyMap<Variable, Node>;
}

/** Only while tracing. */
export function createTracedContext(tracer: Tracer, step: Node, training: boolean): TracedContext {
  const draws: Draw[] = [];
  const updates = new Map<Variable, Node>();
  const current = (variable: Variable): Tensor => {
    const pending = updates.get(variable);
    return pending ? tracer.tensor(pending) : variable;
  };
  const context: StepContext = {
    step: tracer.tensor(step),
    training,
    recompute: tracer.recompute,
    branch: tracer.branch,
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
  return { context, draws, updates };
}
