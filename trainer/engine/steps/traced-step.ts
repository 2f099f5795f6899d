/** A training step as one graph: forward, gradients, optimizer and running statistics of a whole batch in one run. */
import type { HostBatch } from '../../host-batch.ts';
import type { Learner } from '../../recipe.ts';
import type { ChosenOptimizer, StepPosition, Stepper, StepResult } from '../engine.ts';
import { batchFeeds, rateFeeds, scaleFeeds } from './batch-inputs.ts';
import { chosenUpdate } from './update-choice.ts';
import { compileStep, type CompiledStep } from './compiled-step.ts';
import { isGradientFailure, isLossFailure } from './finite-checks.ts';
import { notFiniteAmong } from './finite-gradients.ts';
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

  /** The step compiled for such a batch, the values fed to it and the operation that changes the state. */
  function prepared(batch: HostBatch, at: StepPosition, scale: number) {
    const signature = signatureOf(batch);
    const compiled = compiledFor(signatureKey(signature), () => compileStep(training, signature));
    variables.flush();
    const update = chosenUpdate(tracer, compiled.update, at);
    const feeds = [
      ...batchFeeds(tracer, compiled.inputs, batch, { seed, step: at.step }),
      ...rateFeeds(tracer, compiled.rates, at),
      ...scaleFeeds(tracer, compiled.scale, scale),
      ...update.feeds,
    ];
    return { compiled, feeds, train: update.target };
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

  /** The loss of a step whose gradients are not finite, and which these are, without assigning anything. */
  async function withNames(compiled: CompiledStep, feeds: readonly Feed[]): Promise<StepResult> {
    const fetches = [compiled.loss, compiled.gradientSums];
    const [loss, sums] = await graph.run({ feeds, fetches, targets: [] });
    const gradientsNotFinite = notFiniteAmong(state.weights, graph.take(sums!, compiled.gradientSums.dtype));
    return { loss: scalarOf(tracer, loss!, compiled.loss), metrics: {}, gradientsNotFinite };
  }

  async function run(batch: HostBatch, at: StepPosition, wanted: { readonly metrics: boolean }): Promise<StepResult> {
    const { compiled, feeds, train } = prepared(batch, at, lossScale?.value ?? 1);
    try {
      const result = await computed(compiled, feeds, wanted.metrics, [train]);
      lossScale?.held();
      return result;
    } catch (error) {
      // Nothing was assigned. Computed again, from feeds of its own: the metrics tell which term it is.
      if (isLossFailure(error)) return await computed(compiled, prepared(batch, at, 1).feeds, true, []);
      if (!isGradientFailure(error)) throw error;
      return lossScale?.lowered()
        ? await run(batch, at, wanted)
        : await withNames(compiled, prepared(batch, at, 1).feeds);
    }
  }

  return {
    state: state.entries,
    async profile(batch, at) {
      const { feeds, train } = prepared(batch, at, lossScale?.value ?? 1);
      return (await graph.profile({ feeds, fetches: [], targets: [train] })).timings;
    },
    run,
    dispose: state.dispose,
  };
}
