/** What computes in a low precision and what does not. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { Execution } from '../../protocol/run.ts';
import { lowGradient } from '../../nn/ops/low-gradient.ts';
import { keyed } from '../../random.ts';
import { methods, optimizers } from '../../registry.ts';
import { isNightly } from '../../durable/testing/nightly.ts';
import { refusalOf } from '../../testing/precision.ts';
import { openEngine } from '../steps/open.ts';
import { openRuntime } from '../binding/runtime.ts';
import { compile } from '../steps/compile.ts';
import { createTracer } from '../steps/trace.ts';
import { smallLearner } from '../../testing/small-learner.ts';

const execution = v.parse(Execution, { engine: 'traced', threads: 2 });
const precisions = ['bfloat16', 'float16'] as const;
const refusals = new Map<string, string | null>();
for (const precision of precisions) refusals.set(precision, await refusalOf(precision));

it.each(precisions)('%s is refused by the eager engine, and where the processor cannot', async (precision) => {
  await expect(openEngine({ ...execution, precision, engine: 'eager' })).rejects.toThrow('choose the traced engine');
  const refusal = refusals.get(precision)!;
  if (refusal !== null) expect(refusal).toContain('choose float32');
});

/** Every time a queue, clusters and a plain loss stand for all methods. */
const everyTime: ReadonlySet<string> = new Set(['vicreg', 'moco-v2', 'swav', 'supervised']);
const tried = methods.all.filter(({ id }) => isNightly || everyTime.has(id));

/** Rounds to 1 in 8 bits and in 11. */
const fine = 1 + 2 ** -12;

describe.each(precisions.filter((precision) => refusals.get(precision) === null))('%s', (low) => {
  it('is for networks, and for the gradients of networks', async () => {
    const tracer = createTracer(await openRuntime(execution), { ...execution, precision: low });
    const spec = { dtype: 'float32', shape: [1, 1] } as const;
    const product = (x: Tensor, y: Tensor): Tensor => tf.matMul(x, y);
    const all = compile(tracer, [spec, spec], (x, y) => {
      const network = (a: Tensor, b: Tensor): Tensor => tracer.network(() => ({ y: product(a, b) }))['y']!;
      const gradients = (of: (a: Tensor, b: Tensor) => Tensor) => tf.grads(of)([x, y]) as [Tensor, Tensor];
      return [network(x, y), product(x, y), gradients(network)[0], gradients(product)[0]];
    });
    const given = { shape: [1, 1], values: Float32Array.of(fine) };
    const [rounded, high, lowGradient, highGradient] = (await all(given, given)).map(({ values }) => values[0]);
    expect(rounded).toBe(1);
    expect(high).toBe(Math.fround(fine * fine));
    expect(lowGradient).toBe(1);
    expect(highGradient).toBe(fine);
  });

  it('takes a gradient on in the low type where a layer asks for it', async () => {
    const tracer = createTracer(await openRuntime(execution), { ...execution, precision: low });
    const spec = { dtype: 'float32', shape: [1, 1] } as const;
    const doubled = (x: Tensor): Tensor => tf.mul(x, 2);
    const asking = (x: Tensor): Tensor => lowGradient(doubled(x));
    const all = compile(tracer, [spec], (x) => [asking(x), tf.grad(asking)(x, x), tf.grad(doubled)(x, x)]);
    const [value, asked, plain] = await all({ shape: [1, 1], values: Float32Array.of(fine) });
    expect([value, asked, plain].map((one) => one!.values[0])).toEqual([2 * fine, 2, 2 * fine]);
  });

  it.each(tried.map((method) => [method.id, method] as const))(
    '%s: a step near the one in float32, learning, and the same bits after a resume',
    async (_id, method) => {
      // Of 16 samples a correlation moves by several hundredths when they are rounded to 8 bits; of 64 by less than a hundredth.
      const batch = 64;
      const data = {
        views: Array.from({ length: method.views }, (_, view) => {
          const values = new Float32Array(batch * 144);
          keyed(1, 'view', view).fillNormal(values);
          return { shape: [batch, 12, 12, 1], values };
        }),
        index: new Int32Array(batch),
        targets: method.labels
          ? { label: { shape: [batch], values: Int32Array.from({ length: batch }, (_, at) => at % 3) } }
          : {},
      };
      async function stepperIn(precision: Execution['precision']) {
        const engine = await openEngine({ ...execution, precision });
        const learner = smallLearner(engine, method, { batch, classes: 3, encoder: { width: 8 } });
        return engine.stepper(learner, { recipe: optimizers.get('adamw'), options: {} }, 1);
      }
      const read = (stepper: Awaited<ReturnType<typeof stepperIn>>) =>
        new Map(stepper.state.map((entry) => [entry.name, entry.read()]));
      const steps = async (stepper: Awaited<ReturnType<typeof stepperIn>>, from: number, to: number) => {
        const losses = [];
        for (let step = from; step < to; step++)
          losses.push((await stepper.run(data, { step, lr: 1e-3 }, { metrics: true })).loss);
        return losses;
      };
      const [fast, exact] = [await stepperIn(low), await stepperIn('float32')];
      const begun = read(fast);
      const [[first], [wanted]] = [await steps(fast, 0, 1), await steps(exact, 0, 1)];
      expect(first).not.toBe(wanted);
      expect(Math.abs(first! - wanted!)).toBeLessThan(0.02 * Math.abs(wanted!));
      for (const values of read(fast).values()) expect(values).toBeInstanceOf(Float32Array);

      const saved = read(fast);
      const straight = await steps(fast, 1, 4);
      const resumed = await stepperIn(low);
      for (const entry of resumed.state) entry.write(saved.get(entry.name)!);
      expect(await steps(resumed, 1, 4)).toEqual(straight);
      expect(read(resumed)).toEqual(read(fast));
      await steps(fast, 4, 10);

      // It has learned, by the measure it began with: a queue that filled with the keys of this very batch is another one.
      for (const entry of fast.state) if (entry.name.startsWith('learner/')) entry.write(begun.get(entry.name)!);
      const [learned] = await steps(fast, 10, 11);
      expect(learned).toBeLessThan(first!);
    },
  );
});
