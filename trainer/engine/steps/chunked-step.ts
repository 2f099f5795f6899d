/**
 * A training step whose batch does not fit: the network sees it chunk by chunk, the loss sees all of it.
 *
 *   1. every chunk is embedded, without gradient
 *   2. the loss, and its gradient in the embeddings, of the whole batch
 *   3. every chunk again, with that gradient, and the gradients of the weights are added up
 *   4. the optimizer
 *
 * (Gradient caching: Gao, Zhang, Han and Callan, 2021.) It is the gradient of the whole batch, also of a loss that is not a
 * sum over samples, as VICReg's variance and covariance. One thing differs, and a report says so: batch norm takes its
 * statistics of a chunk, and its running statistics move once a chunk.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { Options } from '../../protocol/options.ts';
import type { Learner, OptimizerRecipe, Tensors } from '../../recipe.ts';
import type { Stepper } from '../engine.ts';
import type { HostBatch } from '../../host-batch.ts';
import type { HostTensor } from '../../host-batch.ts';
import type { Node } from '../graph/node.ts';
import type { LossScale } from './loss-scale.ts';
import { gradientsOf } from './eager-step.ts';
import type { Handle } from '../binding/tensorflow.ts';
import { elementsOf } from '../binding/tensors.ts';
import type { Tracer } from './trace.ts';
import {
  batchFeeds,
  batchInputs,
  checkedMetrics,
  createTracedMoment,
  createTrainingState,
  nodesOf,
  overflowed,
  perShape,
  rateFeeds,
  rateInputs,
  scalarOf,
  tensorsOf,
  unscaled,
  type BatchInputs,
  type RateInputs,
  type Nodes,
} from './training-state.ts';

/** Which samples a batch is of, and of which classes where that is known. */
interface TargetInputs {
  readonly index: Node;
  readonly labels: Node | null;
}

interface CompiledChunks {
  readonly embed: { readonly inputs: BatchInputs; readonly outputs: Nodes };
  readonly loss: {
    readonly embeddings: Nodes;
    readonly targets: TargetInputs;
    readonly step: Node;
    readonly loss: Node;
    readonly metrics: Nodes;
    /** Of the embeddings that the loss depends on. */
    readonly gradients: Nodes;
  };
  readonly back: {
    readonly inputs: BatchInputs;
    readonly seeds: Nodes;
    /** What the seeds are multiplied by, where they are. */
    readonly scale: Node | null;
    /** Adds a chunk's gradient to the sums and moves the running statistics. */
    readonly accumulate: Handle;
    /** The former without the latter. */
    readonly again: Handle;
  };
  readonly update: {
    readonly embeddings: Nodes;
    readonly targets: TargetInputs;
    readonly step: Node;
    readonly rates: RateInputs;
    readonly scale: Node | null;
    /** Updates all state from the sums, and sets those to zero. */
    readonly train: Handle;
    /** Sets the sums to zero. */
    readonly clear: Handle;
  };
}

