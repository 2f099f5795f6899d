/** The four graphs of a training step in chunks (`chunked-step.ts`): embedding, loss, gradients of the weights, update. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { Handle } from '../binding/tensorflow.ts';
import type { Node } from '../graph/node.ts';
import {
  batchInputs,
  rateInputs,
  targetInputs,
  targetTensors,
  type BatchInputs,
  type RateInputs,
  type TargetInputs,
} from './batch-inputs.ts';
import { unscaled, type TracedTraining } from './compiled-step.ts';
import { updateChoice, type UpdateChoice } from './update-choice.ts';
import { gradientsOf } from './eager-step.ts';
import { checkFinite } from './finite-checks.ts';
import { whereImagesAreFinite } from './finite-images.ts';
import { checkedMetrics, nodesOf, tensorsOf, type Nodes } from './named-nodes.ts';
import { withRows, type BatchSignature } from './per-signature.ts';
import { createTracedContext } from './traced-context.ts';

/** A learner that is trained in chunks. */
export interface ChunkedTraining extends TracedTraining {
  /** Sums of the gradients, in the order of the weights: zero between steps. */
  readonly sums: readonly Variable[];
  /** A variable of the same shape for each that chunks change, made when it is first asked for. */
  copyOf(variable: Variable): Variable;
  /** Samples per chunk. */
  readonly chunk: number;
}

/** Embeddings of a chunk, without gradient. */
interface EmbeddingGraph {
  readonly inputs: BatchInputs;
  readonly outputs: Nodes;
}

/** Loss of the whole batch, and its gradient with respect to the embeddings. */
interface LossGraph {
  readonly embeddings: Nodes;
  readonly targets: TargetInputs;
  readonly step: Node;
  readonly loss: Node;
  readonly metrics: Nodes;
  /** Only for embeddings that the loss depends on. */
  readonly gradients: Nodes;
}

/** A chunk's part of the gradients of the weights. */
interface GradientGraph {
  readonly inputs: BatchInputs;
  /** The loss's gradient with respect to the chunk's embeddings. */
  readonly seeds: Nodes;
  /** Factor of the seeds; null where the loss is not scaled. */
  readonly scale: Node | null;
  /** Adds a chunk's gradient to the sums and updates the running statistics. */
  readonly accumulate: Handle;
  /** Keeps the running statistics, and sets them to what was kept. */
  readonly keep: Handle;
  readonly restore: Handle;
}

interface UpdateGraph {
  /** Empty if the learner has no updates of its own. */
  readonly embeddings: Nodes;
  readonly targets: TargetInputs;
  readonly step: Node;
  readonly rates: RateInputs;
  readonly scale: Node | null;
  /** Updates all state from the sums and resets them to zero, once the new weights are known to be finite. */
  readonly choice: UpdateChoice;
  /** Sets the sums to zero. */
  readonly clear: Handle;
}

export interface ChunkedGraphs {
  readonly embedding: EmbeddingGraph;
  readonly loss: LossGraph;
  readonly gradient: GradientGraph;
  readonly update: UpdateGraph;
}

/** @throws if the batch cannot be divided into chunks, or the learner's loss cannot be separated from its embedding */
export function compileChunks(training: ChunkedTraining, signature: BatchSignature): ChunkedGraphs {
  const { chunk } = training;
  const rows = signature.views[0]!.shape[0]!;
  if (rows % chunk !== 0)
    throw new Error(`A batch of ${rows} cannot be taken in chunks of ${chunk}: choose a divisor of the batch.`);
  const part = withRows(signature, chunk);
  const embedding = compileEmbedding(training, part);
  const loss = compileLoss(training, embedding.outputs, signature);
  return {
    embedding,
    loss,
    gradient: compileGradient(training, loss.gradients, part),
    update: compileUpdate(training, loss.embeddings, signature),
  };
}

function compileEmbedding({ tracer, learner }: ChunkedTraining, part: BatchSignature): EmbeddingGraph {
  return tracer.trace(() => {
    const { inputs, batch, floats, context } = batchInputs(tracer, part);
    const embeddings = tracer.network(() => learner.embed(batch, context));
    const shown = Object.entries(embeddings).map(
      ([name, embedding]) => [name, whereImagesAreFinite(floats, embedding)] as const,
    );
    return { inputs, outputs: nodesOf(tracer, Object.fromEntries(shown)) };
  });
}

/** Placeholders for the whole batch's embeddings, by the shapes of a chunk's. */
function embeddingInputs({ tracer, chunk }: ChunkedTraining, embedded: Nodes, rows: number): Nodes {
  return Object.fromEntries(
    Object.entries(embedded).map(([name, { shape }]) => {
      if (shape[0] !== chunk)
        throw new Error(`Embedding ${name} of shape [${shape.join(', ')}] has not one row a sample: no chunks.`);
      return [name, tracer.placeholder('float32', [rows, ...shape.slice(1)])];
    }),
  );
}

