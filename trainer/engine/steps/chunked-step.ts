/**
 * A training step for a batch that does not fit in memory: the network sees it chunk by chunk, the loss sees all of it.
 *
 *   1. every chunk is embedded, without gradient
 *   2. the loss of the whole batch, and its gradient with respect to the embeddings
 *   3. every chunk again, with that gradient; the gradients of the weights are added up
 *   4. the optimizer
 *
 * (Gradient caching: Gao, Zhang, Han and Callan, 2021.) The result is the gradient of the whole batch, even for a loss
 * that is not a sum over samples, such as VICReg's variance and covariance. One thing differs, and the report states
 * it: batch norm uses the statistics of a chunk, and its running statistics are updated once per chunk.
 */
import * as tf from '@tensorflow/tfjs';
import type { Variable } from '@tensorflow/tfjs';
import type { HostBatch, HostTensor } from '../../host-batch.ts';
import type { Learner } from '../../recipe.ts';
import { elementsOf } from '../binding/tensors.ts';
import type { ChosenOptimizer, StepPosition, Stepper } from '../engine.ts';
import type { Feed, Node } from '../graph/node.ts';
import { batchFeeds, rateFeeds, scaleFeeds, targetFeeds } from './batch-inputs.ts';
import { chosenUpdate, type Update } from './update-choice.ts';
import { compileChunks, type ChunkedGraphs, type ChunkedTraining } from './chunked-graphs.ts';
import { failedBy } from './finite-checks.ts';
import { notFiniteAmong } from './finite-weights.ts';
import { chunksOf } from './host-chunks.ts';
import type { LossScale } from './loss-scale.ts';
import { scalarOf, type Nodes } from './named-nodes.ts';
import { perSignature, signatureKey, signatureOf } from './per-signature.ts';
import type { Tracer } from './trace.ts';
import { createTrainingState } from './training-state.ts';

/** One step on one batch, while it runs. */
interface RunningStep {
  readonly tracer: Tracer;
  readonly weights: readonly Variable[];
  readonly graphs: ChunkedGraphs;
  readonly batch: HostBatch;
  readonly parts: readonly HostBatch[];
  readonly at: StepPosition;
  readonly seed: number;
  readonly lossScale: LossScale | null;
}

/** Values of the whole batch by the name of an embedding. */
type HostValues = Readonly<Record<string, Float32Array>>;

