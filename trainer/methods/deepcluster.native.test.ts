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
import {
  killThrough,
  liveOn,
  tinyPretraining,
  traceOf,
  useTinyTrainer,
  type Death,
  type Stage,
} from '../testing/killing.ts';
import { smallEncoder } from '../testing/small-learner.ts';
import { method } from './deepcluster.ts';

const minutes = 60_000;
const place = useTinyTrainer('deepcluster');

const small = { prototypes: 5, clusterings: 3, projector: [8, 4] };
const samples = 40;

function learnerOf(engine: Engine, options = small) {
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
    read: (variable) => entryOf(variable).read() as Float32Array,
    write: (variable, values) => entryOf(variable).write(values),
    progress: () => Promise.resolve(),
    async represent(compute) {
      asked.count += 1;
      const values = new Float32Array(samples * 144);
      keyed(1, 'images').fillNormal(values);
      return (await engine.infer(compute)({ shape: [samples, 12, 12, 1], values })).values as Float32Array;
    },
  };
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

it('suggests a setting if there are fewer images than clusters', async () => {
  const engine = await openEngine(v.parse(Execution, { threads: 2 }));
  expect(() => learnerOf(engine, { ...small, prototypes: samples + 1 })).toThrow(
    '40 images cannot form 41 clusters: set the number of prototypes to at most 40.',
  );
});

it(
  'ends in the same bytes after kills inside an epoch and at the end of one',
  async () => {
    // 6 steps per epoch, saved every 4: the third save is followed by a new epoch.
    const tiny = tinyPretraining(place.data) as Extract<RunConfig, { kind: 'pretrain' }>;
    const config: RunConfig = {
      ...tiny,
      method: { id: 'deepcluster', options: small },
      checkpoint: { ...tiny.checkpoint, everySteps: 4 },
      epochs: 3,
      probe: null,
    };
    const stage = (name: string) => (): Stage => ({ program: place.program, folder: join(place.folder, name), config });
    await liveOn(stage('straight')(), 1);
    const expected = traceOf(stage('straight')());
    expect(expected.points.filter((point) => point.includes('"loss"'))).toHaveLength(18);
    const afterSave: Death = { kind: 'save', point: savePoints.indexOf('posted') + 1 };
    const compare = (finished: Stage): void => expect(traceOf(finished)).toEqual(expected);
    expect(await killThrough(stage('killed'), [afterSave, afterSave, afterSave], compare)).toBe(3);
  },
  10 * minutes,
);
