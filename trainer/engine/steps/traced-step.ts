/**
 * A training step as one graph: forward, gradients, optimizer and running statistics of a whole batch in one run. Where several devices
 * compute it together, each has its part of the batch and a learner of its own, and all of them run at once.
 */
import type { HostBatch } from '../../host-batch.ts';
import type { Learner } from '../../recipe.ts';
import type { ChosenOptimizer, StateEntry, StepPosition, Stepper, StepResult } from '../engine.ts';
import type { Handle } from '../binding/tensorflow.ts';
import type { Feed, Node } from '../graph/node.ts';
import { batchFeeds, rateFeeds, scaleFeeds } from './batch-inputs.ts';
import { compileStep, type CompiledStep, type TracedTraining } from './compiled-step.ts';
import { failedBy } from './finite-checks.ts';
import { notFiniteAmong } from './finite-weights.ts';
import { chunksOf } from './host-chunks.ts';
import type { LossScale } from './loss-scale.ts';
import { scalarOf } from './named-nodes.ts';
import { perSignature, signatureKey, signatureOf } from './per-signature.ts';
import type { Tracer } from './trace.ts';
import { createTrainingState } from './training-state.ts';
import { chosenUpdate, type Update } from './update-choice.ts';

/** A learner on a device. */
export interface Replica {
  readonly tracer: Tracer;
  readonly learner: Learner;
}

/** A device's part of a step, ready to run. */
interface Prepared {
  readonly compiled: CompiledStep;
  readonly feeds: readonly Feed[];
  readonly update: Update;
}

/** What every step of a stepper needs. */
interface Stepping {
  readonly trainings: readonly [TracedTraining, ...TracedTraining[]];
  readonly compiledFor: ReturnType<typeof perSignature<readonly CompiledStep[]>>;
  readonly seed: number;
}

/** The step compiled for such a batch, the values fed to it and the change of the state, of each device. */
function prepared(
  { trainings, compiledFor, seed }: Stepping,
  batch: HostBatch,
  at: StepPosition,
  scale: number,
): readonly Prepared[] {
  const parts = partsFor(batch, trainings.length);
  const signature = signatureOf(parts[0]!);
  const steps = compiledFor(signatureKey(signature), () => trainings.map((own) => compileStep(own, signature)));
  return steps.map((compiled, place) => {
    const { tracer } = trainings[place]!;
    tracer.variables.flush();
    const chosen = chosenUpdate(tracer, compiled.update, at);
    const feeds = [
      ...batchFeeds(tracer, compiled.inputs, parts[place]!, { seed, step: at.step }),
      ...rateFeeds(tracer, compiled.rates, at),
      ...scaleFeeds(tracer, compiled.scale, scale),
      ...chosen.feeds,
    ];
    return { compiled, feeds, update: chosen.update };
  });
}

/** Runs the same things of each device, for where one exchanges tensors all must; returns those of the first. */
async function fetched(
  { graph }: Tracer,
  all: readonly Prepared[],
  ofEach: (own: Prepared) => readonly Node[],
  targets: readonly Handle[],
): Promise<readonly Handle[]> {
  const feeds = all.flatMap((own) => own.feeds);
  const found = await graph.run({ feeds, fetches: all.flatMap(ofEach), targets });
  const own = found.length / all.length;
  found.slice(own).forEach((tensor) => graph.free(tensor));
  return found.slice(0, own);
}

/** The loss and the metrics of a step, which changes the state where `targets` do. */
async function computed(
  tracer: Tracer,
  all: readonly Prepared[],
  withMetrics: boolean,
  targets: readonly Handle[],
): Promise<StepResult> {
  const names = withMetrics ? Object.keys(all[0]!.compiled.metrics) : [];
  const nodesOf = ({ compiled }: Prepared): readonly Node[] => [
    compiled.loss,
    ...names.map((name) => compiled.metrics[name]!),
  ];
  const nodes = nodesOf(all[0]!);
  const found = await fetched(tracer, all, nodesOf, targets);
  const [loss, ...values] = found.map((tensor, place) => scalarOf(tracer, tensor, nodes[place]!));
  return { loss: loss!, metrics: Object.fromEntries(names.map((name, place) => [name, values[place]!])) };
}

