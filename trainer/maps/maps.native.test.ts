/** Maps: principal components against NumPy, exact neighbours, a layout that repeats and keeps neighbours, the whole job. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { openPort } from '../channel/port.ts';
import type { JobContext } from '../channel/job.ts';
import { inTemporaryFolder, writeIdx } from '../data/testing/small-datasets.ts';
import { readLayout, readMap } from '../durable/map-file.ts';
import { openEngine } from '../engine/steps/open.ts';
import { run as layout } from '../jobs/layout.ts';
import { run as map } from '../jobs/map.ts';
import { Job } from '../protocol/commands.ts';
import { Execution, newestResizing } from '../protocol/run.ts';
import { keyed } from '../random.ts';
import type { FeatureSet } from '../recipe.ts';
import { kMeans, mutualInformation } from './clusters.ts';
import { mapFeatures } from './map-features.ts';
import { nearestNeighbours } from './neighbours.ts';
import { principalComponents } from './principal.ts';
import { sampledRows } from './sample.ts';
import { layOut } from './umap.ts';

beforeAll(async () => {
  await openEngine(v.parse(Execution, { engine: 'eager', threads: 1 }));
});

const silent = (): Promise<void> => Promise.resolve();

/** Blobs around directions of their own, in order. */
function blobs(each: number, clusters: number, columns: number): FeatureSet {
  const random = keyed(5, 'blobs');
  const centres = Array.from({ length: clusters * columns }, () => random.normal());
  const labels = Int32Array.from({ length: each * clusters }, (_, row) => Math.floor(row / each));
  const values = Float32Array.from(
    { length: labels.length * columns },
    (_, at) => centres[labels[Math.floor(at / columns)]! * columns + (at % columns)]! + 0.25 * random.normal(),
  );
  return { rows: labels.length, columns, values, labels };
}

const golden = JSON.parse(readFileSync(join(import.meta.dirname, 'golden/principal.json'), 'utf8')) as {
  readonly [K in 'rows' | 'columns' | 'components' | 'spread' | 'effectiveRank']: number;
} & { readonly explained: readonly number[]; readonly coordinates: readonly number[] };

describe('principal components', () => {
  it('are those of NumPy', async () => {
    const { rows, columns, components } = golden;
    const values = Float32Array.from({ length: rows * columns }, (_, at) => {
      const [row, column] = [Math.floor(at / columns), at % columns];
      return Math.sin(1 + row * 1.7 + column * column * 0.9) + 0.5 * Math.cos(row * (column + 1) * 0.31) + 0.2 * column;
    });
    const found = await principalComponents(
      { rows, columns, values, labels: new Int32Array(rows) },
      components,
      silent,
    );
    expect(found.spread).toBeCloseTo(golden.spread, 5);
    expect(found.effectiveRank).toBeCloseTo(golden.effectiveRank, 3);
    found.explained.forEach((share, at) => expect(share).toBeCloseTo(golden.explained[at]!, 5));
    found.coordinates.forEach((value, at) => expect(value).toBeCloseTo(golden.coordinates[at]!, 4));
  });

  it('say of a collapsed encoder that nothing is spread', async () => {
    const [rows, columns] = [50, 4];
    const values = Float32Array.from({ length: rows * columns }, (_, at) => at % columns);
    const features = { rows, columns, values, labels: new Int32Array(rows) };
    const found = await mapFeatures({
      features,
      places: new Int32Array(rows),
      images: rows,
      seed: 1,
      begin: () => silent,
    });
    expect(found.summary).toMatchObject({ effectiveRank: 1, clusters: 1, agreement: null });
    expect(found.summary.spread).toBeCloseTo(0, 6);
    const near = {
      count: found.summary.neighbours,
      indexes: found.arrays.neighbours,
      similarities: found.arrays.similarities,
    };
    expect((await layOut(near, found.arrays.principal, 1, silent)).every(Number.isFinite)).toBe(true);
  });
});

it('finds the neighbours that comparing every pair finds', async () => {
  const features = blobs(20, 3, 6);
  const { rows, columns, values } = features;
  const { count, indexes, similarities } = await nearestNeighbours(features, 4, silent);
  const dot = (one: number, other: number): number => {
    let sum = 0;
    for (let at = 0; at < columns; at++) sum += values[one * columns + at]! * values[other * columns + at]!;
    return sum;
  };
  for (let row = 0; row < rows; row++) {
    const cosine = (other: number): number => dot(row, other) / Math.sqrt(dot(row, row) * dot(other, other));
    const all = Array.from({ length: rows }, (_, other) => other).filter((other) => other !== row);
    const expected = all.sort((one, other) => cosine(other) - cosine(one)).slice(0, count);
    expect([...indexes.subarray(row * count, (row + 1) * count)]).toEqual(expected);
    expect(similarities[row * count]).toBeCloseTo(cosine(expected[0]!), 5);
  }
});

