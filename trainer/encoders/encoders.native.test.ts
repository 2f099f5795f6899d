/** Requirements on every encoder: run over the whole registry, so a new file is tested before it has its own test. */
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { Engine, Stepper } from '../engine/engine.ts';
import type { HostBatch, HostTensor } from '../host-batch.ts';
import { openEngine } from '../engine/steps/open.ts';
import { Execution } from '../protocol/run.ts';
import { keyed } from '../random.ts';
import { encoders, methods, optimizers } from '../registry.ts';
import { encodeWith } from '../evaluation/evaluated-encoder.ts';
import { relativeDistance } from '../testing/distance.ts';
import { precisionsHere } from '../testing/precision.ts';
import { smallEncoder, smallLearner } from '../testing/small-learner.ts';

const kinds = ['eager', 'traced'] as const;
const [, ...low] = await precisionsHere();
const open = (given: object) => openEngine(v.parse(Execution, { threads: 2, ...given }));
const batch = 16;

function noise(name: string, height: number, width: number) {
  const values = new Float32Array(batch * height * width);
  keyed(1, name).fillNormal(values);
  return { shape: [batch, height, width, 1], values };
}

describe.each(encoders.all.map(({ id, options }) => [id, options] as const))('encoder %s', (id, options) => {
  it('has a default for every option', () => {
    expect(v.safeParse(options, {}).success).toBe(true);
  });

  it('represents images of several sizes, alike on both engines', async () => {
    const [eager, traced] = await Promise.all(
      kinds.map(async (engine) => {
        const opened = await open({ engine });
        const encoder = smallEncoder(opened.builder(1).at('encoder'), {}, id);
        const names = [...encoder.weights, ...encoder.state].map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        return { outputs: encoder.outputs, encode: encodeWith(opened, encoder) };
      }),
    );
    for (const [height, width] of [
      [12, 12],
      [16, 9],
    ] as const) {
      const images = noise('images', height, width);
      const [wanted, found] = [await eager!.encode(images), await traced!.encode(images)];
      expect(wanted.shape).toEqual([batch, eager!.outputs]);
      expect(found.shape).toEqual(wanted.shape);
      expect(wanted.values.every(Number.isFinite)).toBe(true);
      expect(relativeDistance(found.values as Float32Array, wanted.values as Float32Array)).toBeLessThan(1e-4);
    }
  });
});

const views = {
  views: [noise('x', 12, 12), noise('y', 12, 12)],
  index: new Int32Array(batch),
  targets: {},
};
const vicreg = methods.get('vicreg');

function stepperOf(engine: Engine, id: string): Stepper {
  const encoder = smallEncoder(engine.builder(1).at('encoder'), { width: 8 }, id);
  const learner = smallLearner(engine, vicreg, { batch, classes: 0 }, [encoder, encoder]);
  return engine.stepper(learner, { recipe: optimizers.get('adamw'), options: {} }, 1);
}

async function steps(stepper: Stepper, from: number, to: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = from; step < to; step++)
    losses.push((await stepper.run(views, { step, lr: 1e-3 }, { metrics: false })).loss);
  return losses;
}
/** The same images in a frame of zeros one pixel wide. */
function framed({ shape, values }: HostTensor): HostTensor {
  const [count, height, width] = shape as [number, number, number];
  const wider = new Float32Array(count * (height + 2) * (width + 2));
  for (let row = 0; row < count * height; row++) {
    const [image, y] = [Math.floor(row / height), row % height];
    const at = (image * (height + 2) + y + 1) * (width + 2) + 1;
    wider.set(values.subarray(row * width, (row + 1) * width), at);
  }
  return { shape: [count, height + 2, width + 2, 1], values: wider };
}

it.each(kinds)('a small stem that pads by 2 sees and learns from a frame of zeros, %s engine', async (engine) => {
  const learned = async (stemPadding: number, data: HostBatch) => {
    const opened = await open({ engine });
    const encoder = smallEncoder(opened.builder(1).at('encoder'), { stemStride: 1, stemPadding });
    const learner = smallLearner(opened, vicreg, { batch, classes: 0 }, [encoder, encoder]);
    const stepper = opened.stepper(learner, { recipe: optimizers.get('sgd'), options: {} }, 1);

    const { values } = await encodeWith(opened, encoder)(data.views[0]!);
    for (let step = 0; step < 2; step++) await stepper.run(data, { step, lr: 0.1 }, { metrics: false });
    return [values, ...save(stepper).values()] as Float32Array[];
  };
  const inside = { ...views, views: views.views.map(framed) };
  const [padded, wanted, narrow] = [await learned(2, views), await learned(1, inside), await learned(1, views)];
  padded.forEach((values, place) => expect(relativeDistance(values, wanted[place]!)).toBeLessThan(1e-4));
  expect(relativeDistance(padded[0]!, narrow[0]!)).toBeGreaterThan(0.01);
});

const save = (stepper: Stepper) => new Map(stepper.state.map((entry) => [entry.name, entry.read()]));

// Residual networks are covered by the tests of methods and the loop; deeper ones only repeat a block more often.
const trained = ['vit-s-16'];
describe.each(trained.flatMap((id) => kinds.map((engine) => [id, engine] as const)))('%s, %s engine', (id, engine) => {
  it('learns with every weight, and leaks no tensor', async () => {
    const opened = await open({ engine });
    const stepper = stepperOf(opened, id);
    const before = save(stepper);
    const losses = await steps(stepper, 0, 1);
    const tensors = opened.tensors();
    losses.push(...(await steps(stepper, 1, 10)));
    expect(opened.tensors()).toBe(tensors);
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
    for (const [name, values] of save(stepper)) expect(values, name).not.toEqual(before.get(name));
  });

  it('resumes from saved state with the same bits, also in a fresh engine', async () => {
    const straight = stepperOf(await open({ engine }), id);
    await steps(straight, 0, 2);
    const saved = save(straight);
    const wanted = await steps(straight, 2, 4);
    const resumed = stepperOf(await open({ engine }), id);
    for (const entry of resumed.state) entry.write(saved.get(entry.name)!);
    expect(await steps(resumed, 2, 4)).toEqual(wanted);
    expect(save(resumed)).toEqual(save(straight));
  });
});

const executions = [
  ...kinds.map((engine) => ({ engine })),
  ...low.map((precision) => ({ engine: 'traced', precision })),
];
it.each(executions.flatMap((given) => trained.map((id) => [given, id] as const)))(
  '%j, %s: the same steps where it computes again what it did not keep',
  async (given, id) => {
    const [kept, again] = [stepperOf(await open(given), id), stepperOf(await open({ ...given, recompute: true }), id)];
    expect(await steps(again, 0, 3)).toEqual(await steps(kept, 0, 3));
    expect(save(again)).toEqual(save(kept));
  },
);

describe.each(low.flatMap((precision) => trained.map((id) => [precision, id] as const)))('%s, %s', (precision, id) => {
  it('takes a step close to the one in float32, keeps its weights in float32 and learns', async () => {
    const [fast, exact] = [
      stepperOf(await open({ engine: 'traced', precision }), id),
      stepperOf(await open({ engine: 'traced' }), id),
    ];
    const [[first], [wanted]] = [await steps(fast, 0, 1), await steps(exact, 0, 1)];
    expect(first).not.toBe(wanted);
    expect(Math.abs(first! - wanted!)).toBeLessThan(0.05 * Math.abs(wanted!));
    for (const values of save(fast).values()) expect(values).toBeInstanceOf(Float32Array);
    expect((await steps(fast, 1, 10)).at(-1)).toBeLessThan(first!);
  });
});
