/** Data that goes away while it is read: the loader waits, and goes on with the same bits. */
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openPort, type Port } from '../../channel/port.ts';
import { openReach, type Reach } from '../../channel/reach.ts';
import { StopAsked } from '../../channel/stop-asked.ts';
import type { TrainerEvent, TrainerEventOf } from '../../protocol/events.ts';
import { newestResizing, View } from '../../protocol/run.ts';
import { buildWorker, inTemporaryFolder, randomBytes, removeWorker, writeIdx } from '../testing/small-datasets.ts';
import { openEvaluationLoader, openTrainingLoader } from './loader.ts';
import type { LoaderProgram } from './worker-pool.ts';

const images = 24;
const nameOf = (image: number) => `train/${image < 12 ? 'first' : 'second'}/${String(image).padStart(2, '0')}.jpg`;

async function writeImage(path: string, seed: string): Promise<void> {
  const raw = { width: 20, height: 16, channels: 3 } as const;
  await sharp(randomBytes(20 * 16 * 3, seed), { raw })
    .jpeg()
    .toFile(path);
}

async function writeImages(folder: string): Promise<void> {
  for (const name of ['train/first', 'train/second']) await mkdir(join(folder, name), { recursive: true });
  for (let image = 0; image < images; image++) await writeImage(join(folder, nameOf(image)), String(image));
}

const view = v.parse(View, { size: 8, cropArea: [0.3, 1] });
const normalization = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
const training = (path: string, workers: number, reach?: Reach) => ({
  data: { dataset: 'image-folder', path, split: 'train' },
  reach,
  views: [view],
  normalization,
  resizing: newestResizing,
  seed: 5,
  batch: 6,
  dropLast: true,
  fromStep: 0,
  workers,
});

interface Listening {
  readonly port: Port;
  readonly reach: Reach;
  readonly pauses: () => readonly TrainerEventOf<'phase'>[];
  readonly logs: () => readonly TrainerEventOf<'log'>[];
}

function listen(startedAt = Date.now() + 60_000): Listening {
  const events: TrainerEvent[] = [];
  const channel = {
    send(event: TrainerEvent, done: (error: Error | null) => void) {
      events.push(event);
      done(null);
    },
  };
  const port = openPort({ channel, now: Date.now });
  port.send({ type: 'phase', phase: 'training', quietForMs: 1000 });
  const reach = openReach({ port, clock: () => performance.now(), startedAt, everyMs: 20 });
  const all = <T extends TrainerEvent['type']>(type: T) =>
    events.filter((event): event is TrainerEventOf<T> => event.type === type);
  return {
    port,
    reach,
    pauses: () => all('phase').filter(({ phase }) => phase === 'paused'),
    logs: () => all('log'),
  };
}

let worker: LoaderProgram;
beforeAll(async () => {
  worker = await buildWorker();
});
afterAll(removeWorker);

/** A data set of pictures, and a place beside it. */
const inFolders = (body: (data: string, elsewhere: string) => Promise<void>) => () =>
  inTemporaryFolder(async (folder) => {
    const data = join(folder, 'data');
    await writeImages(data);
    await body(data, join(folder, 'elsewhere'));
  });

type Loader = Awaited<ReturnType<typeof openTrainingLoader>>;

async function take(loader: Loader, steps: number) {
  const taken = [];
  for (let step = 0; step < steps; step++) taken.push((await loader.next()).batch);
  return taken;
}

async function undisturbed(data: string, steps: number) {
  const loader = await openTrainingLoader(training(data, 0));
  try {
    return await take(loader, steps);
  } finally {
    await loader.close();
  }
}

const paused = ({ pauses }: Listening, times = 1) =>
  vi.waitFor(() => expect(pauses().length).toBeGreaterThanOrEqual(times), { timeout: 20_000 });

describe.each([0, 2])('a training loader with %i workers', (workers) => {
  test(
    'waits for an image that was renamed, and gives the same batches',
    inFolders(async (data, elsewhere) => {
      const expected = await undisturbed(data, 12);
      const heard = listen();
      const loader = await openTrainingLoader(training(data, workers, heard.reach), worker);
      const path = join(data, nameOf(4));
      const first = await take(loader, 1);
      await rename(path, elsewhere);
      const rest = take(loader, 11);
      await paused(heard);
      expect(heard.pauses()[0]?.reason).toMatchObject({ code: 'data-unreachable', values: { path, why: 'gone' } });
      await rename(elsewhere, path);
      expect([...first, ...(await rest)]).toEqual(expected);
      expect(heard.logs()).toMatchObject([{ code: 'data-unreachable', values: { path } }]);
      expect(heard.reach.holds()).toBe(1);
      expect(heard.reach.heldMs()).toBeGreaterThan(0);
      await loader.close();
    }),
  );

  test(
    'waits for a folder that is gone as a whole',
    inFolders(async (data, elsewhere) => {
      const expected = await undisturbed(data, 8);
      const heard = listen();
      const loader = await openTrainingLoader(training(data, workers, heard.reach), worker);
      await rename(data, elsewhere);
      const all = take(loader, 8);
      await paused(heard);
      await rename(elsewhere, data);
      expect(await all).toEqual(expected);
      await loader.close();
    }),
  );

  test(
    'does not use an image unsaid that was read before and has come back with other contents',
    inFolders(async (data, elsewhere) => {
      const heard = listen();
      const loader = await openTrainingLoader(training(data, workers, heard.reach), worker);
      await take(loader, 4);
      const [path, changed] = [join(data, nameOf(4)), join(data, nameOf(17))];
      await rename(path, elsewhere);
      const rest = take(loader, 20);
      rest.catch(() => undefined);
      await paused(heard);
      // Its time is that of the old file: the contents count.
      const { mtime } = await stat(changed);
      await writeImage(changed, 'another');
      await utimes(changed, mtime, mtime);
      await rename(elsewhere, path);
      await expect(rest).rejects.toMatchObject({
        fault: { code: 'dataset-changed', retry: 'resume', values: { file: nameOf(17) } },
      });
      await loader.close();
    }),
  );
});

