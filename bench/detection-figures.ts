/**
 * How long an evaluation of detections takes on one core: drawn objects of 80 classes, and for each image a hundred
 * detections, some near objects and some anywhere. COCO's figures of boxes with their table by class and their errors, VOC's, the
 * result file written and read, and the bootstrap of AP50 and of AP.
 *
 *   npm run bench -- detection-figures [images] [detections per image] [resamples]
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { Box } from '../trainer/detection/boxes.ts';
import { resampleFigure } from '../trainer/detection/figures/bootstrap.ts';
import { cocoFigures, cocoTable, cocoThresholds, startCoco } from '../trainer/detection/figures/coco.ts';
import { errorsOf, tallyErrors } from '../trainer/detection/figures/errors.ts';
import { averageAt101 } from '../trainer/detection/figures/precision-recall.ts';
import { startVoc, vocFigures } from '../trainer/detection/figures/voc.ts';
import type { AnnotatedImage, Detection } from '../trainer/detection/objects.ts';
import { readCocoResults, writeCocoResults } from '../trainer/detection/results/coco-results.ts';
import { type Generator, keyed } from '../trainer/random.ts';

const count = Number(process.argv[2] ?? 5000);
const detectionsPerImage = Number(process.argv[3] ?? 100);
const resamples = Number(process.argv[4] ?? 1000);
const classes = 80;
const objectsPerImage = 7;
const [width, height] = [640, 480];

function anyBox(next: Generator): Box {
  const [left, top] = [next.uniform() * width * 0.9, next.uniform() * height * 0.9];
  // Three sizes, as COCO has them.
  const longest = [30, 90, 300][next.integer(3)]!;
  return [
    left,
    top,
    Math.min(width, left + 4 + next.uniform() * longest),
    Math.min(height, top + 4 + next.uniform() * longest),
  ];
}

function drawImage(at: number): AnnotatedImage {
  const next = keyed(1, 'objects', at);
  const objects = Array.from({ length: next.integer(2 * objectsPerImage) }, () => {
    const box = anyBox(next);
    return {
      class: next.integer(classes),
      box,
      area: 0.7 * (box[2] - box[0]) * (box[3] - box[1]),
      crowd: next.uniform() < 0.01,
      difficult: false,
      mask: null,
    };
  });
  return { file: `${at}.jpg`, id: String(at + 1), width, height, objects };
}

function draw({ id, objects }: AnnotatedImage): readonly Detection[] {
  const next = keyed(1, 'detections', Number(id));
  return Array.from({ length: detectionsPerImage }, (_, at) => {
    const near = objects[at];
    if (!near) return { class: next.integer(classes), score: next.uniform() ** 2, box: anyBox(next) };
    const jitter = (edge: number): number => edge + 4 * next.normal();
    const [left, top, right, bottom] = near.box;
    return {
      class: near.class,
      score: 0.3 + 0.7 * next.uniform(),
      box: [jitter(left), jitter(top), jitter(right), jitter(bottom)],
    };
  });
}

const images = Array.from({ length: count }, (_, at) => drawImage(at));
const found = images.map((image) => ({ image: image.id, detections: draw(image) }));
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
const drawnMemory = process.memoryUsage.rss();

/** Seconds of one core beside those of the clock: other programs may be running. */
async function timed<T>(name: string, work: () => T | Promise<T>, tell: (value: T) => string = () => ''): Promise<T> {
  const began = performance.now();
  const before = process.cpuUsage();
  const value = await work();
  const { user, system } = process.cpuUsage(before);
  const seconds = [(user + system) / 1e6, (performance.now() - began) / 1000].map((each) =>
    each.toFixed(2).padStart(8),
  );
  console.log(`  ${name.padEnd(40)}${seconds.join('')}  ${tell(value)}`);
  return value;
}

const percent = (value: number | null): string => (value === null ? 'none' : (100 * value).toFixed(2));

console.log(
  `${count} images, ${detectionsPerImage} detections each, ${classes} classes; seconds of a core, seconds by the clock`,
);
const matches = await timed('COCO, matching boxes, kinds of errors', () => {
  const evaluation = startCoco(images, classes, 'boxes');
  const tally = tallyErrors(classes);
  found.forEach(({ image, detections }, at) => tally.add(errorsOf(images[at]!, evaluation.add(image, detections))));
  return evaluation.finish();
});
await timed(
  'COCO, twelve figures of every class',
  () => cocoFigures(matches, cocoTable(matches)),
  ({ AP, AP50 }) => `AP ${percent(AP.value)}, AP50 ${percent(AP50.value)}`,
);
await timed(
  'VOC, ten thresholds',
  () => {
    const evaluation = startVoc(images, classes, 'detectron2');
    for (const { image, detections } of found) evaluation.add(image, detections);
    return vocFigures(evaluation.finish(), 'elevenLevels');
  },
  ({ AP50 }) => `AP50 ${percent(AP50.value)}`,
);
for (const [name, thresholds] of [
  ['AP50', [0]],
  ['AP', cocoThresholds.map((_, at) => at)],
] as const)
  await timed(
    `bootstrap of ${name}, ${resamples} resamples`,
    () =>
      resampleFigure(
        matches,
        null,
        { average: averageAt101, thresholds, area: 0, maximum: 100 },
        { seed: 1, resamples },
      ),
    (resampled) => {
      const { low, high } = resampled!.interval(0.95);
      return `${percent(resampled!.value)} [${percent(low)}, ${percent(high)}]`;
    },
  );

const folder = mkdtempSync(join(tmpdir(), 'reprise-bench-'));
try {
  const path = join(folder, 'results.json');
  const categories = Array.from({ length: classes }, (_, at) => at + 1);
  await timed('results written', () => writeCocoResults(path, found, categories));
  const names = { images: new Map(images.map((image) => [image.id, image])), categories };
  const store = await timed(
    'results read',
    () => readCocoResults(path, names, { due: () => false, next: () => Promise.resolve() }),
    () => mebibytes(statSync(path).size),
  );
  if (store.length !== count * detectionsPerImage) throw new Error(`${store.length} detections came back.`);
} finally {
  rmSync(folder, { recursive: true });
}
console.log(
  `memory ${mebibytes(drawnMemory)} with what was drawn, ${mebibytes(process.resourceUsage().maxRSS * 1024)} at its peak`,
);
