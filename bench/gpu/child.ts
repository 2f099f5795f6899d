/** What `npm run gpu-proof` computes: each in a process of its own, which uses one device, and answers in a line of JSON. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { faultOf } from '../../trainer/durable/fault-of.ts';
import type { Timing } from '../../trainer/engine/binding/timings.ts';
import type { Stepper } from '../../trainer/engine/engine.ts';
import { openEngine } from '../../trainer/engine/steps/open.ts';
import type { HostBatch } from '../../trainer/host-batch.ts';
import { linear } from '../../trainer/nn/layers/linear.ts';
import { Execution, type Precision } from '../../trainer/protocol/run.ts';
import { keyed } from '../../trainer/random.ts';
import type { Learner, MethodRecipe } from '../../trainer/recipe.ts';
import { methods, optimizers } from '../../trainer/registry.ts';
import { goldenSteps, type GoldenCase } from '../../trainer/testing/golden-method.ts';
import { smallLearner } from '../../trainer/testing/small-learner.ts';
import * as tf from '@tensorflow/tfjs';

/** Device and threads of an execution. */
export interface Place {
  readonly device: string;
  readonly threads: number;
}

const openOn = (place: Place, precision: Precision = 'float32') =>
  openEngine(v.parse(Execution, { ...place, precision }));

