/** The update of a step in its graph: with the gradients as they are, or clipped. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Handle } from '../binding/tensorflow.ts';
import type { StepPosition } from '../engine.ts';
import type { Feed, Node } from '../graph/node.ts';
import { clippedTogether, limitOf } from './clip-gradients.ts';
import type { Tracer } from './trace.ts';

/** The change of all state in a graph. */
export interface Update {
  readonly train: Handle;
  /** Of the weights it gives, as in `finite-weights.ts`: nothing is assigned unless they are finite. */
  readonly sums: Node;
}

export interface UpdateChoice {
  readonly plain: Update;
  /** The same with clipped gradients; null where they are never clipped. */
  readonly clipped: (Update & { readonly limit: Node }) | null;
}

/**
 * The update with the gradients as they are, and where they may be clipped another beside it: a step runs one of the two
 * and TensorFlow leaves the other out, so that a step that clips nothing has the bits of one that cannot. Only while
 * tracing.
 */
export function updateChoice(
  tracer: Tracer,
  gradients: readonly Tensor[],
  clips: boolean,
  updateBy: (gradients: readonly Tensor[]) => Update,
): UpdateChoice {
  const plain = updateBy(gradients);
  if (!clips) return { plain, clipped: null };
  const limit = tracer.placeholder('float32', []);
  return { plain, clipped: { limit, ...updateBy(clippedTogether(gradients, tracer.tensor(limit))) } };
}

/** The update that a step runs, and what is fed to it besides the step's own inputs. */
export function chosenUpdate(
  { graph }: Tracer,
  { plain, clipped }: UpdateChoice,
  at: StepPosition,
): { readonly update: Update; readonly feeds: readonly Feed[] } {
  const limit = limitOf(at, clipped !== null);
  if (limit === null || clipped === null) return { update: plain, feeds: [] };
  return { update: clipped, feeds: [graph.feed(clipped.limit, Float32Array.of(limit))] };
}
