/** Training steps of one learner with one optimizer, operation by operation. */
import { setImmediate as macrotask } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Variable } from '@tensorflow/tfjs';
import * as v from 'valibot';
import type { Options } from '../../protocol/options.ts';
import type { Batch, Learner, Tensors } from '../../recipe.ts';
import type { ChosenOptimizer, StateEntry, StepPosition, Stepper, StepResult } from '../engine.ts';
import type { HostBatch } from '../../host-batch.ts';
import { clippedTogether, limitOf } from './clip-gradients.ts';
import { whereImagesAreFinite } from './finite-images.ts';
import { uploaded } from './pictures.ts';
import { createStepContext, PendingUpdates } from './step-context.ts';
import { ratesOf } from './weight-rates.ts';
import { createUpdater } from './updater.ts';

export function stateEntry(name: string, variable: Variable): StateEntry {
  const dtype = variable.dtype;
  if (dtype !== 'float32' && dtype !== 'int32')
    throw new Error(`State ${name} is of type ${dtype}, not float32 or int32.`);
  return {
    name,
    shape: variable.shape,
    dtype,
    read: () => variable.dataSync<'float32' | 'int32'>().slice(),
    write(values) {
      if (values.length !== variable.size) {
        throw new Error(`State ${name} has ${variable.size} values, but ${values.length} were given.`);
      }
      const tensor = tf.tensor(values.slice(), variable.shape, dtype);
      variable.assign(tensor);
      tensor.dispose();
    },
  };
}

function upload({ views, index, targets }: HostBatch): Batch {
  return {
    views: views.map(uploaded),
    index: tf.tensor1d(index, 'int32'),
    targets: Object.fromEntries(Object.entries(targets).map(([name, target]) => [name, uploaded(target)])),
  };
}

/** A loss's inputs from a batch besides its embeddings. */
export const targetsOf = ({ targets, index }: Batch): Tensors => ({ ...targets, index });

/** The same values under new handles that outlive the gradient's scope. */
function keepAll(tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tf.keep(tensor.clone())]));
}

const disposeAll = (tensors: Tensors): void => tf.dispose(tensors);

/** tidy() for a function that returns plain values, which tfjs would search for tensors, element by element. */
export function untracked<T>(compute: () => T): T {
  const results: T[] = [];
  tf.tidy(() => {
    results.push(compute());
  });
  return results[0]!;
}

function readScalars(tensors: Tensors): Record<string, number> {
  const read = ([name, tensor]: readonly [string, Tensor]) => {
    if (tensor.size !== 1) throw new Error(`Metric ${name} has shape [${tensor.shape.join(', ')}], not one value.`);
    return [name, tensor.dataSync()[0]!] as const;
  };
  return Object.fromEntries(Object.entries(tensors).map(read));
}

/**
 * Gradients in the order of the weights.
 *
 * @throws if a weight has none, which is an error in the recipe
 */
export function gradientsOf(weights: readonly Variable[], named: Tensors): readonly Tensor[] {
  const missing = weights.filter((weight) => !named[weight.name]);
  if (missing.length === 0) return weights.map((weight) => named[weight.name]!);
  const list = missing.map((weight) => weight.name).join(', ');
  throw new Error(`The loss does not depend on ${list}: leave such weights out of the trainable nets.`);
}

/**
 * The entries as given.
 *
 * @throws if two share a name, because checkpoints identify them by name
 */
export function namedOnce(entries: readonly StateEntry[]): readonly StateEntry[] {
  const names = new Set<string>();
  for (const { name } of entries) {
    if (names.has(name))
      throw new Error(`Two pieces of state are called ${name}: build their nets at different names.`);
    names.add(name);
  }
  return entries;
}

export function unique<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)];
}

export function createEagerStepper(
  learner: Learner,
  optimizer: ChosenOptimizer,
  seed: number,
  recompute: boolean,
): Stepper {
  const { recipe, clips = false } = optimizer;
  const options = v.parse(recipe.options, optimizer.options) as Options;
  const rates = ratesOf(learner.trainable);
  const weights = [...rates.keys()];
  const statistics = unique(learner.trainable.flatMap((net) => net.state));
  const updater = createUpdater(rates, recipe, options);

  const state = namedOnce([
    ...weights.map((weight) => stateEntry(weight.name, weight)),
    ...statistics.map((variable) => stateEntry(variable.name, variable)),
    ...Object.entries(learner.state ?? {}).map(([name, variable]) => stateEntry(`learner/${name}`, variable)),
    ...updater.entries,
  ]);

  function step(
    host: HostBatch,
    position: StepPosition,
    wanted: { readonly metrics: boolean },
    pending: PendingUpdates,
  ): StepResult {
    const limit = limitOf(position, clips);
    const batch = upload(host);
    const at = createStepContext(seed, position.step, true, pending, recompute);
    let embeddings: Tensors = {};
    let metrics: Tensors = {};
    try {
      const { value, grads } = tf.variableGrads(() => {
        const embedded = learner.embed(batch, at);
        const outcome = learner.loss(embedded, targetsOf(batch), at);
        if (learner.updates || (wanted.metrics && learner.monitor)) embeddings = keepAll(embedded);
        if (wanted.metrics) metrics = keepAll(outcome.metrics);
        return outcome.loss as tf.Scalar;
      }, weights);
      const loss = whereImagesAreFinite(batch.views, value).dataSync()[0]!;
      if (!Number.isFinite(loss)) return { loss, metrics: {} };
      const gradients = gradientsOf(weights, grads);
      const given = limit === null ? gradients : clippedTogether(gradients, tf.scalar(limit));
      const weightsNotFinite = updater.apply(given, position);
      if (weightsNotFinite.length > 0) return { loss, metrics: {}, weightsNotFinite };
      pending.settle();
      for (const [variable, next] of learner.updates?.(embeddings, targetsOf(batch), at) ?? []) variable.assign(next);
      if (!wanted.metrics) return { loss, metrics: {} };
      return { loss, metrics: { ...readScalars(metrics), ...readScalars(learner.monitor?.(embeddings) ?? {}) } };
    } finally {
      pending.drop();
      disposeAll(embeddings);
      disposeAll(metrics);
    }
  }

  return {
    state,
    async run(batch, at, wanted) {
      const result = untracked(() => step(batch, at, wanted, new PendingUpdates()));
      await macrotask();
      return result;
    },
    dispose: () => updater.dispose(),
  };
}
