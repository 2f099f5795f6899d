/**
 * How fast whole pictures with their masks come for a detector, at the paper's sizes for COCO, and how late the trainer's event
 * loop is meanwhile: with its own thread alone, with one decoding worker, and with one a core.
 *
 *   npm run bench -- picture-loader [seconds each] [pictures a batch]
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';
import { pictureOrder } from '../trainer/detection/pictures/order.ts';
import type { PictureTask } from '../trainer/detection/pictures/picture-batches.ts';
import { openPictureLoader } from '../trainer/detection/pictures/picture-loader.ts';
import { newestResizing } from '../trainer/protocol/run.ts';
import { keyed } from '../trainer/random.ts';
import { imagenet, photographs } from './shared/photographs.ts';

const seconds = Number(process.argv[2] ?? 10);
const batch = Number(process.argv[3] ?? 4);
const [count, objects, corners] = [24, 7, 40];
const [width, height] = [500, 375];
const resolutionMs = 5;
const longest = 1333;

/** An ellipse of 40 corners somewhere in the picture, with its box. */
function objectOf(picture: number, object: number) {
  const draw = keyed(1, 'object', picture, object);
  const [across, down] = [width * (0.05 + 0.2 * draw.uniform()), height * (0.05 + 0.2 * draw.uniform())];
  const [x, y] = [across + (width - 2 * across) * draw.uniform(), down + (height - 2 * down) * draw.uniform()];
  const ring = Array.from({ length: corners }, (_, corner) => (2 * Math.PI * corner) / corners).flatMap((angle) => [
    x + across * Math.cos(angle),
    y + down * Math.sin(angle),
  ]);
  return { bbox: [x - across, y - down, 2 * across, 2 * down], area: Math.PI * across * down, segmentation: [ring] };
}

/** Photographs with objects in COCO's form. */
async function writeCoco(folder: string): Promise<void> {
  const place = basename(await photographs(folder, count));
  const images = Array.from({ length: count }, (_, id) => ({ id, file_name: `${place}/${id}.jpg`, width, height }));
  const annotations = images.flatMap(({ id }) =>
    Array.from({ length: objects }, (_, object) => ({
      id: id * objects + object + 1,
      image_id: id,
      category_id: 1,
      iscrowd: 0,
      ...objectOf(id, object),
    })),
  );
  const document = { images, annotations, categories: [{ id: 1, name: 'ellipse' }] };
  await writeFile(join(folder, 'train/_annotations.coco.json'), JSON.stringify(document));
}

/** How late the event loop is while work is done: median, 99 % and at most, in columns. */
async function lateWhile(work: () => Promise<void>): Promise<string> {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  await work();
  delay.disable();
  return [delay.percentile(50), delay.percentile(99), delay.max]
    .map((nanoseconds) => `${Math.max(0, nanoseconds / 1e6 - resolutionMs).toFixed(1)} ms`.padStart(10))
    .join('');
}

async function measure(path: string, task: PictureTask, workers: number): Promise<string> {
  const order = pictureOrder(
    Int32Array.from({ length: count }, (_, at) => at),
    () => true,
    batch,
    1,
  );
  let step = 0;
  const loader = await openPictureLoader({
    data: { dataset: 'coco', path, split: 'train' },
    found: undefined,
    count,
    task,
    normalization: imagenet,
    resizing: newestResizing,
    workers,
    batch,
    next: () => order.at(step++),
  });
  try {
    for (let warm = 0; warm < 3; warm++) await loader.next();
    const before = process.cpuUsage();
    const began = performance.now();
    let pictures = 0;
    const late = await lateWhile(async () => {
      while (performance.now() - began < seconds * 1000) pictures += (await loader.next())!.index.length;
    });
    const { user, system } = process.cpuUsage(before);
    const taken = [(performance.now() - began) / 1000, (user + system) / 1e6];
    return taken.map((each) => (pictures / each).toFixed(1).padStart(12)).join('') + late;
  } finally {
    await loader.close();
  }
}

const folder = await mkdtemp(join(tmpdir(), 'reprise-bench-'));
try {
  await writeCoco(folder);
  const shortSides = Array.from({ length: 6 }, (_, at) => 640 + 32 * at);
  const tasks: Readonly<Record<string, PictureTask>> = {
    'to learn from, short sides of 640 to 800, with masks': {
      kind: 'training',
      views: { shortSides, longest, mirror: true },
      seed: 1,
      mostObjects: 8,
      masks: true,
    },
    'to find objects in, short side of 800': { kind: 'finding', fit: { shortSide: 800, longest } },
  };
  const idle = await lateWhile(() => after(seconds * 1000));
  for (const [title, task] of Object.entries(tasks)) {
    console.log(`${width} x ${height} JPEG files ${title}, ${batch} a batch`);
    console.log('workers  pictures/s    /s a core  event loop late: median, 99 %, at most');
    for (const workers of new Set([0, 1, availableParallelism()]))
      console.log(String(workers).padStart(7) + (await measure(folder, task, workers)));
    // The machine's own part.
    console.log(`   idle${' '.repeat(24)}${idle}`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
