/** The update of a step in its graph: with the gradients as they are, or clipped. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Handle } from '../binding/tensorflow.ts';
import type { StepPosition } from '../engine.ts';
import type { Feed, Node } from '../graph/node.ts';
import { clippedTogether, limitOf } from './clip-gradients.ts';
import type { Tracer } from './trace.ts';

/** The operations that change all state in a graph. */
export interface UpdateChoice {
  readonly train: Handle;
  /** The same with clipped gradients; null where they are never clipped. */
  readonly clipped: { readonly limit: Node; readonly train: Handle } | null;
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
  assigned: (gradients: readonly Tensor[]) => Handle,
): UpdateChoice {
  const train = assigned(gradients);
  if (!clips) return { train, clipped: null };
  const limit = tracer.placeholder('float32', []);
  return { train, clipped: { limit, train: assigned(clippedTogether(gradients, tracer.tensor(limit))) } };
}

/** The update that a step runs, and what is fed to it besides the step's own inputs. */
export function chosenUpdate(
  { graph }: Tracer,
  { train, clipped }: UpdateChoice,
  at: StepPosition,
): { readonly target: Handle; readonly feeds: readonly Feed[] } {
  const limit = limitOf(at, clipped !== null);
  if (limit === null || clipped === null) return { target: train, feeds: [] };
  return { target: clipped.train, feeds: [graph.feed(clipped.limit, Float32Array.of(limit))] };
}
