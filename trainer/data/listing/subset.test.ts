/** Subsets with a fraction of each class. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FaultError } from '../../durable/fault-error.ts';
import type { DataSource } from '../../protocol/run.ts';
import { classTarget, type OpenDataset, type Target } from '../../recipe.ts';
import { startTable } from './image-table.ts';
import { chosenBy, partOf } from './subset.ts';

const labelled = fc.array(fc.nat(4), { minLength: 1, maxLength: 300 }).map((labels) => Int32Array.from(labels));
const share = fc.double({ min: 0.001, max: 1, noNaN: true });
const seed = fc.nat(1000);

test('every class keeps its fraction, rounded, but at least one image; none is taken twice', () => {
  fc.assert(
    fc.property(labelled, share, seed, (labels, wanted, by) => {
      const chosen = chosenBy({ kind: 'share', share: wanted, seed: by }, labels);
      expect(new Set(chosen).size).toBe(chosen.length);
      expect([...chosen]).toEqual([...chosen].sort((a, b) => a - b));
      for (const label of new Set(labels)) {
        const of = (places: Iterable<number>) => [...places].filter((place) => labels[place] === label).length;
        expect(of(chosen)).toBe(Math.max(1, Math.round(wanted * of(labels.keys()))));
      }
    }),
  );
});

test('a small fraction is part of a larger one with the same seed, and another seed draws different images', () => {
  fc.assert(
    fc.property(labelled, share, share, seed, (labels, a, b, by) => {
      const [few, many] = [Math.min(a, b), Math.max(a, b)].map((one) =>
        chosenBy({ kind: 'share', share: one, seed: by }, labels),
      );
      const larger = new Set(many);
      for (const place of few!) expect(larger.has(place)).toBe(true);
    }),
  );
  const labels = new Int32Array(1000);
  expect(chosenBy({ kind: 'share', share: 0.1, seed: 1 }, labels)).not.toEqual(
    chosenBy({ kind: 'share', share: 0.1, seed: 2 }, labels),
  );
});

const classOf = (target: Target): number => (target.kind === 'class' ? target.class : -1);

test('the part is a data set of its own, and needs labels', async () => {
  const labels = Int32Array.of(0, 1, 0, 1, 0, 1);
  const whole: OpenDataset = {
    count: 6,
    classes: ['a', 'b'],
    channels: 1,
    labels: () => Promise.resolve(labels),
    sample: (index) =>
      Promise.resolve({
        image: { kind: 'raw', pixels: Uint8Array.of(index), width: 1, height: 1, channels: 1 },
        target: classTarget(labels[index]),
        name: `image ${index}`,
      }),
    close: () => Promise.resolve(),
  };
  const source: DataSource = { dataset: 'idx', path: 'somewhere', split: 'train' };
  const part = await partOf(whole, { kind: 'share', share: 0.34, seed: 5 }, source);
  expect(part.count).toBe(2);
  const samples = await Promise.all([part.sample(0), part.sample(1)]);
  expect([...(await part.labels())!]).toEqual(samples.map(({ target }) => classOf(target)));
  expect(samples.map(({ target }) => classOf(target)).sort()).toEqual([0, 1]);
  const without = { ...whole, labels: () => Promise.resolve(null) };
  await expect(partOf(without, { kind: 'share', share: 0.5, seed: 0 }, source)).rejects.toThrow(FaultError);
});

test('a list chooses the images it names, and reports names it does not find', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'subset-'));
  try {
    const builder = startTable();
    const names = ['n1/n1_3.JPEG', 'n1/n1_4.JPEG', 'n2/n2_1.JPEG', 'n2/n2_10.JPEG'];
    names.forEach((name, place) => builder.add(`train/${name}`, Math.floor(place / 2)));
    const images = builder.finish((label) => label);
    const whole: OpenDataset = {
      count: names.length,
      classes: ['n1', 'n2'],
      channels: 3,
      found: { classes: ['n1', 'n2'], images },
      labels: () => Promise.resolve(Int32Array.of(0, 0, 1, 1)),
      presence: () => Promise.resolve(Int8Array.of(1, 0, 1, -1, 0, 1, -1, 1)),
      sample: (index) => Promise.reject(new Error(names[index])),
      close: () => Promise.resolve(),
    };
    const source: DataSource = { dataset: 'imagenet', path: 'somewhere', split: 'train' };
    const path = join(folder, '1percent.txt');
    const listed = (text: string) => {
      writeFileSync(path, text);
      return partOf(whole, { kind: 'list', path }, source);
    };
    const part = await listed('n2_10.JPEG\r\nn1_3.JPEG\n\nn2_10.JPEG\n');
    expect([part.count, [...(await part.labels())!]]).toEqual([2, [0, 1]]);
    expect([...(await part.presence!())]).toEqual([1, 0, -1, 1]);
    await expect(part.sample(1)).rejects.toThrow('n2/n2_10.JPEG');
    await expect(listed('n1_3.JPEG\nn9_9.JPEG\n')).rejects.toThrow(
      '1 of its 2 names, such as "n9_9.JPEG", are not there',
    );
    await expect(listed('\n')).rejects.toThrow('it does not name any image');
    const { found: _, ...nameless } = whole;
    await expect(partOf(nameless, { kind: 'list', path }, source)).rejects.toThrow('not named files');
    await expect(partOf(whole, { kind: 'list', path: folder }, source)).rejects.toThrow(
      'a folder, where a file is expected',
    );
    await expect(partOf(whole, { kind: 'list', path: `${path}.gone` }, source)).rejects.toThrow('gone');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
