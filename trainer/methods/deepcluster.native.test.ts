/** Parts of DeepCluster-v2 not covered by a step: its clustering between epochs, reproduced after a kill. */
import { join } from 'node:path';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { savePoints } from '../checkpoints/save-points.ts';
import type { Engine } from '../engine/engine.ts';
import { openEngine } from '../engine/steps/open.ts';
import { Execution, type RunConfig } from '../protocol/run.ts';
import { keyed } from '../random.ts';
import type { BetweenEpochs } from '../recipe.ts';
import { killThrough, liveOn, tinyPretraining, traceOf, type Death, type Stage } from '../testing/killing.ts';
import { useTinyTrainer } from '../testing/tiny-trainer.ts';
import { smallEncoder } from '../testing/small-learner.ts';
import { method } from './deepcluster.ts';
import { isNightly } from '../durable/testing/nightly.ts';

const minutes = 60_000;
const place = useTinyTrainer('deepcluster');

const small = { prototypes: 5, clusterings: 3, projector: [8, 4] };
const samples = 40;

function learnerOf(engine: Engine, options: object = small) {
  const encoder = smallEncoder(engine.builder(1).at('encoder'));
  return method.build([encoder, encoder], v.parse(method.options, options), engine.builder(1), {
    classes: 0,
    batch: 8,
    samples,
    steps: 10,
    stepsPerEpoch: 5,
    encoder: (builder) => smallEncoder(builder.at('encoder')),
  });
}

/** Work between epochs on this engine; `asked` counts the passes over the images. */
function between(engine: Engine, epoch: number, asked: { count: number }): BetweenEpochs {
  const entryOf = (variable: Parameters<BetweenEpochs['read']>[0]) =>
    engine.entries([{ weights: [variable], state: [] }])[0]!;
  return {
    epoch,
    seed: 1,
    read: (variable) => entryOf(variable).read() as Float32Array,
    write: (variable, values) => entryOf(variable).write(values),
    progress: () => Promise.resolve(),
    async represent(compute) {
      asked.count += 1;
      const values = new Float32Array(samples * 144);
      keyed(1, 'images').fillNormal(values);
      return (await engine.infer(compute)({ shape: [samples, 12, 12, 1], values })).values as Float32Array;
    },
    async representViews(compute, count) {
      asked.count += 1;
      const encode = engine.infer(compute);
      const views = Array.from({ length: count }, () => new Float32Array(samples * 4));
      // Four batches of an epoch whose last images are dropped.
      const index = keyed(2, 'order').permutation(samples).subarray(0, 32);
      for (let from = 0; from < index.length; from += 8)
        for (const [view, table] of views.entries()) {
          const { values } = await encode({ shape: [8, 12, 12, 1], values: shownOf(from, view) });
          for (let row = 0; row < 8; row++)
            table.set((values as Float32Array).subarray(4 * row, 4 * row + 4), 4 * index[from + row]!);
        }
      return { index, views };
    },
  };
}

/** Augmented images of a batch. */
function shownOf(from: number, view: number): Float32Array {
  const values = new Float32Array(8 * 144);
  keyed(3, 'shown', from, view).fillNormal(values);
  return values;
}

it.each(['eager', 'traced'] as const)(
  'clusters before every epoch, the same from the same state, and goes through the images before the first alone, %s',
  async (kind) => {
    const engine = await openEngine(v.parse(Execution, { engine: kind, threads: 2 }));
    const { state, beforeEpoch } = learnerOf(engine);
    const read = (name: string) => Array.from(engine.entries([{ weights: [state![name]!], state: [] }])[0]!.read());
    const asked = { count: 0 };
    await beforeEpoch!(between(engine, 0, asked));
    expect(asked.count).toBe(1);
    expect(read('bank/x')).toEqual(read('bank/y'));
    expect(new Set(read('assignments'))).toEqual(new Set([0, 1, 2, 3, 4]));
    const first = read('prototypes');
    for (let vector = 0; vector < 15; vector++)
      expect(Math.hypot(...first.slice(4 * vector, 4 * vector + 4))).toBeCloseTo(1, 5);

    await beforeEpoch!(between(engine, 1, asked));
    const second = [read('prototypes'), read('assignments')];
    expect(second[0]).not.toEqual(first);
    await beforeEpoch!(between(engine, 1, asked));
    expect([read('prototypes'), read('assignments')]).toEqual(second);
    expect(asked.count).toBe(1);
  },
);

