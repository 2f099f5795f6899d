/** Checks inside a graph that a loss and its gradients are finite; otherwise the run fails and assigns nothing. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import { stringAttribute } from '../binding/attributes.ts';
import type { Handle } from '../binding/tensorflow.ts';
import type { Node } from '../graph/node.ts';
import { gradientSums } from './finite-gradients.ts';
import type { Tracer } from './trace.ts';

/** Each begins TensorFlow's message. */
const lossText = 'the loss is not finite';
const gradientText = 'a gradient is not finite';
const says = (error: unknown, text: string): boolean => error instanceof Error && error.message.includes(text);

export const isLossFailure = (error: unknown): boolean => says(error, lossText);
export const isGradientFailure = (error: unknown): boolean => says(error, gradientText);

/** Adds a check that fails the run with `message` if a value is not finite, after `after` has run. */
function checkFinite({ graph }: Tracer, node: Node, message: string, after: readonly Handle[]): Handle {
  const attributes = [stringAttribute('message', message)];
  return graph.add('CheckNumerics', [node], 1, { attributes, after }).operation;
}

export const checkedLoss = (tracer: Tracer, loss: Node): Handle => checkFinite(tracer, loss, lossText, []);

interface CheckedGradients {
  /** Of the loss itself, where they were those of a multiple of it. */
  readonly gradients: readonly Tensor[];
  /** Of each, as `gradientSums` gives it. */
  readonly sums: Node;
  /** Fails the run if one is not finite. */
  readonly finite: Handle;
}

/** @param scale what the loss was multiplied by, or null @param after run before the check */
export function checkedGradients(
  tracer: Tracer,
  given: readonly Tensor[],
  scale: Node | null,
  after: readonly Handle[] = [],
): CheckedGradients {
  const gradients = scale ? given.map((gradient) => tf.div(gradient, tracer.tensor(scale))) : given;
  const sums = tracer.node(gradientSums(gradients));
  return { gradients, sums, finite: checkFinite(tracer, sums, gradientText, after) };
}
