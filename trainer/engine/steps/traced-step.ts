/** A training step as one graph: forward, gradients, optimizer and running statistics of a whole batch in one run. */
import type { Options } from '../../protocol/options.ts';
import type { HostBatch } from '../../host-batch.ts';
import type { Learner, OptimizerRecipe } from '../../recipe.ts';
import type { StepPosition, Stepper, StepResult } from '../engine.ts';
import { batchFeeds, rateFeeds, scaleFeeds } from './batch-inputs.ts';
import { compileStep, notFinite, type CompiledStep } from './compiled-step.ts';
import { overflowed } from './finite-checks.ts';
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
  optimizer: { readonly recipe: OptimizerRecipe; readonly options: Options },
  seed: number,
  lossScale: LossScale | null,
): Stepper {
  const { graph, variables } = tracer;
  const state = createTrainingState(tracer, learner, optimizer, lossScale);
  const training = { tracer, learner, state, scaled: lossScale !== null };
  const compiledFor = perSignature<CompiledStep>('The training step');

  /** The step compiled for such a batch, and the values fed to it. */
  function prepared(batch: HostBatch, at: StepPosition) {
    const signature = signatureOf(batch);
    const compiled = compiledFor(signatureKey(signature), () => compileStep(training, signature));
    variables.flush();
    const feeds = [
      ...batchFeeds(tracer, compiled.inputs, batch, { seed, step: at.step }),
      ...rateFeeds(tracer, compiled.rates, at),
      ...scaleFeeds(tracer, compiled.scale, lossScale),
    ];
    return { compiled, feeds };
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

  async function run(batch: HostBatch, at: StepPosition, wanted: { readonly metrics: boolean }): Promise<StepResult> {
    const { compiled, feeds } = prepared(batch, at);
    try {
      const result = await computed(compiled, feeds, wanted.metrics, [compiled.train]);
      lossScale?.held();
      return result;
    } catch (error) {
      // Nothing was assigned.
      if (overflowed(error)) return lossScale!.lowered() ? run(batch, at, wanted) : { loss: Number.NaN, metrics: {} };
      if (!(error instanceof Error) || !error.message.includes(notFinite)) throw error;
      // Computed again, from feeds of its own, without assigning anything: the metrics tell which term it is.
      return await computed(compiled, prepared(batch, at).feeds, true, []);
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