interface LossOfBatch {
  readonly loss: number;
  /** Empty unless asked for. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly gradients: HostValues;
}

export function createChunkedStepper(
  tracer: Tracer,
  learner: Learner,
  optimizer: ChosenOptimizer,
  seed: number,
  chunk: number,
  lossScale: LossScale | null,
): Stepper {
  const { variables } = tracer;
  const state = createTrainingState(tracer, learner, optimizer, lossScale);
  const besideState = (name: string, { shape, size }: Variable): Variable =>
    tracer.variable(name, shape, new Float32Array(size), false);
  // Zero between steps, so they are in no checkpoint.
  const sums = state.weights.map((weight) => besideState(`gradient/${weight.name}`, weight));
  const copies = new Map<Variable, Variable>();
  const training: ChunkedTraining = {
    tracer,
    learner,
    state,
    scaled: lossScale !== null,
    clips: optimizer.clips ?? false,
    sums,
    copyOf(variable) {
      const copy = copies.get(variable) ?? besideState(`before/${variable.name}`, variable);
      copies.set(variable, copy);
      return copy;
    },
    chunk,
  };
  const graphsFor = perSignature<ChunkedGraphs>('The training step');

  return {
    state: state.entries,
    async run(batch, at, wanted) {
      const signature = signatureOf(batch);
      const graphs = graphsFor(signatureKey(signature), () => compileChunks(training, signature));
      variables.flush();
      const parts = chunksOf(batch, chunk);
      const running: RunningStep = { tracer, weights: state.weights, graphs, batch, parts, at, seed, lossScale };
      const embeddings = await embedded(running);
      const { loss, metrics, gradients } = await lossOf(running, embeddings, wanted);
      if (!Number.isFinite(loss)) return { loss, metrics: {} };

      // Once, and again each time the loss scale is lowered.
      while (true) {
        await addGradients(running, gradients);
        const weightsNotFinite = await updated(running, embeddings);
        if (weightsNotFinite === null) {
          lossScale?.held();
          return { loss, metrics };
        }
        if (!lossScale?.lowered()) return { loss, metrics: {}, weightsNotFinite };
      }
    },
    dispose() {
      const own = [...sums, ...copies.values()];
      state.dispose();
      variables.destroy(own.map(tracer.deviceOf));
      tf.dispose(own);
    },
  };
}

/** Embeddings of the whole batch, chunk by chunk. */
async function embedded({ tracer, graphs, parts, at, seed }: RunningStep): Promise<HostValues> {
  const { embedding, loss } = graphs;
  const pieces: Readonly<Record<string, HostTensor>>[] = [];
  for (const [part, piece] of parts.entries()) {
    const feeds = batchFeeds(tracer, embedding.inputs, piece, { seed, step: at.step, part });
    pieces.push(await fetched(tracer, embedding.outputs, feeds));
  }
  return Object.fromEntries(
    Object.entries(loss.embeddings).map(([name, node]) => {
      const values = new Float32Array(elementsOf(node.shape));
      const size = values.length / parts.length;
      pieces.forEach((piece, part) => values.set(piece[name]!.values, part * size));
      return [name, values];
    }),
  );
}

async function fetched(
  { graph }: Tracer,
  nodes: Nodes,
  feeds: readonly Feed[],
): Promise<Readonly<Record<string, HostTensor>>> {
  const names = Object.keys(nodes);
  const found = await graph.run({ feeds, fetches: names.map((name) => nodes[name]!), targets: [] });
  return Object.fromEntries(
    found.map((tensor, place) => {
      const { shape, dtype } = nodes[names[place]!]!;
      return [names[place]!, { shape, values: graph.take(tensor, dtype) as Float32Array }];
    }),
  );
}

/** Values for the placeholders of embeddings. */
const embeddingFeeds = ({ graph }: Tracer, nodes: Nodes, embeddings: HostValues): readonly Feed[] =>
  Object.entries(nodes).map(([name, node]) => graph.feed(node, embeddings[name]!));

/** The loss of the whole batch, and its gradient with respect to the embeddings; keeps the running statistics. */
async function lossOf(
  { tracer, graphs, batch, at }: RunningStep,
  embeddings: HostValues,
  wanted: { readonly metrics: boolean },
): Promise<LossOfBatch> {
  const { graph } = tracer;
  const { loss } = graphs;
  const figures: readonly (readonly [name: string, node: Node])[] = wanted.metrics ? Object.entries(loss.metrics) : [];
  const gradients = Object.entries(loss.gradients);
  const [value, ...found] = await graph.run({
    feeds: [
      ...embeddingFeeds(tracer, loss.embeddings, embeddings),
      ...targetFeeds(tracer, loss.targets, batch),
      graph.feed(loss.step, Int32Array.of(at.step)),
    ],
    fetches: [loss.loss, ...figures.map(([, node]) => node), ...gradients.map(([, node]) => node)],
    targets: [graphs.gradient.keep],
  });
  return {
    loss: scalarOf(tracer, value!, loss.loss),
    metrics: Object.fromEntries(figures.map(([name], place) => [name, scalarOf(tracer, found[place]!, loss.loss)])),
    gradients: Object.fromEntries(
      gradients.map(([name], place) => {
        const tensor = found[figures.length + place]!;
        return [name, graph.take(tensor, loss.loss.dtype) as Float32Array];
      }),
    ),
  };
}

/** Adds every chunk's gradient of the weights to the sums. */
async function addGradients(
  { tracer, graphs, parts, at, seed, lossScale }: RunningStep,
  gradients: HostValues,
): Promise<void> {
  const { graph } = tracer;
  const { inputs, seeds, scale, accumulate } = graphs.gradient;
  for (const [part, piece] of parts.entries()) {
    const seedFeeds = Object.entries(seeds).map(([name, node]) => {
      const size = gradients[name]!.length / parts.length;
      return graph.feed(node, gradients[name]!.subarray(part * size, (part + 1) * size));
    });
    const given = batchFeeds(tracer, inputs, piece, { seed, step: at.step, part });
    await graph.run({
      feeds: [...given, ...seedFeeds, ...scaleFeeds(tracer, scale, lossScale?.value ?? 1)],
      fetches: [],
      targets: [accumulate],
    });
  }
}

/**
 * Updates all state from the sums and returns null; or, if weights would not be finite, sets everything back to what it
 * was before the step and returns their names.
 */
async function updated(
  { tracer, weights, graphs, batch, at, lossScale }: RunningStep,
  embeddings: HostValues,
): Promise<readonly string[] | null> {
  const { graph } = tracer;
  const { update, gradient } = graphs;
  function chosen(): { readonly feeds: readonly Feed[]; readonly update: Update } {
    const choice = chosenUpdate(tracer, update.choice, at);
    const rates = rateFeeds(tracer, update.rates, at);
    const scale = scaleFeeds(tracer, update.scale, lossScale?.value ?? 1);
    return { feeds: [...rates, ...scale, ...choice.feeds], update: choice.update };
  }
  try {
    const { feeds, update: all } = chosen();
    const followed = [
      ...embeddingFeeds(tracer, update.embeddings, embeddings),
      graph.feed(update.step, Int32Array.of(at.step)),
      ...targetFeeds(tracer, update.targets, batch),
    ];
    await graph.run({ feeds: [...followed, ...feeds], fetches: [], targets: [all.train] });
    return null;
  } catch (error) {
    if (!failedBy('weights', error)) throw error;
    const { feeds, update: all } = chosen();
    const [sums] = await graph.run({ feeds, fetches: [all.sums], targets: [] });
    const names = notFiniteAmong(weights, graph.take(sums!, all.sums.dtype));
    await graph.run({ feeds: [], fetches: [], targets: [update.clear, gradient.restore] });
    return names;
  }
}
