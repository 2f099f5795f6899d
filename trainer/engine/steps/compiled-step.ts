/** The graph of a whole batch's training step: forward, gradients, optimizer and running statistics. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { Learner, Tensors } from '../../recipe.ts';
import type { Node } from '../graph/node.ts';
import { batchInputs, rateInputs, type BatchInputs, type RateInputs, type TracedBatch } from './batch-inputs.ts';
import { updateChoice, type UpdateChoice } from './update-choice.ts';
import { gradientsOf, targetsOf } from './eager-step.ts';
import { gatheredBy } from './exchange.ts';
import { checkFinite } from './finite-checks.ts';
import { whereImagesAreFinite } from './finite-images.ts';
import { checkedMetrics, nodesOf, tensorsOf, type Nodes } from './named-nodes.ts';
import type { BatchSignature } from './per-signature.ts';
import type { Tracer } from './trace.ts';
import type { TrainingState } from './training-state.ts';

/** A learner with its state on the device, from which step graphs are traced. */
export interface TracedTraining {
  readonly tracer: Tracer;
  readonly learner: Learner;
  readonly state: TrainingState;
  /** True if the loss is multiplied before its gradient is taken. */
  readonly scaled: boolean;
  /** True if a step may clip its gradients. */
  readonly clips: boolean;
}

export interface CompiledStep {
  readonly inputs: BatchInputs;
  readonly rates: RateInputs;
  /** Placeholder for the factor of the loss; null where the loss is not scaled. */
  readonly scale: Node | null;
  readonly loss: Node;
  readonly metrics: Nodes;
  /** Changes all state, once the loss and the new weights are known to be finite. */
  readonly update: UpdateChoice;
}

/** Adds the forward pass and the gradients, of the scaled loss if it is scaled. */
function differentiated(
  { tracer, learner, state }: TracedTraining,
  { batch, floats, context, whole }: TracedBatch,
  targets: Tensors,
  scale: Node | null,
): { readonly embedded: Nodes; readonly metrics: Nodes; readonly loss: Node; readonly grads: Tensors } {
  let embedded: Nodes = {};
  let metrics: Nodes = {};
  let loss: Node | null = null;
  const { grads } = tf.variableGrads(() => {
    const embeddings = wholeBatch(
      tracer,
      floats,
      tracer.network(() => learner.embed(batch, context)),
    );
    const outcome = learner.loss(embeddings, targets, whole);
    embedded = nodesOf(tracer, embeddings);
    metrics = nodesOf(tracer, outcome.metrics);
    loss = tracer.node(whereImagesAreFinite(floats, outcome.loss));
    return (scale ? tf.mul(outcome.loss, tracer.tensor(scale)) : outcome.loss) as tf.Scalar;
  }, state.weights as Variable[]);
  return { embedded, metrics, loss: loss!, grads };
}

/** The embeddings of the whole batch from those of this process's part; a part whose images are not finite shows in all processes. */
function wholeBatch({ exchange }: Tracer, floats: readonly Tensor[], embeddings: Tensors): Tensors {
  if (exchange === null) return embeddings;
  return gatheredBy((embedding) => exchange.allRows(whereImagesAreFinite(floats, embedding)), embeddings);
}

/** Gradients of a loss from those of a multiple of it; as they are if `scale` is null. */
export function unscaled(tracer: Tracer, gradients: readonly Tensor[], scale: Node | null): readonly Tensor[] {
  return scale ? gradients.map((gradient) => tf.div(gradient, tracer.tensor(scale))) : gradients;
}

export function compileStep(training: TracedTraining, signature: BatchSignature): CompiledStep {
  const { tracer, learner, state, scaled, clips } = training;
  return tracer.trace(() => {
    const traced = batchInputs(tracer, signature);
    const rates = rateInputs(tracer);
    const scale = scaled ? tracer.placeholder('float32', []) : null;
    const { exchange } = tracer;
    const own = targetsOf(traced.batch);
    const targets = exchange === null ? own : gatheredBy(exchange.gathered, own);
    const { embedded, metrics, loss, grads } = differentiated(training, traced, targets, scale);
    const finiteLoss = checkFinite(tracer, 'loss', loss);
    const found = unscaled(tracer, gradientsOf(state.weights, grads), scale);
    const gradients = exchange === null ? found : exchange.means(found);
    const update = updateChoice(tracer, gradients, clips, (given) => {
      const next = new Map(traced.updates);
      for (const [variable, node] of state.optimized(given, rates)) next.set(variable, node);
      const sums = state.sumsOf(next);
      state.follow(next, embedded, targets, traced.whole);
      // After the loss: where it is not finite, nor are they.
      const finite = checkFinite(tracer, 'weights', sums, [finiteLoss]);
      return { train: state.assigned(next, [finite]), sums };
    });
    const monitored = learner.monitor ? nodesOf(tracer, learner.monitor(tensorsOf(tracer, embedded))) : {};
    return {
      inputs: traced.inputs,
      rates,
      scale,
      update,
      loss,
      metrics: checkedMetrics({ ...metrics, ...monitored }),
    };
  });
}
