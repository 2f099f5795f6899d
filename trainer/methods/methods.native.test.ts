/** What every method must do, whatever it is: run over the whole registry, so a new file is tested before its own test. */
import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isNightly } from '../durable/testing/nightly.ts';
import { openEngine } from '../engine/steps/open.ts';
import type { Engine, Stepper } from '../engine/engine.ts';
import type { HostBatch } from '../host-batch.ts';
import { createStepContext } from '../engine/steps/step-context.ts';
import { Execution } from '../protocol/run.ts';
import type { Encoder, Learner, MethodRecipe } from '../recipe.ts';
import { methods, optimizers } from '../registry.ts';
import { smallBatch, smallEncoder, smallLearner } from '../testing/small-learner.ts';

const kinds = ['eager', 'traced'] as const;
type Kind = (typeof kinds)[number];
const open = (engine: Kind) => openEngine(v.parse(Execution, { engine, threads: 2 }));
const batch = 16;
const size = 12;
const classes = 3;

const smallEncoderAt = (on: Engine, name: string, id?: string): Encoder => smallEncoder(on.builder(1).at(name), {}, id);
const buildLearner = (on: Engine, method: MethodRecipe, branches?: readonly [Encoder, Encoder]): Learner =>
  smallLearner(on, method, { batch, classes }, branches);

const makeBatch = (method: MethodRecipe, seed = 1): HostBatch => smallBatch(method, { batch, classes, size, seed });

const adamw = () => ({ recipe: optimizers.get('adamw'), options: {} });
const stepperOf = (on: Engine, learner: Learner): Stepper => on.stepper(learner, adamw(), 1);

async function steps(stepper: Stepper, data: HostBatch, count: number, from = 0): Promise<number[]> {
  const losses: number[] = [];
  for (let step = from; step < from + count; step++) {
    losses.push((await stepper.run(data, { step, lr: 1e-3 }, { metrics: false })).loss);
  }
  return losses;
}

type Saved = ReadonlyMap<string, Float32Array | Int32Array>;
const save = (stepper: Stepper): Saved => new Map(stepper.state.map((entry) => [entry.name, entry.read()]));

function restore(stepper: Stepper, saved: Saved): void {
  for (const entry of stepper.state) entry.write(saved.get(entry.name)!);
}

/** A learner on an engine of its own, with what its state was before the first step. */
async function openTrial(kind: Kind, method: MethodRecipe) {
  const engine = await open(kind);
  const learner = buildLearner(engine, method);
  const stepper = stepperOf(engine, learner);
  return { engine, learner, stepper, initial: save(stepper) };
}
type Trial = Awaited<ReturnType<typeof openTrial>>;

