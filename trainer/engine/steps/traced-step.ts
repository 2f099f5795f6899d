/** A training step as one graph: forward, gradients, optimizer and running statistics of a whole batch in one run. */
import type { HostBatch } from '../../host-batch.ts';
import type { Learner } from '../../recipe.ts';
import type { ChosenOptimizer, StepPosition, Stepper, StepResult } from '../engine.ts';
import { batchFeeds, rateFeeds, scaleFeeds } from './batch-inputs.ts';
import { chosenUpdate } from './update-choice.ts';
import { compileStep, type CompiledStep } from './compiled-step.ts';
import { failedBy } from './finite-checks.ts';
import { notFiniteAmong } from './finite-weights.ts';
import type { LossScale } from './loss-scale.ts';
import type { Handle } from '../binding/tensorflow.ts';
import type { Feed } from '../graph/node.ts';
import { scalarOf } from './named-nodes.ts';
import { perSignature, signatureKey, signatureOf } from './per-signature.ts';
import type { Tracer } from './trace.ts';
import { createTrainingState } from './training-state.ts';

export function createTracedStepper(
  tracer: Tracer,
  learner: Learner,
  optimizer: ChosenOptimizer,
  seed: number,
  lossScale: LossScale | null,
): Stepper {
  const { graph, variables } = tracer;
  const state = createTrainingState(tracer, learner, optimizer, lossScale);
  const training = { tracer, learner, state, scaled: lossScale !== null, clips: optimizer.clips ?? false };
  const compiledFor = perSignature<CompiledStep>('The training step');

  /** The step compiled for such a batch, the values fed to it and the change of the state. */
  function prepared(batch: HostBatch, at: StepPosition, scale: number) {
    const signature = signatureOf(batch);
    const compiled = compiledFor(signatureKey(signature), () => compileStep(training, signature));
    variables.flush();
    const chosen = chosenUpdate(tracer, compiled.update, at);
    const feeds = [
      ...batchFeeds(tracer, compiled.inputs, batch, { seed, step: at.step }),
      ...rateFeeds(tracer, compiled.rates, at),
      ...scaleFeeds(tracer, compiled.scale, scale),
      ...chosen.feeds,
    ];
    return { compiled, feeds, update: chosen.update };
  }

  async function computed(
    compiled: CompiledStep,
    feeds: readonly Feed[],
    withMetrics: boolean,
    targets: readonly Handle[],
  ): Promise<StepResult> {
    const metrics = withMetrics ? Object.entries(compiled.metrics) : [];
    const fetches = [compiled.loss, ...metrics.map(([, node]) => node)];
    const found = await graph.run({ feeds, fetches, targets });
    const [loss, ...values] = found.map((tensor, place) => scalarOf(tracer, tensor, fetches[place]!));
    return { loss: loss!, metrics: Object.fromEntries(metrics.map(([name], place) => [name, values[place]!])) };
  }

  /** The loss of a step after which weights would not be finite, and their names; assigns nothing. */
  async function withNames(batch: HostBatch, at: StepPosition): Promise<StepResult> {
    const { compiled, feeds, update } = prepared(batch, at, 1);
    const [loss, sums] = await graph.run({ feeds, fetches: [compiled.loss, update.sums], targets: [] });
    const weightsNotFinite = notFiniteAmong(state.weights, graph.take(sums!, update.sums.dtype));
    return { loss: scalarOf(tracer, loss!, compiled.loss), metrics: {}, weightsNotFinite };
  }

  async function run(batch: HostBatch, at: StepPosition, wanted: { readonly metrics: boolean }): Promise<StepResult> {
    const { compiled, feeds, update } = prepared(batch, at, lossScale?.value ?? 1);
    try {
      const result = await computed(compiled, feeds, wanted.metrics, [update.train]);
      lossScale?.held();
      return result;
    } catch (error) {
      // Nothing was assigned. Computed again, from feeds of its own: the metrics tell which term it is.
      if (failedBy('loss', error)) return await computed(compiled, prepared(batch, at, 1).feeds, true, []);
      if (!failedBy('weights', error)) throw error;
      return lossScale?.lowered() ? await run(batch, at, wanted) : await withNames(batch, at);
    }
  }

  return {
    state: state.entries,
    async profile(batch, at) {
      const { feeds, update } = prepared(batch, at, lossScale?.value ?? 1);
      return (await graph.profile({ feeds, fetches: [], targets: [update.train] })).timings;
    },
    run,
    dispose: state.dispose,
  };
}
