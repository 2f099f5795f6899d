/** Whole evaluations, from a data set on disk to the figure, against scikit-learn's on the same images (nn/golden/classifiers.py). */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idxImages, idxLabels, put } from '../data/testing/small-datasets.ts';
import { formula } from '../nn/testing/golden.ts';
import { EvaluateConfig } from '../protocol/run.ts';
import { firstAttempt, measuredHere } from '../testing/training-job.ts';

interface GoldenClassifiers {
  readonly knn: readonly {
    readonly k: number;
    readonly similarity: string;
    readonly top1: readonly number[];
    readonly top5: readonly number[];
  }[];
  readonly linear: { readonly decay: number; readonly top1: readonly number[] };
}
const golden = JSON.parse(
  readFileSync(new URL('../nn/golden/classifiers.json', import.meta.url), 'utf8'),
) as GoldenClassifiers;
const [classes, side] = [10, 8];
const pixels = side * side;
const root = mkdtempSync(join(tmpdir(), 'golden-'));
const data = join(root, 'data');

function images(name: string, count: number): { readonly bytes: Uint8Array; readonly labels: Uint8Array } {
  const labels = Uint8Array.from({ length: count }, (_, index) => index % classes);
  const centres = formula('class centres', [classes, pixels], 1);
  const bytes = Uint8Array.from(formula(`${name} pixels`, [count, pixels], 1), (noise, at) => {
    const label = labels[Math.floor(at / pixels)]!;
    return Math.floor(128 + 100 * noise + 20 * centres[label * pixels + (at % pixels)]! + 0.5);
  });
  return { bytes, labels };
}

beforeAll(async () => {
  for (const [prefix, name, count] of [
    ['train', 'train', 200],
    ['t10k', 'test', 100],
  ] as const) {
    const { bytes, labels } = images(name, count);
    await put(data, {
      [`${prefix}-images-idx3-ubyte`]: idxImages(count, side, side, bytes),
      [`${prefix}-labels-idx1-ubyte`]: idxLabels(labels),
    });
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let evaluations = 0;
/** Runs the job that a run is, and gives of each figure which images it got right. */
async function evaluated(
  id: string,
  options: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, number[]>>> {
  const source = (split: string) => ({ dataset: 'idx', path: data, split });
  const config = v.parse(EvaluateConfig, {
    version: 1,
    kind: 'evaluate',
    title: 'golden',
    seed: 1,
    execution: { threads: 1, loaderWorkers: 0 },
    subject: { kind: 'pixels' },
    evaluator: { id, options },
    train: source('train'),
    test: source('test'),
    preprocessing: { resize: null, crop: side },
    normalization: { mean: [0.5], std: [0.25] },
    logEvery: 1000,
  });
  const runFolder = join(root, `run-${evaluations++}`);
  mkdirSync(runFolder);
  const job = firstAttempt({ run: 'golden', runFolder, cacheFolder: join(root, 'cache'), config });
  const results = await measuredHere(job);
  return Object.fromEntries(
    results
      .filter(({ which }) => which !== 'best')
      .map(({ metric, perImage, value }) => {
        const right = [...gunzipSync(readFileSync(join(runFolder, perImage!)))];
        expect(value).toBeCloseTo((100 * right.filter((one) => one === 1).length) / right.length, 10);
        return [metric, right];
      }),
  );
}

describe('k-NN', () => {
  it.each(golden.knn)('k $k, $similarity', async ({ k, similarity, top1, top5 }) => {
    expect(await evaluated('knn', { k, similarity, temperature: 0.07 })).toEqual({ top1, top5 });
  });
});

it('a linear head, trained until nothing changes, is the classifier of least loss', async () => {
  const options = { inputs: 'features', optimizer: 'sgd', rate: 0.3, schedule: 'constant', batch: 200, epochs: 3000 };
  const { top1 } = await evaluated('linear', { ...options, weightDecay: golden.linear.decay });
  expect(top1).toEqual(golden.linear.top1);
}, 60_000);