it.each(['eager', 'traced'] as const)(
  'with a bank of batches, begins with augmented crops in training mode and clusters what the past epoch showed, %s',
  async (kind) => {
    const engine = await openEngine(v.parse(Execution, { engine: kind, threads: 2 }));
    const { state, trainable, beforeEpoch, embed } = learnerOf(engine, { ...small, batchBank: true });
    const entries = engine.entries([...trainable, { weights: Object.values(state!), state: [] }]);
    const entry = (name: string) => entries.find((one) => one.name === name)!;
    const before = entries.filter(({ name }) => name.includes('running')).map((one) => [...one.read()]);
    const asked = { count: 0 };
    await beforeEpoch!(between(engine, 0, asked));
    expect(asked.count).toBe(1);
    expect(entries.filter(({ name }) => name.includes('running')).map((one) => [...one.read()])).toEqual(before);

    // A batch as a training step embeds it, both views apart, of length 1.
    const order = keyed(2, 'order').permutation(samples);
    const step = engine.inferAll((views, at) => {
      const { x, y } = embed(
        { views, index: views[0]!, targets: {} },
        { ...at, training: true, update: () => undefined },
      );
      return [x!, y!];
    });
    const shape = [8, 12, 12, 1];
    const embedded = await step({ shape, values: shownOf(8, 0) }, { shape, values: shownOf(8, 1) });
    for (const [view, name] of ['bank/x', 'bank/y'].entries()) {
      const bank = entry(name).read();
      for (let row = 0; row < 8; row++) {
        const own = embedded[view]!.values.subarray(4 * row, 4 * row + 4);
        const length = Math.hypot(...own);
        own.forEach((value, column) => expect(bank[4 * order[8 + row]! + column]).toBeCloseTo(value / length, 4));
      }
    }
    const places = (): readonly number[] => [...entry('assignments').read()];
    const inNone = () =>
      order.filter((image) =>
        places()
          .slice(3 * image, 3 * image + 3)
          .every((at) => at === -1),
      );
    expect([...inNone()]).toEqual([...order.subarray(32)]);
    const first = places();

    // In the epoch after, other images were in no batch.
    const seen = new Float32Array(samples).fill(1);
    for (const image of [3, 5, 8]) seen[image] = 0;
    entry('seen').write(seen);
    await beforeEpoch!(between(engine, 1, asked));
    expect(asked.count).toBe(1);
    expect([...inNone()].sort((a, b) => a - b)).toEqual([3, 5, 8]);
    expect(places()).not.toEqual(first);
  },
);

it('begins its clusters by the seed of the run', async () => {
  const engine = await openEngine(v.parse(Execution, { engine: 'eager', threads: 2 }));
  const centroidsOf = async (seed: number) => {
    const { state, beforeEpoch } = learnerOf(engine);
    await beforeEpoch!({ ...between(engine, 0, { count: 0 }), seed });
    return [...engine.entries([{ weights: [state!['prototypes']!], state: [] }])[0]!.read()];
  };
  expect(await centroidsOf(1)).toEqual(await centroidsOf(1));
  expect(await centroidsOf(2)).not.toEqual(await centroidsOf(1));
});

it('suggests a setting if there are fewer images than clusters', async () => {
  const engine = await openEngine(v.parse(Execution, { threads: 2 }));
  expect(() => learnerOf(engine, { ...small, prototypes: samples + 1 })).toThrow(
    '40 images cannot form 41 clusters: set the number of prototypes to at most 40.',
  );
  // Five batches of eight are all that a bank of batches holds.
  expect(() => learnerOf(engine, { ...small, batchBank: true, prototypes: samples + 1 })).toThrow('40 images');
});

const killed = [
  ['with a bank of batches', { ...small, batchBank: true, keepEmpty: true, together: true, normBatch: 4 }],
  ['alone', small],
] as const;
it.each(isNightly ? killed : killed.slice(0, 1))(
  'ends in the same bytes after kills inside an epoch and at the end of one, %s',
  async (name, options) => {
    // 6 steps per epoch, saved every 4: the third save is followed by a new epoch.
    const tiny = tinyPretraining(place.data) as Extract<RunConfig, { kind: 'pretrain' }>;
    const config: RunConfig = {
      ...tiny,
      method: { id: 'deepcluster', options: { ...options, projector: [...options.projector] } },
      checkpoint: { ...tiny.checkpoint, everySteps: 4 },
      epochs: 3,
      probe: null,
    };
    const stage = (life: string) => (): Stage => ({
      program: place.program,
      folder: join(place.folder, `${name} ${life}`),
      config,
    });
    await liveOn(stage('straight')(), 1);
    const expected = traceOf(stage('straight')());
    expect(expected.points.filter((point) => point.includes('"loss"'))).toHaveLength(18);
    const afterSave: Death = { kind: 'save', point: savePoints.indexOf('posted') + 1 };
    const compare = (finished: Stage): void => expect(traceOf(finished)).toEqual(expected);
    expect(await killThrough(stage('killed'), [afterSave, afterSave, afterSave], compare)).toBe(3);
  },
  10 * minutes,
);