/** The loss of a step after which weights would not be finite, and their names; assigns nothing. */
async function withNames({ tracer, state }: TracedTraining, all: readonly Prepared[]): Promise<StepResult> {
  const { compiled, update } = all[0]!;
  const [loss, sums] = await fetched(tracer, all, (own) => [own.compiled.loss, own.update.sums], []);
  const weightsNotFinite = notFiniteAmong(state.weights, tracer.graph.take(sums!, update.sums.dtype));
  return { loss: scalarOf(tracer, loss!, compiled.loss), metrics: {}, weightsNotFinite };
}

/** @param replicas of one process; all of them in the same state, and so they stay */
export function createTracedStepper(
  replicas: readonly [Replica, ...Replica[]],
  optimizer: ChosenOptimizer,
  seed: number,
  lossScale: LossScale | null,
): Stepper {
  const trainingOf = (replica: Replica, own: LossScale | null): TracedTraining => {
    const state = createTrainingState(replica.tracer, replica.learner, optimizer, own);
    return { ...replica, state, scaled: lossScale !== null, clips: optimizer.clips ?? false };
  };
  const [first, ...others] = replicas;
  const leading = trainingOf(first, lossScale);
  const trainings = [leading, ...others.map((replica) => trainingOf(replica, null))] as const;
  const stepping = { trainings, compiledFor: perSignature<readonly CompiledStep[]>('The training step'), seed };
  const { tracer } = leading;

  async function run(batch: HostBatch, at: StepPosition, wanted: { readonly metrics: boolean }): Promise<StepResult> {
    const all = prepared(stepping, batch, at, lossScale?.value ?? 1);
    const targets = all.map(({ update }) => update.train);
    try {
      const result = await computed(tracer, all, wanted.metrics, targets);
      lossScale?.held();
      return result;
    } catch (error) {
      // Nothing was assigned. Computed again, from feeds of its own: the metrics tell which term it is.
      if (failedBy('loss', error)) return await computed(tracer, prepared(stepping, batch, at, 1), true, []);
      if (!failedBy('weights', error)) throw error;
      return lossScale?.lowered()
        ? await run(batch, at, wanted)
        : await withNames(leading, prepared(stepping, batch, at, 1));
    }
  }

  return {
    state: mirrored(trainings.map((own) => own.state.entries)),
    async profile(batch, at) {
      const all = prepared(stepping, batch, at, lossScale?.value ?? 1);
      const feeds = all.flatMap((own) => own.feeds);
      const targets = all.map(({ update }) => update.train);
      return (await tracer.graph.profile({ feeds, fetches: [], targets })).timings;
    },
    run,
    dispose() {
      for (const own of trainings) own.state.dispose();
    },
  };
}

/** The batch in equal parts, one a device. @throws if it cannot be divided so */
function partsFor(batch: HostBatch, devices: number): readonly HostBatch[] {
  if (devices === 1) return [batch];
  const rows = batch.index.length / devices;
  if (!Number.isInteger(rows))
    throw new Error(`A batch of ${batch.index.length} cannot be divided among ${devices} devices: choose a multiple.`);
  return chunksOf(batch, rows);
}

/** The state of the first, which the others take over where it is written. */
function mirrored([first = [], ...others]: readonly (readonly StateEntry[])[]): readonly StateEntry[] {
  if (others.length === 0) return first;
  return first.map((entry) => {
    const same = others.flatMap((all) => all.filter(({ name }) => name === entry.name));
    return {
      ...entry,
      write(values) {
        for (const each of [entry, ...same]) each.write(values);
      },
    };
  });
}
