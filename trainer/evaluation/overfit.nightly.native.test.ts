/** A detector learns twenty pictures by heart: what it finds there is right. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPort } from '../channel/port.ts';
import { openLeftOut } from '../data/loading/left-out.ts';
import { writeSampleSet } from '../data/sample/sample-set.ts';
import { openEngine } from '../engine/steps/open.ts';
import { EvaluateConfig } from '../protocol/run.ts';
import { openEvaluation } from './evaluate.ts';

const folder = mkdtempSync(join(tmpdir(), 'overfit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(async () => {
  await writeSampleSet({ folder: join(folder, 'sample'), seed: 1, train: 20, val: 20 });
}, 600_000);

const minutes = 60_000;
const small = {
  batch: 4,
  rate: 0.02,
  warmup: 50,
  warmupFrom: 0.1,
  proposalWeight: 1,
  regions: 64,
  proposals: 60,
  preciseNorm: 5,
  shortSides: [96],
  testShortSide: 96,
  longest: 160,
  anchorScale: 0.25,
};

it.each([
  ['detection-c4', { steps: 1200, drops: [1000], rules: 'coco' }, ['ap50']],
  ['detection-fpn', { steps: 800, drops: [650], channels: 64, boxWidth: 256 }, ['box-ap50', 'mask-ap50']],
] as const)(
  '%s',
  async (id, options, metrics) => {
    const source = {
      dataset: 'sample',
      path: join(folder, 'sample'),
      split: 'val',
      fingerprint: 'sample',
    };
    const config = v.parse(EvaluateConfig, {
      version: 1,
      kind: 'evaluate',
      title: 'overfit',
      seed: 1,
      execution: { threads: 2, loaderWorkers: 0 },
      subject: {
        kind: 'random',
        encoder: { id: 'resnet-18', options: { stem: 'small', stemStride: 2, width: 16 } },
        seed: 3,
      },
      evaluator: { id, options: { ...small, ...options } },
      train: source,
      test: source,
      preprocessing: { resize: null, crop: 96 },
      normalization: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    });
    const port = openPort({ channel: null, now: () => 0 });
    const context = { port, clock: () => performance.now() };
    const engine = await openEngine(config.execution);
    const leftOut = openLeftOut({ runFolder: null, inspected: [], isAccepted: false, notice: () => undefined });
    const evaluation = await openEvaluation(context, engine, config, {
      subject: { subject: config.subject, checkpointFolder: null, config: null },
      cacheFolder: null,
      fromStep: 0,
      leftOut,
    });
    const course = evaluation.course!;
    const began = performance.now();
    for (let step = 0; step < course.steps; step++) {
      const { batch } = await course.source.next();
      const { loss } = await course.run(batch, { step, lr: course.rate(step) }, { metrics: false });
      expect(loss).toBeLessThan(Infinity);
    }
    const trainedMinutes = (performance.now() - began) / minutes;
    const results = await evaluation.measure(folder);
    await course.source.close();
    const figures = Object.fromEntries(results.map(({ metric, value, n }) => [metric, [value, n]]));
    console.log(id, `${trainedMinutes.toFixed(1)} minutes`, figures);
    for (const metric of metrics) {
      const [value, images] = figures[metric]!;
      expect(images).toBe(20);
      expect(value).toBeGreaterThanOrEqual(95);
    }
  },
  60 * minutes,
);
