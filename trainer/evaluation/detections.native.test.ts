/** What a detector found is kept in the run's folder, with the ids of the data, and says the same figures again. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPort } from '../channel/port.ts';
import { openLeftOut } from '../data/loading/left-out.ts';
import { startCounting } from '../detection/figures/rules.ts';
import { readCocoResults } from '../detection/results/coco-results.ts';
import { openEngine } from '../engine/steps/open.ts';
import { detectionFiles, DetectionSummary, KeptError } from '../protocol/detections.ts';
import { dataset as coco } from '../datasets/coco.ts';
import { tinyDetection, withoutWorkers } from '../testing/killing.ts';
import { writeTinyCoco } from '../testing/tiny-coco.ts';
import { openEvaluation } from './evaluate.ts';
import { annotated, type Pictures } from './survey-pictures.ts';

const folder = mkdtempSync(join(tmpdir(), 'detections-'));
beforeAll(() => writeTinyCoco(join(folder, 'data')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('keeps what was found by the ids of the data set, of boxes and masks, beside figures with an interval', async () => {
  const config = withoutWorkers(tinyDetection(join(folder, 'data'), 'detection-fpn'));
  const engine = await openEngine(config.execution);
  const context = { port: openPort({ channel: null, now: Date.now }), clock: () => performance.now() };
  const subject = { subject: config.subject, checkpointFolder: null, config: null };
  const leftOut = openLeftOut({ runFolder: folder, inspected: [], isAccepted: false, notice: () => undefined });
  const place = { subject, cacheFolder: null, fromStep: 0, leftOut };
  const results = await (await openEvaluation(context, engine, config, place)).measure(folder);

  expect(results.every(({ detections }) => detections === detectionFiles.found)).toBe(true);
  const leading = results.filter(({ spread }) => spread !== undefined);
  expect(leading.map(({ metric }) => metric)).toEqual(['box-ap', 'mask-ap']);
  for (const { spread } of leading) {
    expect(spread!.bounds.map(({ confidence }) => confidence)).toEqual([0.9, 0.95]);
    for (const { low, high } of spread!.bounds) expect(low).toBeLessThanOrEqual(high);
  }

  const data = (await coco.open(join(folder, 'data'), 'val')) as Pictures;
  const images = await annotated(data);
  const found = await readCocoResults(
    join(folder, detectionFiles.found),
    { images: new Map(images.map((image) => [image.id, image])), categories: [3, 7] },
    { due: () => false, next: () => Promise.resolve() },
  );
  expect(images.map(({ id }) => id)).toEqual(['1', '2', '3', '4', '5', '6']);
  expect(found.length).toBeGreaterThan(0);
  const counting = startCounting('coco', images, 2, true);
  for (const { image, detections } of found.byImage()) counting.add(image, detections);
  const again = counting.finish().figures;
  expect(again.map(({ metric, value }) => [metric, value])).toEqual(
    results.map(({ metric, value }) => [metric, value]),
  );

  const summary = v.parse(DetectionSummary, JSON.parse(readFileSync(join(folder, detectionFiles.summary), 'utf8')));
  expect(summary.classes.map(({ name, category, objects }) => [name, category, objects])).toEqual([
    ['bright', 3, 4],
    ['light', 7, 5],
  ]);
  expect(summary.classes.reduce((sum, { detections }) => sum + detections, 0)).toBe(found.length);
  const errors = readFileSync(join(folder, detectionFiles.errors), 'utf8').trim().split('\n');
  const parsed = errors.map((line) => v.parse(KeptError, JSON.parse(line)));
  const counted = summary.classes.flatMap((one) => Object.values(one.errors));
  expect(parsed).toHaveLength(counted.reduce((sum, count) => sum + count, 0));
  expect(parsed.every(({ file }) => /^val2017\/\d\.png$/.test(file))).toBe(true);
  await data.close();
}, 300_000);
