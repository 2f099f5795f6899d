/** Spherical k-means: its clusters, its reproducibility, and its handling of empty clusters. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../engine/steps/open.ts';
import { Execution } from '../../protocol/run.ts';
import { keyed, type Generator } from '../../random.ts';
import { sphericalKMeans, type Clustering } from './k-means.ts';

const columns = 8;

beforeAll(() => openEngine(v.parse(Execution, { engine: 'eager', threads: 2 })));

function unit(row: Float32Array): Float32Array {
  const length = Math.hypot(...row);
  return row.map((value) => value / length);
}

/** Rows near one of several axes in turn, with some noise. */
function blobs(count: number, places: number, noise: number): Float32Array {
  const rows = new Float32Array(count * columns);
  for (let row = 0; row < count; row++) {
    const values = new Float32Array(columns);
    keyed(3, 'row', row).fillNormal(values);
    const near = values.map((value, column) => noise * value + (column === row % places ? 1 : 0));
    rows.set(unit(near), row * columns);
  }
  return rows;
}

const cluster = (
  rows: Float32Array,
  clusters: number,
  start = 0,
  iterations = 10,
  progress: (fraction: number) => Promise<void> = () => Promise.resolve(),
): Promise<Clustering> =>
  sphericalKMeans(rows, {
    columns,
    clusters,
    iterations,
    progress,
    empty: 'refilled',
    random: keyed(0, 'start', start),
  });

interface Golden {
  readonly columns: number;
  readonly clusters: number;
  readonly iterations: number;
  readonly rows: readonly number[];
  readonly cases: readonly {
    readonly order: readonly number[];
    readonly centroids: readonly number[];
    readonly assignments: readonly number[];
    readonly empty: number;
  }[];
}
const golden = JSON.parse(readFileSync(new URL('../golden/k-means.json', import.meta.url), 'utf8')) as Golden;

it('leaves empty clusters where they were, as DeepCluster-v2’s official code does', async () => {
  for (const { order, centroids, assignments, empty } of golden.cases) {
    expect(empty).toBeGreaterThan(0);
    const random = { permutation: () => Int32Array.from(order) } as unknown as Generator;
    const { rows, columns, clusters, iterations } = golden;
    const options = { columns, clusters, iterations, random, progress: () => Promise.resolve() };
    const found = await sphericalKMeans(Float32Array.from(rows), { ...options, empty: 'kept' });
    expect([...found.assignments]).toEqual(assignments);
    found.centroids.forEach((value, place) => expect(value).toBeCloseTo(centroids[place]!, 5));
    const refilled = await sphericalKMeans(Float32Array.from(rows), { ...options, empty: 'refilled' });
    expect([...refilled.assignments]).not.toEqual(assignments);
  }
});

describe('spherical k-means', () => {
  it('finds separate blobs, and the direction of each', async () => {
    const rows = blobs(600, 4, 0.05);
    // At least one of several starts has a row of each blob.
    const found = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((start) => cluster(rows, 4, start)));
    const isFound = ({ assignments }: Clustering): boolean => {
      const names = Array.from({ length: 4 }, (_, blob) => assignments[blob]!);
      return new Set(names).size === 4 && assignments.every((own, row) => own === names[row % 4]);
    };
    const right = found.find(isFound);
    expect(right).toBeDefined();
    const { centroids, assignments } = right!;
    for (let blob = 0; blob < 4; blob++) {
      const centre = centroids.subarray(assignments[blob]! * columns, (assignments[blob]! + 1) * columns);
      expect(centre[blob]).toBeGreaterThan(0.99);
      expect(Math.hypot(...centre)).toBeCloseTo(1, 5);
    }
  });

  it('assigns every row to the centroid nearest to it', async () => {
    const rows = blobs(300, 6, 0.5);
    const { centroids, assignments } = await cluster(rows, 7, 0, 3);
    assignments.forEach((own, row) => {
      const products = Array.from({ length: 7 }, (_, other) =>
        rows
          .subarray(row * columns, (row + 1) * columns)
          .reduce((sum, value, column) => sum + value * centroids[other * columns + column]!, 0),
      );
      expect(products[own]!).toBeGreaterThan(Math.max(...products) - 1e-6);
    });
  });

  it('gives the same bits for the same rows and start, others for another', async () => {
    const rows = blobs(500, 8, 0.4);
    expect(await cluster(rows, 12)).toEqual(await cluster(rows, 12));
    expect((await cluster(rows, 12, 1)).centroids).not.toEqual((await cluster(rows, 12)).centroids);
  });

  it('reports its progress, up to the end', async () => {
    const told: number[] = [];
    await cluster(blobs(300, 6, 0.5), 7, 0, 3, (fraction) => {
      told.push(fraction);
      return Promise.resolve();
    });
    expect(told).toEqual([0.25, 0.5, 0.75, 1]);
  });

  it('fills empty clusters with the rows that fit their own worst', async () => {
    // Three directions, many times each: most of the initial rows are identical.
    const rows = blobs(90, 3, 0);
    const odd = unit(Float32Array.of(1, 1, 1, 1, 0, 0, 0, 0));
    rows.set(odd, 89 * columns);
    for (const start of [0, 1, 2, 3]) {
      const { centroids, assignments } = await cluster(rows, 8, start);
      expect(centroids.every(Number.isFinite)).toBe(true);
      // Every direction has its own cluster, and so has the odd row.
      expect(new Set([0, 1, 2, 89].map((row) => assignments[row])).size).toBe(4);
    }
  });

  it('has one cluster per row if there are no more rows', async () => {
    const rows = blobs(16, 8, 0.5);
    const { assignments } = await cluster(rows, 16);
    expect(new Set(assignments).size).toBe(16);
  });

  it('stays finite where all rows are the same', async () => {
    const rows = blobs(20, 1, 0);
    const { centroids, assignments } = await cluster(rows, 5);
    expect(centroids.every(Number.isFinite)).toBe(true);
    expect(new Set(assignments).size).toBe(1);
  });
});
