/** A share of each class. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FaultError } from '../fault.ts';
import type { DataSource } from '../protocol/run.ts';
import type { OpenDataset } from '../recipe.ts';
import { chosenBy, partOf } from './subset.ts';

const labelled = fc.array(fc.nat(4), { minLength: 1, maxLength: 300 }).map((labels) => Int32Array.from(labels));
const share = fc.double({ min: 0.001, max: 1, noNaN: true });
const seed = fc.nat(1000);

test('every class keeps its share, rounded, and one image at least; none is taken twice', () => {
  fc.assert(
    fc.property(labelled, share, seed, (labels, wanted, by) => {
      const chosen = chosenBy({ share: wanted, seed: by }, labels);
      expect(new Set(chosen).size).toBe(chosen.length);
      expect([...chosen]).toEqual([...chosen].sort((a, b) => a - b));
      for (const label of new Set(labels)) {
        const of = (places: Iterable<number>) => [...places].filter((place) => labels[place] === label).length;
        expect(of(chosen)).toBe(Math.max(1, Math.round(wanted * of(labels.keys()))));
      }
    }),
  );
});

test('a small share is part of a larger one by the same seed, and another seed draws others', () => {
  fc.assert(
    fc.property(labelled, share, share, seed, (labels, a, b, by) => {
      const [few, many] = [Math.min(a, b), Math.max(a, b)].map((one) => chosenBy({ share: one, seed: by }, labels));
      const larger = new Set(many);
      for (const place of few!) expect(larger.has(place)).toBe(true);
    }),
  );
  const labels = new Int32Array(1000);
  expect(chosenBy({ share: 0.1, seed: 1 }, labels)).not.toEqual(chosenBy({ share: 0.1, seed: 2 }, labels));
});

test('the part is a data set of its own, and needs labels', async () => {
  const labels = Int32Array.of(0, 1, 0, 1, 0, 1);
  const whole: OpenDataset = {
    ...{ count: 6, classes: ['a', 'b'], channels: 1 },
    labels: () => Promise.resolve(labels),
    sample: (index) =>
      Promise.resolve({
        image: { kind: 'raw', pixels: Uint8Array.of(index), width: 1, height: 1, channels: 1 },
        ...{ label: labels[index]!, name: `image ${index}` },
      }),
    close: () => Promise.resolve(),
  };
  const source: DataSource = { dataset: 'idx', path: 'somewhere', split: 'train' };
  const part = await partOf(whole, { share: 0.34, seed: 5 }, source);
  expect(part.count).toBe(2);
  const samples = await Promise.all([part.sample(0), part.sample(1)]);
  expect([...(await part.labels())!]).toEqual(samples.map((sample) => sample.label));
  expect(samples.map((sample) => sample.label).sort()).toEqual([0, 1]);
  const without = { ...whole, labels: () => Promise.resolve(null) };
  await expect(partOf(without, { share: 0.5, seed: 0 }, source)).rejects.toThrow(FaultError);
});
