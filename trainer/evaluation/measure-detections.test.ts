/** Bounds over other samples of the images are those of the bootstrap, moved back by its bias; without a folder nothing is kept. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resampleFigure } from '../detection/figures/bootstrap.ts';
import { averageAt101 } from '../detection/figures/precision-recall.ts';
import { annotated, detected, matchedHere, readGoldenCoco } from '../detection/testing/golden-coco.ts';
import { detectionFiles } from '../protocol/detections.ts';
import { measureDetections, type DetectionsToMeasure } from './measure-detections.ts';

const golden = readGoldenCoco(new URL('../detection/golden/coco.json', import.meta.url)).cases.find(
  ({ name }) => name === 'any place and score',
)!;
const images = annotated(golden);
const given = (folder: string | null): DetectionsToMeasure => ({
  rules: 'coco',
  images,
  classes: ['a', 'b', 'c', 'd'],
  masks: false,
  categories: [1, 2, 3, 90],
  folder,
  find: (tell) => {
    for (const { id } of images) tell(id, detected(golden, Number(id)));
    return Promise.resolve();
  },
  progress: () => Promise.resolve(),
});

it('gives the figure that leads its bounds, moved back by their bias', async () => {
  const measured = await measureDetections(given(null));
  const [ap50, ...others] = measured;
  expect(others.every(({ spread }) => spread === null)).toBe(true);
  const rule = { average: averageAt101, thresholds: [0], area: 0, maximum: 100 };
  const resampled = await resampleFigure(matchedHere(golden, 'boxes'), null, rule, { seed: 1, resamples: 1000 });
  expect(resampled!.bias).not.toBe(0);
  const { low, high } = resampled!.interval(0.95);
  const moved = [low, high].map((bound) => 100 * (bound - resampled!.bias));
  expect(ap50!.spread!.bounds[1]).toEqual({ confidence: 0.95, low: moved[0], high: moved[1] });
  expect(ap50!.spread!.bias).toBe(100 * resampled!.bias);
  expect(ap50!.value).toBeGreaterThan(moved[0]!);
  expect(ap50!.value).toBeLessThan(moved[1]!);
});

it('leaves no file, nor a part of one, where finding fails', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'measure-'));
  const failing = { ...given(folder), find: () => Promise.reject(new Error('damaged')) };
  await expect(measureDetections(failing)).rejects.toThrow('damaged');
  expect(readdirSync(join(folder, 'results'))).toEqual([]);
  await measureDetections(given(folder));
  const entries = JSON.parse(readFileSync(join(folder, detectionFiles.found), 'utf8')) as unknown[];
  expect(entries).toHaveLength(golden.detections.length);
  rmSync(folder, { recursive: true });
});