const cases = kinds.flatMap((kind) => methods.all.map((method) => [method.id, kind, method] as const));
describe.each(cases)('method %s, %s engine', (id, kind, method) => {
  const data = makeBatch(method);
  // Tracing a step takes seconds: the tests share two learners, and each begins from the same state.
  let trial: Trial;
  let other: Trial;
  beforeAll(async () => {
    trial = await openTrial(kind, method);
    other = await openTrial(kind, method);
  });
  beforeEach(() => {
    for (const { stepper, initial } of [trial, other]) restore(stepper, initial);
  });
  afterAll(() => {
    for (const { stepper } of [trial, other]) stepper.dispose();
  });

  it('has a default for every option', () => {
    expect(v.safeParse(method.options, {}).success).toBe(true);
  });

  // Of every method at night: that each goes on from saved state with the same bits shows it too, but for the initial weights.
  it.runIf(isNightly || id === 'vicreg')('gives the same bits from a fresh engine', async () => {
    expect(await steps(trial.stepper, data, 3)).toEqual(await steps(other.stepper, data, 3));
    expect(save(trial.stepper)).toEqual(save(other.stepper));
  });

  it('gives a finite loss, finite metrics and a gradient on every weight', async () => {
    const { stepper, learner, initial } = trial;
    const { loss, metrics } = await stepper.run(data, { step: 0, lr: 1e-3 }, { metrics: true });
    for (const [name, value] of Object.entries({ loss, ...metrics })) expect(value, name).toSatisfy(Number.isFinite);
    // Two steps: while the last norm of a block is 0, nothing reaches what lies before it.
    await steps(stepper, data, 1, 1);
    const weights = learner.trainable.flatMap((net) => net.weights);
    for (const { name } of weights) {
      expect(stepper.state.find((entry) => entry.name === name)!.read(), name).not.toEqual(initial.get(name));
    }
    for (const { name } of learner.trainable.flatMap((net) => net.state)) {
      expect(stepper.state.find((entry) => entry.name === name)!.read(), name).not.toEqual(initial.get(name));
    }
  });

  it('lowers the loss of a fixed batch in ten steps', async () => {
    const { stepper } = trial;
    // A queue that fills with the keys of this very batch would make the task another one.
    const beside = stepper.state
      .filter(({ name }) => name.startsWith('learner/'))
      .map((entry) => [entry, entry.read()] as const);
    const losses: number[] = [];
    for (let step = 0; step < 10; step++) {
      losses.push(...(await steps(stepper, data, 1, step)));
      for (const [entry, values] of beside) entry.write(values);
    }
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
  });

  it('leaks no tensor', async () => {
    const { engine, stepper } = trial;
    await stepper.run(data, { step: 0, lr: 1e-3 }, { metrics: true });
    const before = engine.tensors();
    await stepper.run(data, { step: 1, lr: 1e-3 }, { metrics: true });
    await stepper.run(data, { step: 2, lr: 1e-3 }, { metrics: false });
    expect(engine.tensors()).toBe(before);
  });

  it('goes on from saved state with the same bits', async () => {
    const [straight, resumed] = [trial.stepper, other.stepper];
    await steps(straight, data, 2);
    const saved = save(straight);
    const wanted = await steps(straight, data, 2, 2);
    restore(resumed, saved);
    expect(await steps(resumed, data, 2, 2)).toEqual(wanted);
    expect(save(resumed)).toEqual(save(straight));
  });

  it('leaves all state alone when the loss is not finite', async () => {
    const { engine, stepper } = trial;
    await steps(stepper, data, 1);
    const before = save(stepper);
    const tensors = engine.tensors();
    const broken = makeBatch(method);
    broken.views[0]!.values[0] = Number.NaN;
    expect((await steps(stepper, broken, 1, 1))[0]).toBeNaN();
    expect(save(stepper)).toEqual(before);
    expect(engine.tensors()).toBe(tensors);
  });

  it('draws its randomness from seed, step and name alone', () => {
    const draw = (seed: number, step: number) =>
      tf.tidy(() => [...createStepContext(seed, step, true).uniform('mask', [6]).dataSync()]);
    expect(draw(1, 4)).toEqual(draw(1, 4));
    expect(draw(1, 4)).not.toEqual(draw(1, 5));
    expect(draw(1, 4)).not.toEqual(draw(2, 4));
  });

  // A matter of the recipe, whatever the engine.
  if (method.branches > 1 && kind === 'eager') {
    it('trains separate branches, alike and different', async () => {
      const { engine } = trial;
      const pairs: readonly (readonly [Encoder, Encoder])[] = [
        [smallEncoderAt(engine, 'encoder-0'), smallEncoderAt(engine, 'encoder-1')],
        [smallEncoderAt(engine, 'encoder-0'), smallEncoderAt(engine, 'encoder-1', 'resnet-50')],
      ];
      for (const branches of pairs) {
        const learner = buildLearner(engine, method, branches);
        const names = learner.trainable.flatMap((net) => net.weights.map((weight) => weight.name));
        expect(new Set(names).size).toBe(names.length);
        expect(names.filter((name) => name.startsWith('encoder-1/')).length).toBe(branches[1].weights.length);
        const losses = await steps(stepperOf(engine, learner), data, 5);
        expect(losses.at(-1)).toBeLessThan(losses[0]!);
      }
    });
  }
});

/** Options by which methods do as their official code does. */
const official: Readonly<Record<string, object>> = {
  byol: { freshTarget: true },
  deepcluster: { together: true, normBatch: 8, batchBank: true, keepEmpty: true },
  'moco-v2': { normBatch: 8 },
  obow: { distanceDecay: 0.99, positiveWords: true, momentumAhead: true },
  swav: { together: true, normBatch: 8, lateQueue: true, queueEpoch: 0.1 },
};
const officially = (method: MethodRecipe): MethodRecipe => ({
  ...method,
  build: (branches, options, builder, data) =>
    method.build(branches, { ...options, ...official[method.id] }, builder, data),
});

const asTheyAre = methods.all.map((method) => [method.id, method] as const);
const asTheirCode = Object.keys(official).map((id) => [`${id} as its code`, officially(methods.get(id))] as const);
describe.each([...asTheyAre, ...asTheirCode])('method %s', (_id, method) => {
  it('is the same mathematics on both engines: one step from the same state', async () => {
    // Without Adam, which makes a whole step of a gradient that is nothing but rounding.
    const sgd = { recipe: optimizers.get('sgd'), options: {} };
    const [eager, traced] = await Promise.all(
      kinds.map(async (kind) => {
        const engine = await open(kind);
        return engine.stepper(buildLearner(engine, method), sgd, 1);
      }),
    );
    for (let step = 0; step < 4; step++) {
      // Of a batch that a vocabulary was made of, the distances from it are nothing but rounding.
      const data = makeBatch(method, step + 1);
      const before = save(eager!);
      restore(traced!, before);
      const [wanted, found] = [
        await eager!.run(data, { step, lr: 1e-3 }, { metrics: true }),
        await traced!.run(data, { step, lr: 1e-3 }, { metrics: true }),
      ];
      expect(Object.keys(found.metrics)).toEqual(Object.keys(wanted.metrics));
      for (const [name, value] of Object.entries({ loss: wanted.loss, ...wanted.metrics })) {
        const other = name === 'loss' ? found.loss : found.metrics[name]!;
        expect(Math.abs(other - value), name).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)));
      }
      const after = save(traced!);
      for (const [name, values] of save(eager!)) {
        const moved = norm(difference(values, before.get(name)!));
        const apart = norm(difference(values, after.get(name)!));
        expect(apart, name).toBeLessThan(1e-3 * moved + 1e-6);
      }
    }
  });
});

const difference = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a, (value, at) => value - b[at]!);
const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
