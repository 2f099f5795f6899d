/** A complete evaluation of images that show several classes: from PASCAL VOC's folders to the figure and its files. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { gunzipSync } from 'node:zlib';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLeftOut } from '../data/loading/left-out.ts';
import { openEngine } from '../engine/steps/open.ts';
import { put, randomBytes } from '../data/testing/small-datasets.ts';
import { openEvaluation } from './evaluate.ts';
import { openPort } from '../channel/port.ts';
import type { Result } from '../protocol/results.ts';
import { EvaluateConfig } from '../protocol/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'voc-'));
const [width, height] = [24, 18];
const sizes = { trainval: 30, test: 16 } as const;

/** Red on the left, green on the right, both or neither, with noise. */
const shows = (index: number) => ({ green: index % 2 === 0, red: index % 3 === 0 });

beforeAll(async () => {
  for (const [split, count] of Object.entries(sizes)) {
    const ids = Array.from({ length: count }, (_, index) => `${split}_${index}`);
    for (const [index, id] of ids.entries()) {
      const { green, red } = shows(index);
      const pixels = randomBytes(width * height * 3, id).map((noise, at) => {
        const isLeft = Math.floor(at / 3) % width < width / 2;
        const isThere = at % 3 === 0 ? red && isLeft : at % 3 === 1 && green && !isLeft;
        return noise / 2 + (isThere ? 127 : 0);
      });
      const picture = sharp(pixels, { raw: { width, height, channels: 3 } });
      await put(folder, { [`JPEGImages/${id}.jpg`]: await picture.jpeg().toBuffer() });
    }
    const lines = (mark: (index: number) => string): string => ids.map((id, at) => `${id}${mark(at)}\n`).join('');
    await put(folder, {
      [`ImageSets/Main/${split}.txt`]: lines(() => ''),
      [`ImageSets/Main/green_${split}.txt`]: lines((at) => (shows(at).green ? '  1' : ' -1')),
      // The last of them is hard to see.
      [`ImageSets/Main/red_${split}.txt`]: lines((at) => (at === count - 1 ? '  0' : shows(at).red ? '  1' : ' -1')),
    });
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function evaluated(changes: Readonly<Record<string, unknown>> = {}): Promise<readonly Result[]> {
  const source = (split: string) => ({ dataset: 'voc', path: folder, split, fingerprint: 'mini' });
  const config = v.parse(EvaluateConfig, {
    version: 1,
    kind: 'evaluate',
    title: 'mini',
    seed: 1,
    execution: { threads: 1, loaderWorkers: 0 },
    subject: {
      kind: 'random',
      encoder: { id: 'resnet-18', options: { stem: 'small', stemStride: 1, width: 4 } },
      seed: 3,
    },
    evaluator: { id: 'voc-svm', options: {} },
    layer: 'res5-2x2',
    train: source('trainval'),
    test: source('test'),
    preprocessing: { resize: 18, crop: 16, fit: 'squash' },
    normalization: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    ...changes,
  });
  const engine = await openEngine(config.execution);
  const context = { port: openPort({ channel: null, now: Date.now }), clock: () => performance.now() };
  const subject = { subject: config.subject, checkpointFolder: null, config: null };
  const leftOut = openLeftOut({ runFolder: folder, inspected: [], isAccepted: false, notice: () => undefined });
  const place = { subject, cacheFolder: join(folder, 'cache'), fromStep: 0, leftOut };
  return (await openEvaluation(context, engine, config, place)).measure(folder);
}

it('gives one figure for both classes, with its parts, its scores and its source', async () => {
  const [result, ...others] = await evaluated();
  expect(others).toEqual([]);
  expect(result).toMatchObject({
    evaluator: 'voc-svm',
    metric: 'map',
    which: 'only',
    n: 16,
    split: 'test',
    protocol: { layer: 'res5-2x2' },
    byClass: [{ name: 'green' }, { name: 'red' }],
  });
  const [green, red] = result!.byClass!;
  expect(result!.value).toBeCloseTo((green!.value! + red!.value!) / 2, 10);
  // Half and a third of the images show them: that is the chance level.
  expect(result!.value).toBeGreaterThan(75);
  const kept = gunzipSync(readFileSync(join(folder, result!.ranking!)));
  expect(kept).toHaveLength(5 * 16 * 2);
  const presence = [...new Int8Array(kept.subarray(4 * 16 * 2))];
  expect(presence.slice(0, 4)).toEqual([1, 1, 0, 0]);
  expect(presence.slice(-2)).toEqual([0, -1]);
});

it('states the layer, and does not use another layer’s features from the cache', async () => {
  const [corners] = await evaluated();
  const [pooled] = await evaluated({ layer: 'pooled' });
  expect(pooled!.protocol).toMatchObject({ layer: 'pooled' });
  const ranking = (result: Result | undefined): string => readFileSync(join(folder, result!.ranking!)).toString('hex');
  const own = ranking(pooled);
  expect((await evaluated())[0]!.value).toBe(corners!.value);
  expect(ranking(corners)).not.toBe(own);
});

it('states the version of resizing from the second order on', async () => {
  const [before] = await evaluated();
  const [after] = await evaluated({ resizing: 'pillow-13' });
  expect(before!.protocol).not.toHaveProperty('resizing');
  expect(after!.protocol).toEqual({ ...before!.protocol, resizing: 'Pillow 13' });
});

it('refuses an evaluator that needs one class an image, with what fits', async () => {
  await expect(evaluated({ evaluator: { id: 'knn', options: {} } })).rejects.toThrow('use the linear SVM');
  const tuning = { evaluator: { id: 'semi-supervised', options: {} } };
  await expect(evaluated(tuning)).rejects.toThrow('an image may show several');
});

it('needs neither labels nor a training split for a figure without labels', async () => {
  const figures = async (seed: number): Promise<readonly (readonly [string, number | null, number])[]> => {
    const results = await evaluated({
      seed,
      evaluator: { id: 'label-free', options: { pairs: 10 } },
      layer: 'pooled',
      train: { dataset: 'voc', path: join(folder, 'nowhere'), split: 'trainval' },
    });
    return results.map(({ metric, value, n }) => [metric, value, n]);
  };
  const [alignment, uniformity, rank] = await figures(1);
  expect([alignment![0], alignment![2]]).toEqual(['alignment', 10]);
  expect([uniformity![0], uniformity![2]]).toEqual(['uniformity', 16]);
  expect([rank![0], rank![2]]).toEqual(['rankme', 16]);
  expect(alignment![1]).toBeGreaterThan(0);
  // Only the crops depend on the seed.
  const other = await figures(2);
  expect(await figures(1)).toEqual([alignment, uniformity, rank]);
  expect(other[0]![1]).not.toBe(alignment![1]);
  expect(other.slice(1)).toEqual([uniformity, rank]);
});
