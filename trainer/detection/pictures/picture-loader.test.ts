/** Whole pictures by decoding workers: the same bits whoever makes them, and a damaged one is named. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLeftOut, type LeftOut } from '../../data/loading/left-out.ts';
import { SourceChanged } from '../../data/loading/loader.ts';
import { buildWorker, inTemporaryFolder, removeWorker } from '../../data/testing/small-datasets.ts';
import { newestResizing } from '../../protocol/run.ts';
import { writeTinyCoco } from '../../testing/tiny-coco.ts';
import { pictureOrder } from './order.ts';
import type { PictureBatch } from './picture-batches.ts';
import { openPictureLoader, type PictureLoader, type PictureLoaderOptions } from './picture-loader.ts';
import type { LoaderProgram } from '../../data/loading/worker-pool.ts';

let worker: LoaderProgram;
beforeAll(async () => {
  worker = await buildWorker();
});
afterAll(removeWorker);

/** Pictures of `writeTinyCoco`: every third is high. */
const count = 12;
const [seed, batch] = [3, 3];
const all = Int32Array.from({ length: count }, (_, at) => at);

interface Given {
  readonly workers: number;
  readonly fromStep?: number;
  readonly leftOut?: LeftOut;
}

function training(path: string, { workers, fromStep = 0, leftOut }: Given): PictureLoaderOptions {
  const order = pictureOrder(all, (picture) => picture % 3 !== 0, batch, seed);
  let step = fromStep;
  return {
    data: { dataset: 'coco', path, split: 'train' },
    found: undefined,
    count,
    task: {
      kind: 'training',
      views: { shortSides: [40, 48, 64], longest: 96, mirror: true },
      seed,
      mostObjects: 8,
      masks: true,
    },
    normalization: { mean: [0.5, 0.4, 0.3], std: [0.25, 0.25, 0.25] },
    resizing: newestResizing,
    leftOut,
    workers,
    batch,
    next: () => order.at(step++),
  };
}

function finding(path: string, given: Given): PictureLoaderOptions {
  const parts = [all.slice(0, 5), all.slice(5, 10), all.slice(10)];
  const task = { kind: 'finding', fit: { shortSide: 48, longest: 64 } } as const;
  const next = () => {
    const pictures = parts.shift();
    return pictures ? { epoch: 0, pictures } : null;
  };
  return { ...training(path, given), task, next };
}

async function take(loader: PictureLoader, most: number): Promise<readonly PictureBatch[]> {
  const taken: PictureBatch[] = [];
  try {
    while (taken.length < most) {
      const made = await loader.next();
      if (made === null) break;
      taken.push(made);
    }
    return taken;
  } finally {
    await loader.close();
  }
}

const inTinyCoco = (work: (folder: string) => Promise<void>) => () =>
  inTemporaryFolder(async (folder) => {
    await writeTinyCoco(folder);
    await work(folder);
  });

const steps = 9;
/** Of whole epochs, and some steps of the next. */
const trained = async (path: string, given: Given, most = steps) =>
  take(await openPictureLoader(training(path, given), worker), most);

test(
  'batches to learn from are equal to the bit with any number of workers, from any step',
  inTinyCoco(async (folder) => {
    const alone = await trained(folder, { workers: 0 });
    expect(alone[0]!.targets).toMatchObject({ masks: { shape: [3, 8, 64, 3] } });
    expect(alone.map(({ targets }) => targets['masks']!.values.some((word) => word !== 0))).not.toContain(false);
    expect(alone[0]!.views[0]!.values).not.toEqual(alone[4]!.views[0]!.values);
    for (const workers of [1, 3]) expect(await trained(folder, { workers })).toEqual(alone);
    const resumed = await trained(folder, { workers: 2, fromStep: 5 }, steps - 5);
    expect(resumed).toEqual(alone.slice(5));
  }),
);

test(
  'batches to find objects in too, once each and with the sizes of their files, and no worker is left',
  inTinyCoco(async (folder) => {
    const started: Worker[] = [];
    const hear = (message: unknown) => started.push((message as { readonly worker: Worker }).worker);
    subscribe('worker_threads', hear);
    const found = async (workers: number) =>
      take(await openPictureLoader(finding(folder, { workers }), worker), Infinity);
    const alone = await found(0);
    expect(alone.map(({ index }) => [...index])).toEqual([[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]]); // prettier-ignore
    expect(alone[2]!.originals).toEqual([
      { width: 64, height: 40 },
      { width: 64, height: 40 },
    ]);
    for (const workers of [1, 3]) expect(await found(workers)).toEqual(alone);
    const loader = await openPictureLoader(finding(folder, { workers: 2 }), worker);
    // While batches are made.
    await loader.next();
    const isRunning = ({ threadId }: Worker) => threadId !== -1;
    expect(started.map(isRunning)).toEqual([false, false, false, false, true, true]);
    await loader.close();
    expect(started.some(isRunning)).toBe(false);
    unsubscribe('worker_threads', hear);
  }),
);

describe.each([0, 2])('a damaged picture, %i workers', (workers) => {
  async function damage(folder: string, pictures: readonly number[]): Promise<void> {
    for (const picture of pictures) {
      const path = join(folder, `train2017/${picture}.png`);
      const whole = await readFile(path);
      await writeFile(path, whole.subarray(0, whole.length / 2));
    }
  }

  test(
    'is a fault that names it where nothing may be left out',
    inTinyCoco(async (folder) => {
      await damage(folder, [7]);
      const failing = take(await openPictureLoader(finding(folder, { workers }), worker), Infinity);
      await expect(failing).rejects.toMatchObject({
        fault: { code: 'damaged-image', values: { file: 'train2017/7.png' } },
      });
    }),
  );

  test(
    'is recorded when its batch is asked for, with those beside it, not when it is made ahead',
    inTinyCoco(async (folder) => {
      await damage(folder, [6, 8]);
      const told: string[] = [];
      const leftOut = openLeftOut({
        runFolder: null,
        inspected: [],
        isAccepted: false,
        notice: (_code, text) => told.push(text),
      });
      const loader = await openPictureLoader(finding(folder, { workers, leftOut }), worker);
      expect([...(await loader.next())!.index]).toEqual([0, 1, 2, 3, 4]);
      await after(300);
      expect(told).toEqual([]);
      await expect(loader.next()).rejects.toBeInstanceOf(SourceChanged);
      expect(told).toHaveLength(2);
      expect(told[0]).toContain('train2017/6.png: a damaged or truncated PNG file');
      const { data } = finding(folder, { workers });
      expect(leftOut.without(data).exclude).toEqual(['train2017/6.png', 'train2017/8.png']);
      await loader.close();
    }),
  );
});
