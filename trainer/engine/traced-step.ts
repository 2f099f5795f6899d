/** A training step as one graph: forward, gradients, optimizer and running statistics of a whole batch in one run. */
import * as tf from '@tensorflow/tfjs';
import type { Variable } from '@tensorflow/tfjs';
import type { Options } from '../protocol/options.ts';
import type { Learner, OptimizerRecipe } from '../recipe.ts';
import { attributeKinds } from './attributes.ts';
import type { HostBatch, Stepper } from './engine.ts';
import type { Node } from './graph.ts';
import { gradientsOf } from './stepper.ts';
import type { Handle } from './tensorflow.ts';
import type { Tracer } from './trace.ts';
import {
  batchFeeds,
  batchInputs,
  checkedMetrics,
  createTrainingState,
  nodesOf,
  perShape,
  scalarOf,
  tensorsOf,
  type BatchInputs,
  type Nodes,
} from './training-state.ts';

interface CompiledStep {
  readonly inputs: BatchInputs;
  readonly stepsTaken: Node;
  readonly lr: Node;
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
): Stepper {
  const { graph, variables } = tracer;
  const state = createTrainingState(tracer, learner, optimizer);
  const { weights } = state;

  function compileStep(shapes: readonly (readonly number[])[], labelled: boolean): CompiledStep {
    return tracer.trace(() => {
      const { inputs, batch, moment, updates } = batchInputs(tracer, shapes, labelled);
      const [stepsTaken, lr] = [tracer.placeholder('float32', []), tracer.placeholder('float32', [])];
      let embedded: Nodes = {};
      let metrics: Nodes = {};
      const { value, grads } = tf.variableGrads(() => {
        const embeddings = tracer.network(() => learner.embed(batch, moment));
        const outcome = learner.loss(embeddings, batch.targets, moment);
        embedded = nodesOf(tracer, embeddings);
        metrics = nodesOf(tracer, outcome.metrics);
        return outcome.loss as tf.Scalar;
      }, weights as Variable[]);
      const loss = tracer.node(value);
      const finite = graph.add('CheckNumerics', [loss], 1, {
        attributes: [{ name: 'message', type: attributeKinds.string, value: notFinite }],
      }).operation;

      const next = new Map(updates);
      for (const [variable, node] of state.optimized(gradientsOf(weights, grads), { lr, stepsTaken }))
        next.set(variable, node);
      state.follow(next, embedded, moment);
      const train = state.assigned(next, [finite]);
      const monitored = learner.monitor ? nodesOf(tracer, learner.monitor(tensorsOf(tracer, embedded))) : {};
      return { inputs, stepsTaken, lr, loss, metrics: checkedMetrics({ ...metrics, ...monitored }), train };
    });
  }
  const unlabelled = perShape('The training step', (shapes) => compileStep(shapes, false));
  const labelled = perShape('The training step', (shapes) => compileStep(shapes, true));

  /** The step for a batch like this one, and what it is fed. */
  function prepared(batch: HostBatch, { step, lr }: { readonly step: number; readonly lr: number }) {
    const compiled = (batch.labels ? labelled : unlabelled)(batch.views.map((view) => view.shape));
    variables.flush();
    const feeds = [
      ...batchFeeds(tracer, compiled.inputs, batch, { seed, step }),
      graph.feed(compiled.stepsTaken, Float32Array.of(step + 1)),
      graph.feed(compiled.lr, Float32Array.of(lr)),
    ];
    return { compiled, feeds };
  }

  return {
    state: state.entries,
    async profile(batch, at) {
      const { compiled, feeds } = prepared(batch, at);
      return (await graph.profile({ feeds, fetches: [], targets: [compiled.train] })).timings;
    },
    async run(batch, at, wanted) {
      const { compiled, feeds } = prepared(batch, at);
      const metrics = wanted.metrics ? Object.entries(compiled.metrics) : [];
      const fetches = [compiled.loss, ...metrics.map(([, node]) => node)];
      try {
        const found = await graph.run({ feeds, fetches, targets: [compiled.train] });
        const [loss, ...values] = found.map((tensor, place) => scalarOf(tracer, tensor, fetches[place]!));
        return { loss: loss!, metrics: Object.fromEntries(metrics.map(([name], place) => [name, values[place]!])) };
      } catch (error) {
        // Nothing was assigned. TensorFlow says which kind of value it met.
        if (!(error instanceof Error) || !error.message.includes(notFinite)) throw error;
        return { loss: error.message.includes('Inf') ? Number.POSITIVE_INFINITY : Number.NaN, metrics: {} };
      }
    },
    dispose: state.dispose,
  };
}