test(
  'an image not read before counts as changed if it was written since the run began',
  inFolders(async (data) => {
    const expected = await undisturbed(data, 4);
    const path = join(data, nameOf(4));
    const bytes = await readFile(path);
    const takeWhileRewritten = async (startedAt: number) => {
      const heard = listen(startedAt);
      const loader = await openTrainingLoader(training(data, 0, heard.reach));
      await rm(path);
      const all = take(loader, 4).finally(() => loader.close());
      all.catch(() => undefined);
      await paused(heard);
      await writeFile(path, bytes);
      return all;
    };
    const changed = { code: 'dataset-changed', values: { file: nameOf(4) } };
    await expect(takeWhileRewritten(Date.now() - 60_000)).rejects.toMatchObject({ fault: changed });
    expect(await takeWhileRewritten(Date.now() + 60_000)).toEqual(expected);
  }),
);

test(
  'a look at once is what a person may ask for; a stop is left for who is above',
  inFolders(async (data, elsewhere) => {
    const heard = listen();
    const loader = await openTrainingLoader(training(data, 0, heard.reach));
    await rename(data, elsewhere);
    const all = take(loader, 4);
    all.catch(() => undefined);
    await paused(heard);
    heard.port.hear({ type: 'recorded', step: 3 });
    heard.port.hear({ type: 'resume' });
    await paused(heard, 2);
    // The second pause is the same trouble, told of once.
    expect(heard.logs()).toHaveLength(1);
    heard.port.hear({ type: 'stop' });
    await expect(all).rejects.toBeInstanceOf(StopAsked);
    const left = [heard.port.take(), heard.port.take(), heard.port.take()];
    expect(left.filter((ask) => ask !== null)).toEqual([{ type: 'recorded', step: 3 }, { type: 'stop' }]);
    await rename(elsewhere, data);
    await loader.close();
  }),
);

test.each([0, 2])('an evaluation loader with %i workers waits too', (workers) =>
  inTemporaryFolder(async (folder) => {
    const [data, elsewhere] = [join(folder, 'data'), join(folder, 'elsewhere')];
    await writeImages(data);
    const heard = listen();
    const options = {
      data: { dataset: 'image-folder', path: data, split: 'train' },
      preprocessing: { resize: null, crop: 16, interpolation: 'bilinear' },
      normalization,
      resizing: newestResizing,
      batch: 5,
      from: 0,
      workers,
    } as const;
    const batchesOf = async (reach?: Reach) => {
      const loader = await openEvaluationLoader({ ...options, reach }, worker);
      if (reach) await rename(data, elsewhere);
      const batches = [];
      for (let batch = await loader.next(); batch; batch = await loader.next()) batches.push(batch);
      await loader.close();
      return batches;
    };
    const expected = await batchesOf();
    const all = batchesOf(heard.reach);
    await paused(heard);
    await rename(elsewhere, data);
    expect(await all).toEqual(expected);
  }),
);

test('a data set that is away when it is opened is waited for, and one without a wait is a fault', () =>
  inTemporaryFolder(async (folder) => {
    const [data, elsewhere] = [join(folder, 'data'), join(folder, 'elsewhere')];
    await writeIdx(elsewhere, 12, 4);
    const options = {
      ...training(data, 0),
      data: { dataset: 'idx', path: data, split: 'train' },
      resizing: newestResizing,
      normalization: { mean: [0.5], std: [0.25] },
    };
    await expect(openTrainingLoader(options)).rejects.toThrow();
    const heard = listen();
    const opening = openTrainingLoader({ ...options, reach: heard.reach });
    await paused(heard);
    expect(heard.pauses()[0]?.reason?.values).toEqual({ path: data, why: 'gone' });
    await rename(elsewhere, data);
    const loader = await opening;
    expect((await loader.next()).batch.index).toHaveLength(6);
    await loader.close();
  }));
