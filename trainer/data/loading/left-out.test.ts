import { openLine } from '../../durable/sealed-line.ts';
import { appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LeftOutLine } from '../../protocol/left-out.ts';
import { newestResizing, View } from '../../protocol/run.ts';
import { buildWorker, inTemporaryFolder, randomBytes, removeWorker } from '../testing/small-datasets.ts';
import { openLeftOut, substituted, type LeftOut } from './left-out.ts';
import { openEvaluationLoader, openTrainingLoader, SourceChanged } from './loader.ts';
import { spelledOut } from '../testing/spelled-out.ts';
import type { LoaderProgram } from './worker-pool.ts';

const images = 24;
/** Images are numbered in the order of their paths. */
const nameOf = (image: number) => `train/${image < 12 ? 'first' : 'second'}/${String(image).padStart(2, '0')}.jpg`;
const view = v.parse(View, { size: 8, cropArea: [0.3, 1] });
const normalization = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };

async function writeImages(folder: string): Promise<void> {
  for (const name of ['train/first', 'train/second']) await mkdir(join(folder, name), { recursive: true });
  for (let image = 0; image < images; image++) {
    const raw = { width: 20, height: 16, channels: 3 } as const;
    await sharp(randomBytes(20 * 16 * 3, String(image)), { raw })
      .jpeg()
      .toFile(join(folder, nameOf(image)));
  }
}

/** Cuts a file in the middle; the returned function restores it. */
async function damage(folder: string, image: number): Promise<() => Promise<void>> {
  const path = join(folder, nameOf(image));
  const whole = await readFile(path);
  await writeFile(path, whole.subarray(0, whole.length / 2));
  return () => writeFile(path, whole);
}

const record = (folder: string, isAccepted = false): LeftOut =>
  openLeftOut({ runFolder: folder, inspected: [], isAccepted, notice: () => undefined });