export interface Loaded {
  readonly executedOn: string;
  readonly gigaflops: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** Loads TensorFlow and multiplies two matrices of `size`. */
async function loaded({ size, ...place }: Place & { readonly size: number }): Promise<Loaded> {
  const engine = await openOn(place);
  const { executedOn, gigaflops } = await engine.probe(size);
  return { executedOn, gigaflops, versions: engine.facts.versions };
}

/** A training step of a method. */
export interface MethodStep {
  readonly method: string;
  readonly precision: Precision;
  readonly loss: number;
  /** Operations that ran, and the kinds of those that did not run on the device. */
  readonly operations: number;
  readonly elsewhere: readonly string[];
}

/** Or why the device cannot compute in the precision. */
export type MethodSteps = { readonly steps: readonly MethodStep[] } | { readonly refusal: string };

/** What the host does for every graph, whatever the device: it takes the fed values and hands on what is fetched. */
const ofTheHost = new Set(['_Arg', '_Retval', '_Send', '_Recv', '_HostSend', '_HostRecv', '_SOURCE', '_SINK', 'NoOp']);

/** Kinds of operations that ran elsewhere. What a GPU's streams and its driver did has lines of its own, of no such device. */
function elsewhere(timings: readonly Timing[], device: string): readonly string[] {
  const wanted = device === 'cpu' ? 'CPU' : 'GPU';
  const others = timings.filter(
    ({ device: where, kind }) => where.startsWith('/job:') && !where.includes(`:${wanted}:`) && !ofTheHost.has(kind),
  );
  return [...new Set(others.map(({ kind }) => kind))].sort();
}

const [batch, side, classes] = [16, 12, 3];

function batchFor(method: MethodRecipe): HostBatch {
  const views = Array.from({ length: method.views }, (_, view) => {
    const values = new Float32Array(batch * side * side);
    keyed(1, 'view', view).fillNormal(values);
    return { shape: [batch, side, side, 1], values };
  });
  const index = Int32Array.from({ length: batch }, (_, row) => row);
  const label = { shape: [batch], values: index.map((row) => row % classes) };
  return { views, index, targets: method.labels ? { label } : {} };
}

/** Weights, statistics and the method's own state, one after another; not the optimizer's. */
function stateOf(stepper: Stepper): Float32Array {
  const kept = stepper.state.filter(
    ({ name, dtype }) => dtype === 'float32' && !/^(optimizer\/|lossScale$)/.test(name),
  );
  return Float32Array.from(kept.flatMap((entry) => [...entry.read()]));
}

export interface MethodStepsRequest extends Place {
  readonly precision: Precision;
  readonly methods: readonly string[];
  /** Takes the change of the state, `<method>-<precision>.f32` each. */
  readonly folder: string;
}

/** A timed step. One whose gradients overflow in float16 fails; an untimed one finds the scale that fits. */
async function profiled(stepper: Stepper, data: HostBatch): Promise<readonly Timing[]> {
  const at = { step: 1, lr: 0 };
  try {
    return await stepper.profile!(data, at);
  } catch {
    await stepper.run(data, at, { metrics: false });
    return await stepper.profile!(data, at);
  }
}

/** One step of every method, without momentum: the change of a weight is its gradient. */
async function methodSteps({ precision, methods: ids, folder, ...place }: MethodStepsRequest): Promise<MethodSteps> {
  const optimizer = { recipe: optimizers.get('sgd'), options: { momentum: 0, weightDecay: 0 } };
  const steps: MethodStep[] = [];
  try {
    const engine = await openOn(place, precision);
    for (const method of ids.map(methods.get)) {
      const stepper = engine.stepper(smallLearner(engine, method, { batch, classes }), optimizer, 1);
      const data = batchFor(method);
      const before = stateOf(stepper);
      const { loss } = await stepper.run(data, { step: 0, lr: 0.01 }, { metrics: false });
      const change = stateOf(stepper).map((value, at) => value - before[at]!);
      writeFileSync(join(folder, `${method.id}-${precision}.f32`), new Uint8Array(change.buffer));
      const timings = await profiled(stepper, data);
      steps.push({
        method: method.id,
        precision,
        loss,
        operations: timings.length,
        elsewhere: elsewhere(timings, place.device),
      });
      stepper.dispose();
    }
  } catch (error) {
    if (faultOf(error).code !== 'device-unavailable') throw error;
    return { refusal: faultOf(error).message };
  }
  return { steps };
}

export interface GoldenResult {
  readonly name: string;
  /** Largest distance of a loss and of a value of the state from PyTorch's in float64, relative to values above 1. */
  readonly loss: number;
  readonly state: number;
}

/** Three steps of every golden case, against PyTorch in float64. */
async function golden({
  methods: ids,
  ...place
}: Place & { readonly methods: readonly string[] }): Promise<readonly GoldenResult[]> {
  const engine = await openOn(place);
  const folder = join('trainer', 'methods', 'golden');
  const results: GoldenResult[] = [];
  const files = readdirSync(folder).filter((name) => name.endsWith('.json') && ids.includes(name.replace('.json', '')));
  for (const file of files) {
    const cases = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, GoldenCase>;
    for (const [name, { losses, state, ...given }] of Object.entries(cases)) {
      const found = await goldenSteps(engine, methods.get(file.replace('.json', '')), given);
      const apart = found.losses.map(
        (loss, step) => Math.abs(loss - losses[step]!) / Math.max(1, Math.abs(losses[step]!)),
      );
      const ofState = Object.entries(state).map(([key, wanted]) => {
        const values = found.state[key];
        if (values?.length !== wanted.length) throw new Error(`${file}, ${name}: no state ${key} of ${wanted.length}.`);
        return (
          Math.max(...wanted.map((value, at) => Math.abs(value - values[at]!))) / Math.max(1, ...wanted.map(Math.abs))
        );
      });
      results.push({
        name: `${file.replace('.json', '')}, ${name}`,
        loss: Math.max(...apart),
        state: Math.max(...ofState),
      });
    }
  }
  return results;
}

export interface FeedRequest extends Place {
  readonly batch: number;
  readonly size: number;
  readonly steps: number;
}

/** Milliseconds of steps that do nothing but take a batch of pairs to the device and average its pixels. */
async function feed({ batch: pairs, size, steps, ...place }: FeedRequest): Promise<readonly number[]> {
  const engine = await openOn(place);
  const layer = linear(engine.builder(1), 3, 1);
  const learner: Learner = {
    trainable: [layer],
    embed: ({ views }) => ({ y: layer.apply(tf.addN(views.map((view) => tf.mean(view, [1, 2])))) }),
    loss: ({ y }) => ({ loss: tf.mean<tf.Scalar>(tf.square(y!)), metrics: {} }),
  };
  const stepper = engine.stepper(learner, { recipe: optimizers.get('sgd'), options: {} }, 1);
  const views = [0, 1].map((view) => {
    const values = new Float32Array(pairs * size * size * 3).fill(view);
    return { shape: [pairs, size, size, 3], values };
  });
  const data: HostBatch = { views, index: new Int32Array(pairs), targets: {} };
  const taken: number[] = [];
  for (let step = 0; step <= steps; step++) {
    const began = performance.now();
    await stepper.run(data, { step, lr: 0.1 }, { metrics: false });
    if (step > 0) taken.push(performance.now() - began);
  }
  return taken;
}

const roles = { loaded, methodSteps, golden, feed } as const;
export type Role = keyof typeof roles;

/** Runs a role in this process and prints its answer. */
export async function beChild(role: string, request: string): Promise<void> {
  const run = roles[role as Role] as (given: unknown) => Promise<unknown>;
  console.log(JSON.stringify(await run(JSON.parse(request))));
}