/** Of a point's neighbours in the plane, how many are near it in the features (Venna and Kaski, 2001): 1 is all. */
function trustworthiness({ rows, columns, values }: FeatureSet, plane: Float32Array, k: number): number {
  const ranked = (from: ArrayLike<number>, width: number, row: number): number[] => {
    const far = (other: number): number => {
      let sum = 0;
      for (let at = 0; at < width; at++) sum += (from[row * width + at]! - from[other * width + at]!) ** 2;
      return sum;
    };
    const distances = Array.from({ length: rows }, (_, other) => far(other));
    return distances
      .map((_, other) => other)
      .filter((other) => other !== row)
      .sort((a, b) => distances[a]! - distances[b]!);
  };
  let penalty = 0;
  for (let row = 0; row < rows; row++) {
    const ranks = new Map(ranked(values, columns, row).map((other, rank) => [other, rank + 1]));
    for (const other of ranked(plane, 2, row).slice(0, k)) penalty += Math.max(0, ranks.get(other)! - k);
  }
  return 1 - (2 / (rows * k * (2 * rows - 3 * k - 1))) * penalty;
}

it('lays clusters out apart, the same way every time, with neighbours that can be trusted', async () => {
  const features = blobs(40, 4, 10);
  const { rows, labels } = features;
  const near = await nearestNeighbours(features, 15, silent);
  const { coordinates, components } = await principalComponents(features, 2, silent);
  expect(components).toBe(2);
  const plane = await layOut(near, coordinates, 7, silent);
  expect(await layOut(near, coordinates, 7, silent)).toEqual(plane);
  expect(await layOut(near, coordinates, 8, silent)).not.toEqual(plane);
  // The bound is that of scikit-learn's and umap-learn's own tests on such sets.
  expect(trustworthiness(features, plane, 10)).toBeGreaterThan(0.9);
  const far = (one: number, other: number): number =>
    Math.hypot(plane[2 * one]! - plane[2 * other]!, plane[2 * one + 1]! - plane[2 * other + 1]!);
  for (let row = 0; row < rows; row++) {
    const others = Array.from({ length: rows }, (_, other) => other).filter((other) => other !== row);
    const nearest = others.reduce((best, other) => (far(row, other) < far(row, best) ? other : best));
    expect(labels[nearest]).toBe(labels[row]);
  }
  expect(mutualInformation(kMeans(plane, 2, 4, 1), labels)).toBeCloseTo(1, 5);
});

it('samples the same images of a split for every encoder, in order and none twice', () => {
  const chosen = sampledRows(1000, 100, 3);
  expect(chosen).toEqual(sampledRows(1000, 100, 3));
  expect(new Set(chosen).size).toBe(100);
  expect([...chosen]).toEqual([...chosen].sort((a, b) => a - b));
  expect(sampledRows(5, 100, 3)).toEqual(Int32Array.of(0, 1, 2, 3, 4));
});

it('makes a map of a split and its layout, and names a file that is damaged', () =>
  inTemporaryFolder(async (folder) => {
    await writeIdx(join(folder, 'data'), 60, 30);
    const [file, laidOut] = [join(folder, 'maps/map'), join(folder, 'maps/layout')];
    const encoder = { id: 'vit', options: { patch: 4, width: 8, depth: 1, heads: 2, imageSize: 12 } };
    const job = v.parse(Job, {
      kind: 'map',
      subject: { subject: { kind: 'random', encoder, seed: 1 }, checkpointFolder: null, config: null },
      data: { dataset: 'idx', path: join(folder, 'data'), split: 'test' },
      preprocessing: { resize: null, crop: 12 },
      normalization: { mean: [0.5], std: [0.5] },
      resizing: newestResizing,
      execution: { threads: 1, loaderWorkers: 0 },
      seed: 1,
      points: 20,
      cacheFolder: join(folder, 'cache'),
      file,
    });
    if (job.kind !== 'map') throw new Error(job.kind);
    const context: JobContext = { port: openPort({ channel: null, now: Date.now }), clock: () => performance.now() };
    await map(job, context);
    const found = (await readMap(file))!;
    expect(found.summary).toMatchObject({ points: 20, images: 30, columns: 8, neighbours: 15 });
    expect(found.arrays.places).toEqual(sampledRows(30, 20, 1));
    expect([...found.arrays.labels]).toEqual([...found.arrays.places].map((place) => place % 3));
    await layout({ kind: 'layout', map: file, seed: 1, file: laidOut }, context);
    expect(await readLayout(laidOut, 20)).toHaveLength(40);
    await expect(readLayout(laidOut, 21)).rejects.toMatchObject({ fault: { code: 'unreadable-file' } });
    await expect(readMap(laidOut)).rejects.toMatchObject({ fault: { code: 'unreadable-file' } });
    expect(await readMap(join(folder, 'none'))).toBeNull();
    const bytes = readFileSync(file);
    bytes[bytes.length - 5]! ^= 1;
    writeFileSync(file, bytes);
    await expect(readMap(file)).rejects.toThrow(`${file} is damaged`);
  }));