const linesOf = async (folder: string) =>
  (await readFile(join(folder, 'left-out.ndjson'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => spelledOut(v.parse(LeftOutLine, JSON.parse(openLine(line)!))));

interface Taking {
  readonly leftOut: LeftOut;
  readonly fromStep?: number;
  readonly steps: number;
  readonly workers?: number;
}

async function take(folder: string, { leftOut, fromStep = 0, steps, workers = 0 }: Taking) {
  const loader = await openTrainingLoader(
    {
      data: leftOut.withoutInspected({ dataset: 'image-folder', path: folder, split: 'train' }),
      leftOut,
      views: [view],
      normalization,
      resizing: newestResizing,
      seed: 5,
      batch: 6,
      dropLast: true,
      fromStep,
      workers,
    },
    worker,
  );
  try {
    const taken = [];
    for (let step = 0; step < steps; step++) {
      const { batch, epoch, batchInEpoch } = await loader.next();
      taken.push({ batch, epoch, batchInEpoch });
    }
    return taken;
  } finally {
    await loader.close();
  }
}

let worker: LoaderProgram;
beforeAll(async () => {
  worker = await buildWorker();
});
afterAll(removeWorker);

/** A data set and an empty run folder. */
const inFolders = (body: (data: string, run: string) => Promise<void>) => () =>
  inTemporaryFolder(async (folder) => {
    const [data, run] = [join(folder, 'data'), join(folder, 'run')];
    await mkdir(run);
    await writeImages(data);
    await body(data, run);
  });

describe('images that a person left out', () => {
  const chosen = [3, 4, 16, 17, 18, 19, 20, 21, 22, 23, 5, 6].map((image) => ({ split: 'train', file: nameOf(image) }));

  test(
    'are as if they had never been there, are recorded, and count towards no limit',
    inFolders(async (data, run) => {
      const source = { dataset: 'image-folder', path: data, split: 'train' };
      const excluded = openLeftOut({
        runFolder: run,
        inspected: [{ data: source, damaged: [], excluded: chosen }],
        isAccepted: false,
        notice: () => undefined,
      });
      const taken = await take(data, { leftOut: excluded, steps: 4 });
      expect(await linesOf(run)).toMatchObject(
        chosen.map((image) => ({ ...image, foundBy: 'person', reason: 'left out by hand', step: null })),
      );
      for (const { file } of chosen) await rm(join(data, file));
      const without = await take(data, { leftOut: record(join(run, '..')), steps: 4 });
      expect(taken).toEqual(without);
    }),
  );

  test(
    'stay as they were when the run began',
    inFolders(async (data, run) => {
      const source = { dataset: 'image-folder', path: data, split: 'train' };
      const open = (excluded: typeof chosen) =>
        openLeftOut({
          runFolder: run,
          inspected: excluded.length === 0 ? [] : [{ data: source, damaged: [], excluded }],
          isAccepted: false,
          notice: () => undefined,
        });
      const before = await take(data, { leftOut: open(chosen), steps: 4 });
      expect(await take(data, { leftOut: open([]), steps: 4 })).toEqual(before);
    }),
  );
});

describe('training with damaged images', () => {
  test.each([0, 2])('puts other images in their place and records them first, %i workers', (workers) =>
    inFolders(async (data, run) => {
      const whole = await take(data, { leftOut: record(run), steps: 8 });
      await damage(data, 3);
      await damage(data, 16);
      const taken = await take(data, { leftOut: record(run), steps: 8, workers });
      for (const [step, { batch }] of taken.entries()) {
        expect([...batch.index]).not.toContain(3);
        expect([...batch.index]).not.toContain(16);
        expect(new Set(batch.index).size).toBe(6);
        for (const [slot, image] of whole[step]!.batch.index.entries()) {
          if (image === 3 || image === 16) continue;
          // All others keep their place and their bits.
          expect(batch.index[slot]).toBe(image);
          const own = (of: typeof batch) => of.views[0]!.values.slice(slot * 192, (slot + 1) * 192);
          expect(own(batch)).toEqual(own(whole[step]!.batch));
        }
        expect([...batch.targets.label!.values]).toEqual([...batch.index].map((image) => (image < 12 ? 0 : 1)));
      }
      const lines = await linesOf(run);
      expect(new Set(lines.map((line) => line.kind === 'image' && line.file))).toEqual(
        new Set([nameOf(3), nameOf(16)]),
      );
      for (const line of lines) {
        expect(line).toMatchObject({
          kind: 'image',
          split: 'train',
          sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        });
        expect(line.kind === 'image' && line.reason).toContain('damaged or truncated JPEG');
      }
    })(),
  );

  test(
    'goes on from any step with the same bits, also when the file is whole again',
    inFolders(async (data, run) => {
      const restore = await damage(data, 7);
      const straight = await take(data, { leftOut: record(run), steps: 10 });
      await restore();
      for (const fromStep of [1, 4, 7]) {
        const resumed = await take(data, { leftOut: record(run), fromStep, steps: 10 - fromStep, workers: 2 });
        expect(resumed).toEqual(straight.slice(fromStep));
      }
    }),
  );

  test(
    'leaves an image out from the step on at which it turned out to be damaged',
    inFolders(async (data, run) => {
      const whole = await take(data, { leftOut: record(run), steps: 12 });
      await damage(data, 7);
      const leftOut = record(run);
      const first = whole.findIndex(({ batch }) => batch.index.includes(7));
      await take(data, { leftOut, fromStep: first, steps: 1 });
      const [line] = await linesOf(run);
      expect(line).toMatchObject({ step: first });
      // What came before is as it was.
      expect(await take(data, { leftOut: record(run), steps: first })).toEqual(whole.slice(0, first));
    }),
  );

  test(
    'stops beyond the limit, and goes on when that is accepted',
    inFolders(async (data, run) => {
      for (let image = 0; image < 12; image++) await damage(data, image);
      await expect(take(data, { leftOut: record(run), steps: 8 })).rejects.toMatchObject({
        fault: { code: 'too-many-damaged', retry: 'resume', values: { count: images, limit: 10 } },
      });
      const taken = await take(data, { leftOut: record(run, true), steps: 8 });
      for (const { batch } of taken) for (const image of batch.index) expect(image).toBeGreaterThanOrEqual(6);
    }),
  );

  test(
    'reads a record whose last line was cut off by a power failure',
    inFolders(async (data, run) => {
      await damage(data, 7);
      await take(data, { leftOut: record(run), steps: 4 });
      const lines = await linesOf(run);
      await appendFile(join(run, 'left-out.ndjson'), '{"kind":"image","cont');
      expect(record(run).fromSteps({ dataset: 'image-folder', path: data, split: 'train' }).size).toBe(1);
      expect(await linesOf(run)).toEqual(lines);
    }),
  );

  test(
    'does not take a file that is gone for a damaged one',
    inFolders(async (data, run) => {
      const leftOut = record(run);
      const loader = await openTrainingLoader({
        data: { dataset: 'image-folder', path: data, split: 'train' },
        leftOut,
        views: [view],
        normalization,
        resizing: newestResizing,
        seed: 5,
        batch: 24,
        dropLast: true,
        fromStep: 0,
        workers: 0,
      });
      await rename(join(data, nameOf(4)), join(data, 'elsewhere.jpg'));
      await expect(loader.next()).rejects.toMatchObject({ fault: { code: 'data-unreachable', retry: 'resume' } });
      await loader.close();
    }),
  );
});

test(
  'an evaluation records all damaged images of its source at once, and is opened again without them',
  inFolders(async (data, run) => {
    await damage(data, 2);
    await damage(data, 20);
    const leftOut = record(run);
    const open = (source: Parameters<typeof openEvaluationLoader>[0]['data']) =>
      openEvaluationLoader(
        {
          data: source,
          leftOut,
          preprocessing: { resize: null, crop: 16, interpolation: 'bilinear' },
          normalization,
          resizing: newestResizing,
          batch: 5,
          from: 0,
          workers: 2,
        },
        worker,
      );
    const source = { dataset: 'image-folder', path: data, split: 'train' };
    const first = await open(source);
    const reading = (async () => {
      while ((await first.next()) !== null);
    })();
    await expect(reading).rejects.toBeInstanceOf(SourceChanged);
    await first.close();
    expect((await linesOf(run)).map((line) => line.kind === 'image' && [line.file, line.step])).toEqual([
      [nameOf(2), null],
      [nameOf(20), null],
    ]);
    const again = await open(leftOut.without(source));
    let rows = 0;
    for (let batch = await again.next(); batch; batch = await again.next()) rows += batch.index.length;
    await again.close();
    expect(rows).toBe(images - 2);
  }),
);

test('substitutes are in use, not in the batch, and depend on the place and the set alone', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 8, max: 60 }),
      fc.uniqueArray(fc.nat(59), { maxLength: 30 }),
      fc.nat(1000),
      (count, leftOutImages, epoch) => {
        const leftOut = new Set(leftOutImages.filter((image) => image < count));
        fc.pre(count - leftOut.size >= 16);
        const index = Int32Array.from({ length: 8 }, (_, slot) => (slot * 5 + epoch) % count);
        fc.pre(new Set(index).size === 8);
        const place = { seed: 9, epoch, batchInEpoch: 1 };
        const result = substituted(index, (image) => leftOut.has(image), count, place);
        expect(substituted(index, (image) => leftOut.has(image), count, place)).toEqual(result);
        expect(new Set(result).size).toBe(8);
        for (const [slot, image] of result.entries()) {
          expect(leftOut.has(image)).toBe(false);
          if (!leftOut.has(index[slot]!)) expect(image).toBe(index[slot]);
        }
      },
    ),
  );
  expect(() => substituted(Int32Array.of(0), () => true, 1, { seed: 1, epoch: 0, batchInEpoch: 0 })).toThrow(
    'none left to train on',
  );
});