function compileLoss(training: ChunkedTraining, embedded: Nodes, signature: BatchSignature): LossGraph {
  const { tracer, learner } = training;
  return tracer.trace(() => {
    const embeddings = embeddingInputs(training, embedded, signature.views[0]!.shape[0]!);
    const targets = targetInputs(tracer, signature);
    const step = tracer.placeholder('int32', []);
    const { context, draws, updates } = createTracedContext(tracer, step, true);
    const names = Object.keys(embeddings);
    let metrics: Nodes = {};
    const lossOf = (...given: readonly Tensor[]): tf.Scalar => {
      const named = Object.fromEntries(names.map((name, place) => [name, given[place]!]));
      const outcome = learner.loss(named, targetTensors(tracer, targets), context);
      metrics = nodesOf(tracer, outcome.metrics);
      return outcome.loss as tf.Scalar;
    };
    const inputs = names.map((name) => tracer.tensor(embeddings[name]!));
    // Not tf.valueAndGrads, which refuses an embedding that only metrics or updates use.
    const { value, grads } = tf.engine().gradients(() => lossOf(...inputs), [...inputs], undefined, true);
    const differentiated = names.flatMap((name, place) => {
      const gradient = (grads as readonly (Tensor | undefined)[])[place];
      return gradient ? [[name, tracer.node(gradient)] as const] : [];
    });
    if (draws.length > 0 || updates.size > 0)
      throw new Error('A loss that draws or keeps statistics cannot be taken in chunks: do both in embed().');
    const monitored = learner.monitor ? nodesOf(tracer, learner.monitor(tensorsOf(tracer, embeddings))) : {};
    return {
      embeddings,
      targets,
      step,
      loss: tracer.node(value),
      metrics: checkedMetrics({ ...metrics, ...monitored }),
      gradients: Object.fromEntries(differentiated),
    };
  });
}

function compileGradient(
  { tracer, learner, state, sums, copyOf, chunk, scaled }: ChunkedTraining,
  differentiated: Nodes,
  part: BatchSignature,
): GradientGraph {
  return tracer.trace(() => {
    const { inputs, batch, context, updates } = batchInputs(tracer, part);
    const seeds = Object.fromEntries(
      Object.entries(differentiated).map(([name, { shape }]) => [
        name,
        tracer.placeholder('float32', [chunk, ...shape.slice(1)]),
      ]),
    );
    const scale = scaled ? tracer.placeholder('float32', []) : null;
    const seedOf = (name: string): Tensor => {
      const own = tracer.tensor(seeds[name]!);
      return scale ? tf.mul(own, tracer.tensor(scale)) : own;
    };
    const { grads } = tf.variableGrads(() => {
      const embeddings = tracer.network(() => learner.embed(batch, context));
      // The gradient of this sum with respect to the weights is the chunk's part of the loss's gradient.
      return tf.addN<tf.Scalar>(
        Object.keys(seeds).map((name) => tf.sum<tf.Scalar>(tf.mul(embeddings[name]!, seedOf(name)))),
      );
    }, state.weights as Variable[]);
    const added = new Map(
      gradientsOf(state.weights, grads).map((gradient, place) => {
        const sum = sums[place]!;
        return [sum, tracer.node(tf.add(sum, gradient))] as const;
      }),
    );
    const changed = [...updates.keys()].map((variable) => [variable, copyOf(variable)] as const);
    return {
      inputs,
      seeds,
      scale,
      accumulate: state.assigned(new Map([...updates, ...added]), []),
      keep: state.assigned(new Map(changed.map(([variable, copy]) => [copy, tracer.node(variable)])), []),
      restore: state.assigned(new Map(changed.map(([variable, copy]) => [variable, tracer.node(copy)])), []),
    };
  });
}

function compileUpdate(
  { tracer, learner, state, sums, scaled, clips }: ChunkedTraining,
  embeddings: Nodes,
  signature: BatchSignature,
): UpdateGraph {
  return tracer.trace(() => {
    const whole = Object.fromEntries(
      Object.entries(embeddings).map(([name, { shape }]) => [name, tracer.placeholder('float32', shape)]),
    );
    const step = tracer.placeholder('int32', []);
    const targets = targetInputs(tracer, signature);
    const rates = rateInputs(tracer);
    const { context } = createTracedContext(tracer, step, true);
    const scale = scaled ? tracer.placeholder('float32', []) : null;
    const zeros = () => new Map(sums.map((sum) => [sum, tracer.node(tf.zerosLike(sum))] as const));
    const choice = updateChoice(tracer, unscaled(tracer, sums, scale), clips, (gradients) => {
      const next = state.optimized(gradients, rates);
      const ofWeights = state.sumsOf(next);
      state.follow(next, whole, targetTensors(tracer, targets), context);
      const finite = checkFinite(tracer, 'weights', ofWeights);
      return { train: state.assigned(new Map([...next, ...zeros()]), [finite]), sums: ofWeights };
    });
    const clear = state.assigned(zeros(), []);
    return { embeddings: learner.updates ? whole : {}, targets, step, rates, scale, choice, clear };
  });
}
