/** A training step as one graph: forward, gradients, optimizer and running statistics of a whole batch in one run. */
import * as tf from '@tensorflow/tfjs';
import type { Variable } from '@tensorflow/tfjs';
import type { Options } from '../../protocol/options.ts';
import type { Learner, OptimizerRecipe } from '../../recipe.ts';
import type { StepPosition, Stepper, StepResult } from '../engine.ts';
import type { HostBatch } from '../../host-batch.ts';
import type { Node } from '../graph/node.ts';
import type { LossScale } from './loss-scale.ts';
import { gradientsOf, targetsOf } from './eager-step.ts';
import type { Handle } from '../binding/tensorflow.ts';
import type { Tracer } from './trace.ts';
import {
  batchFeeds,
  batchInputs,
  checkedMetrics,
  checkFinite,
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

interface CompiledStep {
  readonly inputs: BatchInputs;
  readonly rates: RateInputs;
  /** What the loss is multiplied by, where it is. */
  readonly scale: Node | null;
  readonly loss: Node;
  readonly metrics: Nodes;
  /** Changes all state, once the loss is known to be finite. */
  readonly train: Handle;
}

/** Begins TensorFlow's message about a loss that is not finite. */
const notFinite = 'the loss is not finite';

export function createTracedStepper(
  tracer: Tracer,
  learner: Learner,
  optimizer: { readonly recipe: OptimizerRecipe; readonly options: Options },
  seed: number,
  lossScale: LossScale | null,
): Stepper {
  const { graph, variables } = tracer;
  const state = createTrainingState(tracer, learner, optimizer, lossScale);
  const { weights } = state;

  function compileStep(shapes: readonly (readonly number[])[], labelled: boolean): CompiledStep {
    return tracer.trace(() => {
      const { inputs, batch, moment, updates } = batchInputs(tracer, shapes, labelled);
      const rates = rateInputs(tracer);
      const scale = lossScale && tracer.placeholder('float32', []);
      let embedded: Nodes = {};
      let metrics: Nodes = {};
      let loss: Node | null = null;
      const { grads } = tf.variableGrads(() => {
        const embeddings = tracer.network(() => learner.embed(batch, moment));
        const outcome = learner.loss(embeddings, targetsOf(batch), moment);
        embedded = nodesOf(tracer, embeddings);
        metrics = nodesOf(tracer, outcome.metrics);
        loss = tracer.node(outcome.loss);
        return (scale ? tf.mul(outcome.loss, tracer.tensor(scale)) : outcome.loss) as tf.Scalar;
      }, weights as Variable[]);
      const finite = [checkFinite(tracer, loss!, notFinite)];
      let gradients = gradientsOf(weights, grads);
      if (scale) {
        const divided = unscaled(tracer, gradients, scale, finite);
        gradients = divided.gradients;
        finite.push(divided.finite);
      }

      const next = new Map(updates);
      for (const [variable, node] of state.optimized(gradients, rates)) next.set(variable, node);
      state.follow(next, embedded, targetsOf(batch), moment);
      const train = state.assigned(next, finite);
      const monitored = learner.monitor ? nodesOf(tracer, learner.monitor(tensorsOf(tracer, embedded))) : {};
      return {
        inputs,
        rates,
        scale,
        train,
        loss: loss!,
        metrics: checkedMetrics({ ...metrics, ...monitored }),
      };
    });
  }
  const unlabelled = perShape('The training step', (shapes) => compileStep(shapes, false));
  const labelled = perShape('The training step', (shapes) => compileStep(shapes, true));

  /** The step for a batch like this one, and what it is fed. */
  function prepared(batch: HostBatch, at: StepPosition) {
    const compiled = (batch.labels ? labelled : unlabelled)(batch.views.map((view) => view.shape));
    variables.flush();
    const feeds = [
      ...batchFeeds(tracer, compiled.inputs, batch, { seed, step: at.step }),
      ...rateFeeds(tracer, compiled.rates, at),
      ...(compiled.scale ? [graph.feed(compiled.scale, Float32Array.of(lossScale!.value))] : []),
    ];
    return { compiled, feeds };
  }

  async function run(batch: HostBatch, at: StepPosition, wanted: { readonly metrics: boolean }): Promise<StepResult> {
    const { compiled, feeds } = prepared(batch, at);
    const metrics = wanted.metrics ? Object.entries(compiled.metrics) : [];
    const fetches = [compiled.loss, ...metrics.map(([, node]) => node)];
    try {
      const found = await graph.run({ feeds, fetches, targets: [compiled.train] });
      const [loss, ...values] = found.map((tensor, place) => scalarOf(tracer, tensor, fetches[place]!));
      lossScale?.held();
      return { loss: loss!, metrics: Object.fromEntries(metrics.map(([name], place) => [name, values[place]!])) };
    } catch (error) {
      // Nothing was assigned.
      if (overflowed(error)) return lossScale!.lowered() ? run(batch, at, wanted) : { loss: Number.NaN, metrics: {} };
      // TensorFlow says which kind of value it met.
      if (!(error instanceof Error) || !error.message.includes(notFinite)) throw error;
      return { loss: error.message.includes('Inf') ? Number.POSITIVE_INFINITY : Number.NaN, metrics: {} };
    }
  }

  return {
    state: state.entries,
    async profile(batch, at) {
      const { compiled, feeds } = prepared(batch, at);
      return (await graph.profile({ feeds, fetches: [], targets: [compiled.train] })).timings;
    },
    run,
    dispose: state.dispose,
  };
}
