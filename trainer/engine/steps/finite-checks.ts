/** Checks inside a graph that a loss and its gradients are finite; otherwise the run fails and assigns nothing. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import { stringAttribute } from '../binding/attributes.ts';
import type { Handle } from '../binding/tensorflow.ts';
import type { Node } from '../graph/node.ts';
import type { Tracer } from './trace.ts';

/** Adds a check that fails the run with `message` if a value is not finite, after `after` has run. */
export function checkFinite({ graph }: Tracer, node: Node, message: string, after: readonly Handle[] = []): Handle {
  const attributes = [stringAttribute('message', message)];
  return graph.add('CheckNumerics', [node], 1, { attributes, after }).operation;
}

/** Begins TensorFlow's message about gradients that left the range of float16. */
const overflow = 'the gradients overflowed';
export const overflowed = (error: unknown): boolean => error instanceof Error && error.message.includes(overflow);

/** Gradients of a loss from those of a multiple of it, and a check that they are finite, run after `after`. */
export function unscaled(
  tracer: Tracer,
  gradients: readonly Tensor[],
  scale: Node,
  after: readonly Handle[] = [],
): { readonly gradients: readonly Tensor[]; readonly finite: Handle } {
  const divided = gradients.map((gradient) => tf.div(gradient, tracer.tensor(scale)));
  // Finite only if all of them are.
  const sum = tf.addN(divided.map((gradient) => tf.sum(gradient)));
  return { gradients: divided, finite: checkFinite(tracer, tracer.node(sum), overflow, after) };
}
