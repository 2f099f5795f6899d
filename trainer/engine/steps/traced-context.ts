/** A traced step's context: random numbers become placeholders, and updates of statistics become nodes. */
import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { Shape, StepContext } from '../../recipe.ts';
import type { Node } from '../graph/node.ts';
import type { Tracer } from './trace.ts';

/** Random numbers of a step, drawn on the host: their placeholder, and the name that seeds them. */
export interface Draw {
  readonly node: Node;
  readonly name: string;
  /** Its rows are those of this device's part of the batch. */
  readonly isPart: boolean;
}

export interface TracedContext {
  readonly context: StepContext;
  /** The same for what all processes compute alike, from the whole batch. */
  readonly whole: StepContext;
  /** Filled while the step is traced. */
  readonly draws: readonly Draw[];
  /** New value of each variable that the step updates; filled while the step is traced. */
  readonly updates: ReadonlyMap<Variable, Node>;
}

/** Only while tracing. @param rows of this process's part of the batch; without them nothing is drawn for each row */
export function createTracedContext(tracer: Tracer, step: Node, training: boolean, rows?: number): TracedContext {
  const draws: Draw[] = [];
  const updates = new Map<Variable, Node>();
  const current = (variable: Variable): Tensor => {
    const pending = updates.get(variable);
    return pending ? tracer.tensor(pending) : variable;
  };
  const drawnFor = (isPart: (shape: Shape) => boolean): StepContext['uniform'] => {
    return (name, shape) => {
      const node = tracer.placeholder('float32', shape);
      draws.push({ node, name, isPart: isPart(shape) });
      return tracer.tensor(node);
    };
  };
  const whole: StepContext = {
    step: tracer.tensor(step),
    training,
    recompute: tracer.recompute,
    branch: tracer.branch,
    peers: null,
    uniform: drawnFor(() => false),
    current,
    update(variable, next) {
      if (training) updates.set(variable, tracer.node(next(current(variable))));
    },
  };
  const { exchange } = tracer;
  const context =
    exchange === null ? whole : { ...whole, peers: exchange, uniform: drawnFor(([first]) => first === rows) };
  return { context, whole, draws, updates };
}
