/** The check of imported weights: a trained network, the same with kernels exchanged, and random kernels; prints them. */
import * as v from 'valibot';
import { beforeAll, expect, it } from 'vitest';
import type { Engine } from '../engine/engine.ts';
import { openEngine } from '../engine/steps/open.ts';
import { pixelScalings } from '../protocol/weights.ts';
import { Execution } from '../protocol/run.ts';
import { keyed } from '../random.ts';
import type { Encoder } from '../recipe.ts';
import { trainedEncoder, trainedNormalization, trainedSize } from '../testing/trained-encoder.ts';
import { checkNorms, normLimits } from './check-norms.ts';
import { samplePictures, type Pictures } from './sample-pictures.ts';

let engine: Engine;
let encoder: Encoder;
let pictures: Pictures;
let trained: ReadonlyMap<string, Float32Array>;

beforeAll(async () => {
  engine = await openEngine(v.parse(Execution, { threads: 2 }));
  const made = await trainedEncoder(engine, 500);
  ({ encoder } = made);
  trained = new Map(made.entries.map((entry) => [entry.name, (entry.read() as Float32Array).slice()]));
  // The last ones are not among those it was trained on.
  const shape = { count: 516, size: trainedSize, channels: 3 } as const;
  const drawn = await samplePictures(shape, () => Promise.resolve());
  pictures = {
    count: 16,
    channels: 3,
    normalized(normalization) {
      const values = drawn.normalized(normalization).values.slice(500 * 3 * trainedSize ** 2);
      return { shape: [16, trainedSize, trainedSize, 3], values };
    },
  };
}, 120_000);

/** Gives the encoder the trained weights with some of them replaced. */
function weights(replaced: ReadonlyMap<string, Float32Array> = new Map()): void {
  for (const entry of engine.entries([encoder])) entry.write(replaced.get(entry.name) ?? trained.get(entry.name)!);
}
const check = async () => (await checkNorms(engine, encoder, 'encoder', pictures))!;
/** Kernels as they are before any training. */
const random = () =>
  new Map(
    kernels().map(({ name, shape }) => {
      const values = new Float32Array(shape.reduce((product, one) => product * one, 1));
      keyed(3, name).fillNormal(values);
      const std = Math.sqrt(2 / (shape[0]! * shape[1]! * shape[3]!));
      return [name, values.map((value) => std * value)] as const;
    }),
  );
const kernels = () => engine.entries([encoder]).filter(({ shape }) => shape.length === 4);

it('a trained network fits, and its exchanged or random kernels do not', async () => {
  weights();
  const fits = await check();
  expect(fits).toMatchObject({ verdict: 'fits', scaling: 'imagenet', first: null });
  const exchanged: number[] = [];
  for (const [at, one] of kernels().entries())
    for (const other of kernels().slice(at + 1)) {
      if (one.shape.join() !== other.shape.join()) continue;
      const [first, second] = [trained.get(other.name)!, trained.get(one.name)!];
      weights(
        new Map([
          [one.name, first],
          [other.name, second],
        ]),
      );
      exchanged.push((await check()).distance!);
    }
  weights(random());
  const unlike = await check();
  exchanged.sort((one, other) => one - other);
  const listed = exchanged.map((distance) => distance.toFixed(2)).join(' ');
  console.log(
    `Largest distance of a layer, in nats: trained ${fits.distance!.toFixed(3)}; two kernels of one shape exchanged ` +
      `${listed}; random kernels ${unlike.distance!.toFixed(2)}`,
  );
  for (const distance of exchanged) expect(distance).toBeGreaterThan(3 * fits.distance!);
  expect(exchanged[exchanged.length >> 1]).toBeGreaterThan(normLimits.doubtful);
  expect(unlike).toMatchObject({ verdict: 'unlike', first: 'layer1.0.bn1' });
});

it('of several normalisations the one that fits is named', async () => {
  weights();
  const { signed } = pixelScalings;
  // Pictures that are as the network knows them only if it is asked for -1 to 1.
  const other: Pictures = {
    ...pictures,
    normalized: ({ mean }) =>
      pictures.normalized(mean[0] === signed.mean[0] ? trainedNormalization : { mean: [0, 0, 0], std: [1, 1, 1] }),
  };
  expect(await checkNorms(engine, encoder, 'encoder', other)).toMatchObject({ verdict: 'fits', scaling: 'signed' });
  const none: Pictures = { ...pictures, normalized: () => pictures.normalized({ mean: [0, 0, 0], std: [1, 1, 1] }) };
  expect(await checkNorms(engine, encoder, 'encoder', none)).toMatchObject({ scaling: 'imagenet', first: 'bn1' });
});

it('values that overflow are unlike anything, and a network without batch norms has no distance', async () => {
  weights(new Map([['encoder/conv1/weight', trained.get('encoder/conv1/weight')!.map((value) => 1e30 * value)]]));
  expect(await check()).toMatchObject({ verdict: 'unlike', distance: null });
  expect(await checkNorms(engine, { ...encoder, state: [] }, 'encoder', pictures)).toBeNull();
});
