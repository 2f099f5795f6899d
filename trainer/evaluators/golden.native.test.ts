/** Whole evaluations, from a data set on disk to the figure, against scikit-learn's on the same images (nn/golden/classifiers.py). */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idxImages, idxLabels, put } from '../data/testing/small-datasets.ts';
import { formula } from '../nn/testing/golden.ts';
import { unpackPredictions } from '../durable/predictions-file.ts';
import { wholeShare, type Predictions } from '../protocol/predictions.ts';
import { EvaluateConfig } from '../protocol/run.ts';
import { firstAttempt, measuredHere } from '../testing/training-job.ts';

interface Guessed {
  readonly guesses: readonly number[];
  readonly shares: readonly number[];
  /** How often a class (row) was taken for another (column). */
  readonly confusion: readonly (readonly number[])[];
}
interface GoldenClassifiers {
  readonly knn: readonly ({
    readonly k: number;
    readonly similarity: string;
    readonly top1: readonly number[];
    readonly top5: readonly number[];
  } & Guessed)[];
  readonly linear: { readonly decay: number; readonly top1: readonly number[] } & Guessed;
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
/** Runs the job that a run is, and gives of each figure which images it got right, and what the images were taken for. */
async function evaluated(
  id: string,
  options: Readonly<Record<string, unknown>>,
): Promise<{ readonly right: Readonly<Record<string, number[]>>; readonly predictions: Predictions }> {
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
  const last = results.filter(({ which }) => which !== 'best');
  const unpacked = (file: string): Uint8Array => gunzipSync(readFileSync(join(runFolder, file)));
  const predictions = unpackPredictions(unpacked(last[0]!.predictions!));
  const right = Object.fromEntries(
    last.map(({ metric, perImage, value }) => {
      const right = [...unpacked(perImage!)];
      expect(value).toBeCloseTo((100 * right.filter((one) => one === 1).length) / right.length, 10);
      return [metric, right];
    }),
  );
  expect(predictions.names).toHaveLength(classes);
  // Rows of the matrix are the images of a class, and its diagonal those that are right.
  expect(confusionOf(predictions).map((row) => row.reduce((sum, count) => sum + count))).toEqual(
    Array(classes).fill(10),
  );
  expect([...predictions.guesses].map((guess, at) => Number(guess === predictions.labels[at]))).toEqual(right['top1']);
  return { right, predictions };
}

function confusionOf({ labels, guesses }: Predictions): readonly (readonly number[])[] {
  const matrix = Array.from({ length: classes }, () => Array.from({ length: classes }, () => 0));
  labels.forEach((label, at) => matrix[label]![guesses[at]!]!++);
  return matrix;
}

/** @param digits of a share that are the same */
function expectGuesses(predictions: Predictions, golden: Guessed, digits: number): void {
  expect([...predictions.guesses]).toEqual(golden.guesses);
  expect(confusionOf(predictions)).toEqual(golden.confusion);
  for (const [at, share] of golden.shares.entries())
    expect(predictions.shares[at]! / wholeShare).toBeCloseTo(share, digits);
}

describe('k-NN', () => {
  it.each(golden.knn)('k $k, $similarity', async ({ k, similarity, top1, top5, ...guessed }) => {
    const { right, predictions } = await evaluated('knn', { k, similarity, temperature: 0.07 });
    expect(right).toEqual({ top1, top5 });
    expectGuesses(predictions, guessed, 3);
  });
});

it('a linear head, trained until nothing changes, is the classifier of least loss', async () => {
  const options = { inputs: 'features', optimizer: 'sgd', rate: 0.3, schedule: 'constant', batch: 200, epochs: 3000 };
  const { right, predictions } = await evaluated('linear', { ...options, weightDecay: golden.linear.decay });
  expect(right['top1']).toEqual(golden.linear.top1);
  expectGuesses(predictions, golden.linear, 2);
}, 60_000);
