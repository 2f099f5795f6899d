/** A batch processed in chunks gives the gradient of the whole batch. */
import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { vicregLoss } from '../../methods/vicreg.ts';
import { method as vicreg } from '../../methods/vicreg.ts';
import { linear } from '../../nn/layers/linear.ts';
import { mlp } from '../../nn/layers/mlp.ts';
import { optimizer as sgd } from '../../optim/optimizers/sgd.ts';
import { Execution } from '../../protocol/run.ts';
import { keyed } from '../../random.ts';
import type { Learner, Net } from '../../recipe.ts';
import type { Engine, Stepper } from '../engine.ts';
import { openEngine } from './open.ts';

const rows = 12;
const inputs = 5;
const options = v.parse(vicreg.options, {});
const chunked = (chunk: number | null) => openEngine(v.parse(Execution, { engine: 'traced', threads: 2, chunk }));

function batchOf(scale = 1) {
  const views = ['x', 'y'].map((name) => {
    const values = new Float32Array(rows * inputs);
    keyed(1, name).fillNormal(values);
    return { shape: [rows, inputs], values: values.map((value) => scale * value) };
  });
  return { views, index: Int32Array.from({ length: rows }, (_, at) => at), targets: {} };
}

/** VICReg's loss, which mixes all samples, on a network given by name; a teacher that follows it. */
function learnerOn(engine: Engine, net: Net & { apply: (x: tf.Tensor) => tf.Tensor }): Learner {
  const teacher = engine.builder(2).variable('teacher', [4], { kind: 'zeros' }, false);
  return {
    trainable: [net],
    state: { teacher },
    embed: ({ views: [x, y] }) => ({ x: net.apply(x!), y: net.apply(y!) }),
    loss: ({ x, y }) => vicregLoss(x!, y!, rows, options),
    updates: ({ x }) => [[teacher, tf.mean(x!, 0)]],
  };
}

function withoutNorm(engine: Engine): Learner {
  const [first, second] = [linear(engine.builder(1).at('1'), inputs, 6), linear(engine.builder(1).at('2'), 6, 4)];
  return learnerOn(engine, {
    weights: [...first.weights, ...second.weights],
    state: [],
    apply: (x) => second.apply(tf.tanh(first.apply(x))),
  });
}

function withNorm(engine: Engine): Learner {
  const net = mlp(engine.builder(1).at('net'), inputs, [6, 4]);
  const learner = learnerOn(engine, { ...net, apply: (x) => x });
  return { ...learner, embed: ({ views: [x, y] }, at) => ({ x: net.apply(x!, at), y: net.apply(y!, at) }) };
}

const stepperOf = (engine: Engine, learner: Learner): Stepper =>
  engine.stepper(learner, { recipe: sgd, options: {} }, 1);
const read = (stepper: Stepper) => Object.fromEntries(stepper.state.map((entry) => [entry.name, [...entry.read()]]));

async function trained(chunk: number | null, build: (engine: Engine) => Learner, steps = 4) {
  const engine = await chunked(chunk);
  const stepper = stepperOf(engine, build(engine));
  const results = [];
  for (let step = 0; step < steps; step++)
    results.push(await stepper.run(batchOf(), { step, lr: 0.05 }, { metrics: true }));
  return { results, state: read(stepper) };
}

function close(found: Awaited<ReturnType<typeof trained>>, wanted: Awaited<ReturnType<typeof trained>>): void {
  expect(Object.keys(found.state)).toEqual(Object.keys(wanted.state));
  for (const [name, values] of Object.entries(wanted.state))
    found.state[name]!.forEach((value, at) => expect(value, name).toBeCloseTo(values[at]!, 4));
  found.results.forEach(({ loss, metrics }, step) => {
    expect(loss).toBeCloseTo(wanted.results[step]!.loss, 3);
    expect(Object.keys(metrics)).toEqual(Object.keys(wanted.results[step]!.metrics));
  });
}

it.each([2, 3, 12])('in chunks of %i, without batch norm: the steps of the whole batch', async (chunk) => {
  close(await trained(chunk, withoutNorm), await trained(null, withoutNorm));
});

/** One embedding for the teacher alone, besides the loss's. */
function withTeacherInput(engine: Engine): Learner {
  const learner = withoutNorm(engine);
  const [[, teacher]] = Object.entries(learner.state!) as [[string, tf.Variable]];
  return {
    ...learner,
    embed: (batch, at) => ({ ...learner.embed(batch, at), beside: tf.slice(batch.views[0]!, [0, 0], [-1, 4]) }),
    updates: ({ beside }) => [[teacher, tf.mean(beside!, 0)]],
  };
}

it('with an embedding that the loss does not depend on', async () => {
  close(await trained(3, withTeacherInput), await trained(null, withTeacherInput));
});

it('with batch norm: the same if a chunk is the whole batch, different statistics otherwise', async () => {
  const whole = await trained(null, withNorm);
  close(await trained(rows, withNorm), whole);
  const half = await trained(rows / 2, withNorm);
  expect(half.state['net/1/running_mean']).not.toEqual(whole.state['net/1/running_mean']);
});

it('resumes from saved state with the same bits', async () => {
  const straight = await trained(3, withNorm, 4);
  const engine = await chunked(3);
  const first = stepperOf(engine, withNorm(engine));
  for (let step = 0; step < 2; step++) await first.run(batchOf(), { step, lr: 0.05 }, { metrics: false });
  const other = await chunked(3);
  const second = stepperOf(other, withNorm(other));
  second.state.forEach((entry, place) => entry.write(first.state[place]!.read()));
  for (let step = 2; step < 4; step++) await second.run(batchOf(), { step, lr: 0.05 }, { metrics: true });
  expect(read(second)).toEqual(straight.state);
});

it('leaves all state unchanged if the loss is not finite, and rejects a chunk size that is not a divisor', async () => {
  const engine = await chunked(4);
  const stepper = stepperOf(engine, withNorm(engine));
  await stepper.run(batchOf(), { step: 0, lr: 0.05 }, { metrics: false });
  const before = read(stepper);
  const broken = batchOf();
  broken.views[0]!.values[0] = Number.NaN;
  expect((await stepper.run(broken, { step: 1, lr: 0.05 }, { metrics: false })).loss).toBeNaN();
  expect(read(stepper)).toEqual(before);
  const odd = await chunked(5);
  await expect(stepperOf(odd, withNorm(odd)).run(batchOf(), { step: 0, lr: 0.05 }, { metrics: false })).rejects.toThrow(
    'choose a divisor',
  );
});
