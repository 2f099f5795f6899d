/** Checks inside a graph that a loss and the weights after it are finite; otherwise the run fails and assigns nothing. */
import { stringAttribute } from '../binding/attributes.ts';
import type { Handle } from '../binding/tensorflow.ts';
import type { Node } from '../graph/node.ts';
import type { Tracer } from './trace.ts';

/** What is checked, as TensorFlow's message says it. */
const texts = { loss: 'the loss is not finite', weights: 'the weights would not be finite' } as const;

/** True if a run failed by this check. */
export const failedBy = (check: keyof typeof texts, error: unknown): boolean =>
  error instanceof Error && error.message.includes(texts[check]);

/** Adds a check that fails the run if a value is not finite, after `after` has run. */
export function checkFinite(
  { graph }: Tracer,
  check: keyof typeof texts,
  node: Node,
  after: readonly Handle[] = [],
): Handle {
  const attributes = [stringAttribute('message', texts[check])];
  return graph.add('CheckNumerics', [node], 1, { attributes, after }).operation;
}