export function createChunkedStepper(
  tracer: Tracer,
  learner: Learner,
  optimizer: { readonly recipe: OptimizerRecipe; readonly options: Options },
  seed: number,
  chunk: number,
  lossScale: LossScale | null,
): Stepper {
  const { graph, variables } = tracer;
  const state = createTrainingState(tracer, learner, optimizer, lossScale);
  const { weights } = state;
  /** Sums of the gradients: zero between steps, so they are in no checkpoint. */
  const sums = weights.map((weight) =>
    tracer.variable(`gradient/${weight.name}`, weight.shape, new Float32Array(weight.size), false),
  );

  const targetInputs = (rows: number, labelled: boolean): TargetInputs => ({
    index: tracer.placeholder('int32', [rows]),
    labels: labelled ? tracer.placeholder('int32', [rows]) : null,
  });
  const targetTensors = ({ index, labels }: TargetInputs): Tensors => ({
    index: tracer.tensor(index),
    ...(labels ? { label: tracer.tensor(labels) } : {}),
  });
  const targetFeeds = ({ index, labels }: TargetInputs, batch: HostBatch) => [
    graph.feed(index, batch.index),
    ...(labels ? [graph.feed(labels, batch.labels!)] : []),
  ];

  const compileEmbedding = (shapes: readonly (readonly number[])[], labelled: boolean): CompiledChunks['embed'] =>
    tracer.trace(() => {
      const { inputs, batch, moment } = batchInputs(tracer, shapes, labelled);
      return {
        inputs,
        outputs: nodesOf(
          tracer,
          tracer.network(() => learner.embed(batch, moment)),
        ),
      };
    });

  const compileLoss = (embedded: Nodes, rows: number, labelled: boolean): CompiledChunks['loss'] =>
    tracer.trace(() => {
      const embeddings = Object.fromEntries(
        Object.entries(embedded).map(([name, { shape }]) => {
          if (shape[0] !== chunk)
            throw new Error(`Embedding ${name} of shape [${shape.join(', ')}] has not one row a sample: no chunks.`);
          return [name, tracer.placeholder('float32', [rows, ...shape.slice(1)])];
        }),
      );
      const targets = targetInputs(rows, labelled);
      const step = tracer.placeholder('int32', []);
      const { moment, draws, updates } = createTracedMoment(tracer, step, true);
      const names = Object.keys(embeddings);
      let metrics: Nodes = {};
      const lossOf = (...given: readonly Tensor[]): tf.Scalar => {
        const named = Object.fromEntries(names.map((name, place) => [name, given[place]!]));
        const outcome = learner.loss(named, targetTensors(targets), moment);
        metrics = nodesOf(tracer, outcome.metrics);
        return outcome.loss as tf.Scalar;
      };
      const inputs = names.map((name) => tracer.tensor(embeddings[name]!));
      // Not tf.valueAndGrads, which takes an embedding for a mistake that is there for metrics or updates alone.
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

  const compileBack = (shapes: readonly (readonly number[])[], differentiated: Nodes, labelled: boolean) =>
    tracer.trace(() => {
      const { inputs, batch, moment, updates } = batchInputs(tracer, shapes, labelled);
      const seeds = Object.fromEntries(
        Object.entries(differentiated).map(([name, { shape }]) => [
          name,
          tracer.placeholder('float32', [chunk, ...shape.slice(1)]),
        ]),
      );
      const scale = lossScale && tracer.placeholder('float32', []);
      const seedOf = (name: string): Tensor => {
        const own = tracer.tensor(seeds[name]!);
        return scale ? tf.mul(own, tracer.tensor(scale)) : own;
      };
      const { grads } = tf.variableGrads(() => {
        const embeddings = tracer.network(() => learner.embed(batch, moment));
        // The gradient of this sum in the weights is the chunk's part of the loss's.
        return tf.addN<tf.Scalar>(
          Object.keys(seeds).map((name) => tf.sum<tf.Scalar>(tf.mul(embeddings[name]!, seedOf(name)))),
        );
      }, weights as Variable[]);
      const added = new Map(
        gradientsOf(weights, grads).map((gradient, place) => {
          const sum = sums[place]!;
          return [sum, tracer.node(tf.add(sum, gradient))] as const;
        }),
      );
      const accumulate = state.assigned(new Map([...updates, ...added]), []);
      return { inputs, seeds, scale, accumulate, again: scale ? state.assigned(added, []) : accumulate };
    });

  const compileUpdate = (embeddings: Nodes, rows: number, labelled: boolean): CompiledChunks['update'] =>
    tracer.trace(() => {
      const whole = Object.fromEntries(
        Object.entries(embeddings).map(([name, { shape }]) => [name, tracer.placeholder('float32', shape)]),
      );
      const step = tracer.placeholder('int32', []);
      const targets = targetInputs(rows, labelled);
      const rates = rateInputs(tracer);
      const { moment } = createTracedMoment(tracer, step, true);
      const scale = lossScale && tracer.placeholder('float32', []);
      const divided = scale && unscaled(tracer, sums, scale);
      const next = state.optimized(divided?.gradients ?? sums, rates);
      state.follow(next, whole, targetTensors(targets), moment);
      const zeros = new Map(sums.map((sum) => [sum, tracer.node(tf.zerosLike(sum))] as const));
      const train = state.assigned(new Map([...next, ...zeros]), divided ? [divided.finite] : []);
      const clear = state.assigned(zeros, []);
      return { embeddings: learner.updates ? whole : {}, targets, step, rates, scale, train, clear };
    });

  function compileAll(shapes: readonly (readonly number[])[], labelled: boolean): CompiledChunks {
    const rows = shapes[0]![0]!;
    if (rows % chunk !== 0)
      throw new Error(`A batch of ${rows} cannot be taken in chunks of ${chunk}: choose a divisor of the batch.`);
    const parts = shapes.map((shape) => [chunk, ...shape.slice(1)]);
    const embed = compileEmbedding(parts, labelled);
    const loss = compileLoss(embed.outputs, rows, labelled);
    return {
      embed,
      loss,
      back: compileBack(parts, loss.gradients, labelled),
      update: compileUpdate(loss.embeddings, rows, labelled),
    };
  }
  const unlabelled = perShape('The training step', (shapes) => compileAll(shapes, false));
  const labelled = perShape('The training step', (shapes) => compileAll(shapes, true));

  async function fetched(nodes: Nodes, feeds: Parameters<typeof graph.run>[0]['feeds']) {
    const names = Object.keys(nodes);
    const found = await graph.run({ feeds, fetches: names.map((name) => nodes[name]!), targets: [] });
    return Object.fromEntries(
      found.map((tensor, place) => {
        const { shape, dtype } = nodes[names[place]!]!;
        return [names[place]!, { shape, values: graph.take(tensor, dtype) as Float32Array }];
      }),
    );
  }

  return {
    state: state.entries,
    async run(batch, at, wanted) {
      const { step } = at;
      const { embed, loss, back, update } = (batch.labels ? labelled : unlabelled)(
        batch.views.map((view) => view.shape),
      );
      variables.flush();
      const parts = chunksOf(batch, chunk);
      const embedded: Readonly<Record<string, HostTensor>>[] = [];
      for (const [part, piece] of parts.entries())
        embedded.push(await fetched(embed.outputs, batchFeeds(tracer, embed.inputs, piece, { seed, step, part })));

      const whole = Object.fromEntries(
        Object.entries(loss.embeddings).map(([name, node]) => {
          const values = new Float32Array(elementsOf(node.shape));
          const size = values.length / parts.length;
          embedded.forEach((piece, part) => values.set(piece[name]!.values, part * size));
          return [name, values];
        }),
      );
      const wholeFeeds = (nodes: Nodes) => Object.entries(nodes).map(([name, node]) => graph.feed(node, whole[name]!));
      const asked = { loss: loss.loss, ...(wanted.metrics ? loss.metrics : {}) };
      const lossFeeds = [
        ...wholeFeeds(loss.embeddings),
        ...targetFeeds(loss.targets, batch),
        graph.feed(loss.step, Int32Array.of(step)),
      ];
      const names = [...Object.keys(asked), ...Object.keys(loss.gradients)];
      const found = await graph.run({
        feeds: lossFeeds,
        fetches: [...Object.values<Node>(asked), ...Object.values(loss.gradients)],
        targets: [],
      });
      const count = Object.keys(asked).length;
      const figures = Object.fromEntries(
        found.slice(0, count).map((tensor, place) => [names[place]!, scalarOf(tracer, tensor, loss.loss)]),
      );
      const gradients = Object.fromEntries(
        found
          .slice(count)
          .map((tensor, place) => [names[count + place]!, graph.take(tensor, loss.loss.dtype) as Float32Array]),
      );
      const { loss: value, ...metrics } = figures;
      if (!Number.isFinite(value)) return { loss: value!, metrics: {} };

      const scaleFeeds = (node: Node | null) => (node ? [graph.feed(node, Float32Array.of(lossScale!.value))] : []);
      // Once, or as often as the scale of the loss has to be lowered; running statistics move the first time only.
      for (let accumulate = back.accumulate; ; accumulate = back.again) {
        for (const [part, piece] of parts.entries()) {
          const seeds = Object.entries(back.seeds).map(([name, node]) => {
            const size = gradients[name]!.length / parts.length;
            return graph.feed(node, gradients[name]!.subarray(part * size, (part + 1) * size));
          });
          const given = batchFeeds(tracer, back.inputs, piece, { seed, step, part });
          await graph.run({
            feeds: [...given, ...seeds, ...scaleFeeds(back.scale)],
            fetches: [],
            targets: [accumulate],
          });
        }
        try {
          await graph.run({
            feeds: [
              ...wholeFeeds(update.embeddings),
              graph.feed(update.step, Int32Array.of(step)),
              ...targetFeeds(update.targets, batch),
              ...rateFeeds(tracer, update.rates, at),
              ...scaleFeeds(update.scale),
            ],
            fetches: [],
            targets: [update.train],
          });
          lossScale?.held();
          return { loss: value!, metrics };
        } catch (error) {
          if (!overflowed(error)) throw error;
          await graph.run({ feeds: [], fetches: [], targets: [update.clear] });
          if (!lossScale!.lowered()) return { loss: Number.NaN, metrics: {} };
        }
      }
    },
    dispose() {
      state.dispose();
      variables.destroy(sums.map(tracer.deviceOf));
      tf.dispose(sums);
    },
  };
}

/** The batch cut into parts of `rows` samples, sharing its memory. */
function chunksOf(batch: HostBatch, rows: number): readonly HostBatch[] {
  return Array.from({ length: batch.index.length / rows }, (_, part) => {
    const [from, to] = [part * rows, (part + 1) * rows];
    return {
      views: batch.views.map(({ shape, values }) => {
        const size = values.length / shape[0]!;
        return { shape: [rows, ...shape.slice(1)], values: values.subarray(from * size, to * size) };
      }),
      index: batch.index.subarray(from, to),
      labels: batch.labels?.subarray(from, to) ?? null,
    };
  });
}
