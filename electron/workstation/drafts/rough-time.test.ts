/** The work of networks beside published counts, and a first idea of the time that follows from it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { Execution, RunConfig } from '../../../trainer/protocol/run.ts';
import { PlanFile } from '../../../trainer/protocol/plan.ts';
import { subjectConfig } from '../plans/planned-config.ts';
import type { Store, StoredRun } from '../store/store.ts';
import { pretrain } from '../testing/bench.ts';
import { imagesIn, RoughTimes, usualSeconds } from './rough-time.ts';
import { encoderMacs, roughWork } from './rough-work.ts';

test.each([
  // He et al. 2016, Table 1, counts them as multiply-adds.
  ['resnet-18', 1.8e9],
  ['resnet-50', 3.8e9],
  ['resnet-101', 7.6e9],
  // Touvron et al. 2021: 4.6 for a ViT-S, 17.6 for a ViT-B.
  ['vit-s-16', 4.6e9],
  ['vit', 17.6e9],
])('%s costs what is published, within a tenth', (id, published) => {
  const macs = encoderMacs({ id, options: { stem: 'imagenet' } }, 224);
  expect(macs / published).toBeGreaterThan(0.9);
  expect(macs / published).toBeLessThan(1.12);
});

const plans = join(import.meta.dirname, '..', '..', '..', 'resources', 'plans');
test('every run of every plan has a first estimate, also where its data is not here', () => {
  for (const file of readdirSync(plans)) {
    const { runs } = v.parse(PlanFile, JSON.parse(readFileSync(join(plans, file), 'utf8')));
    for (const { key, config } of runs) {
      const work = roughWork(config, subjectConfig(config, runs), imagesIn([]));
      const seconds = work === null ? null : usualSeconds(work, config.execution);
      expect(seconds, `${file} ${key}`).toBeGreaterThan(1);
      // On the processor of a plan's file, a thousand epochs of ImageNet take a century of one thread.
      expect(seconds, `${file} ${key}`).toBeLessThan(200 * 365 * 86_400);
    }
  }
});

const cpu = v.parse(Execution, { threads: 2 });
const config = { ...pretrain('a'), execution: cpu } as RunConfig;
const images = [{ fingerprint: 'f', path: '/data', inspection: { splits: [{ split: 'train', images: 50_000 }] } }];
type Rows = Parameters<typeof imagesIn>[0];
const usual = usualSeconds(roughWork(config, null, imagesIn(images as unknown as Rows))!, cpu);
const done = (id: string) => ({ id, status: 'done', deleted: false, config }) as unknown as StoredRun;
const storeOf = (seconds: number) =>
  ({ attempts: () => [{ startedAt: 0, lastSeenAt: seconds * 1000 }] }) as unknown as Store;
const roughly = (store: Store, runs: readonly StoredRun[], milliseconds: number | null) => {
  const timing = { precision: 'float32', milliseconds, refusal: null } as const;
  const timed = () => Promise.resolve(milliseconds === null ? null : { device: 'cpu', timings: [timing] });
  return new RoughTimes(store, timed).within(runs, new Map(), images as unknown as Rows)(config, null);
};

test('what this machine took for its own runs corrects the table, else the step that chose its precision', async () => {
  expect(await roughly(storeOf(0), [], null)).toBeCloseTo(usual, 6);
  // Three times as long as the table says, three times as long again.
  expect(await roughly(storeOf(3 * usual), [done('a'), done('b')], null)).toBeCloseTo(3 * usual, 6);
  const [slow, fast] = [await roughly(storeOf(0), [], 4000), await roughly(storeOf(0), [], 1000)];
  expect(slow! / fast!).toBeCloseTo(4, 6);
  // A run of a second or two says more of its start than of its work.
  expect(await roughly(storeOf(2), [done('a')], null)).toBeCloseTo(usual, 6);
});
