/** Pictures of 8 bits that the graph normalises have the bits of those that the host normalises, and so have steps on them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { normalizedLevels } from '../../data/pixels/normalize.ts';
import type { HostPictures } from '../../host-batch.ts';
import { encoders, methods, optimizers } from '../../registry.ts';
import { Execution, Normalization } from '../../protocol/run.ts';
import { smallLearner } from '../../testing/small-learner.ts';
import type { Engine } from '../engine.ts';
import { openEngine } from './open.ts';

const open = (given: object): Promise<Engine> => openEngine(v.parse(Execution, { threads: 1, ...given }));

const presets = join(import.meta.dirname, '../../../resources/presets');
const Preset = v.looseObject({ values: v.array(v.looseObject({ path: v.string(), value: v.unknown() })) });

/** Every normalisation of the presets; those of weights whose pictures keep their levels; one that no decimal is exact of. */
function normalizations(): readonly Normalization[] {
  const given = readdirSync(presets)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      const { values } = v.parse(Preset, JSON.parse(readFileSync(join(presets, name), 'utf8')));
      const own = values.filter(({ path }) => path === 'normalization');
      return own.map(({ value }) => JSON.stringify(v.parse(Normalization, value)));
    });
  expect(given.length).toBeGreaterThan(10);
  const others = [
    { mean: [0, 0, 0], std: [1, 1, 1] },
    { mean: [0.485, 0.456, 0.406], std: [1 / 255, 1 / 255, 1 / 255] },
    { mean: [1 / 3], std: [Math.PI / 12] },
  ];
  return [...[...new Set(given)].map((each) => JSON.parse(each) as Normalization), ...others];
}

/** Pictures with every level in every channel, in an order of their own. */
function everyLevel(normalization: Normalization, [height, width]: readonly [number, number]): HostPictures {
  const channels = normalization.mean.length;
  const shape = [2, height, width, channels];
  const values = Uint8Array.from({ length: 2 * height * width * channels }, (_, at) => {
    const pixel = Math.floor(at / channels);
    return 37 * pixel + 11 * (at % channels);
  });
  return { shape, values, normalization };
}

const shapes = [
  [16, 8],
  [128, 1],
  [1, 128],
] as const;

const bits = (values: ArrayLike<number>) => new Uint32Array(Float32Array.from(values).buffer);

describe.each(['traced', 'eager'] as const)('%s', (engine) => {
  it('every level by every normalisation, to the bit', async () => {
    const opened = await open({ engine });
    const same = opened.infer((images) => tf.add(images, 0));
    for (const normalization of normalizations()) {
      for (const sides of shapes) {
        const pictures = everyLevel(normalization, sides);
        const wanted = normalizedLevels(pictures.values, normalization);
        const { shape, values } = await same(pictures);
        expect(shape).toEqual(pictures.shape);
        expect(bits(values)).toEqual(bits(wanted));
      }
    }
  });
});

const rows = 8;
const side = 12;

function viewOf(name: number): HostPictures {
  const normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
  const values = Uint8Array.from({ length: rows * side * side * 3 }, (_, at) => (at * at * (3 + name)) >> 3);
  return { shape: [rows, side, side, 3], values, normalization };
}

it.each([
  ['eager', { engine: 'eager' }],
  ['traced', { engine: 'traced' }],
  ['traced, computed again', { engine: 'traced', recompute: true }],
  ['traced, in chunks', { engine: 'traced', chunk: 4 }],
])('steps on pictures and on the same in float32 are the same to the bit, %s', async (_name, given) => {
  const pictures = [viewOf(0), viewOf(1)];
  const floats = pictures.map(({ shape, values, normalization }) => ({
    shape,
    values: normalizedLevels(values, normalization),
  }));
  const trained = async (views: readonly (HostPictures | (typeof floats)[number])[]) => {
    const engine = await open(given);
    const recipe = encoders.get('resnet-18');
    const options = v.parse(recipe.options, { stem: 'small', stemStride: 2, width: 8 });
    const encoder = recipe.build(engine.builder(1).at('encoder'), options, { channels: 3 });
    const learner = smallLearner(engine, methods.get('vicreg'), { batch: rows, classes: 0 }, [encoder, encoder]);
    const stepper = engine.stepper(learner, { recipe: optimizers.get('adamw'), options: {} }, 1);
    const batch = { views, index: new Int32Array(rows), targets: {} };
    const losses: number[] = [];
    for (let step = 0; step < 3; step++)
      losses.push((await stepper.run(batch, { step, lr: 1e-3 }, { metrics: false })).loss);
    return { losses: bits(losses), state: stepper.state.map((entry) => entry.read()) };
  };
  const found = await trained(pictures);
  expect(found).toEqual(await trained(floats));
  expect(new Set(found.losses).size).toBe(3);
});
