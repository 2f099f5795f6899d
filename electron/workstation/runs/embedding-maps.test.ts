/** Maps of a run are made once, outlive their checkpoints, and are made anew where a file is damaged. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WantedMap } from '../../api/maps.ts';
import { createBench, evaluation, pretrain, type Bench } from '../testing/bench.ts';
import type { Workstation } from '../workstation.ts';

let bench: Bench;
let workstation: Workstation;
let run = '';
beforeEach(async () => {
  bench = createBench();
  workstation = await bench.open();
  const { handlers } = workstation;
  const data = join(bench.runtime, 'data', 'fashion-mnist');
  await handlers.addDataset.answer(await handlers.inspect.answer(data, false), 'Mine');
  run = await handlers.createRun.answer(pretrain('steps=20 ms=1 every=10', data));
  await workstation.whenIdle();
});
afterEach(() => bench.remove());

const wanted = (step: number, changed: Partial<WantedMap> = {}): WantedMap => ({
  of: { kind: 'run', run, step },
  fingerprint: 'f0',
  split: 'test',
  points: 1000,
  ...changed,
});
const moments = () => workstation.handlers.mapMoments.answer(run, 'f0', 'test', 1000);
/** Jobs of the trainer that were ended: one a map, one a layout. */
const jobs = (kind: string): number =>
  bench.pushed.filter(({ name, values }) => {
    const [job] = values as readonly { readonly kind: string; readonly ended: boolean }[];
    return name === 'job' && job?.kind === kind && job.ended;
  }).length;
const mapFiles = (): readonly string[] =>
  readdirSync(join(bench.home, 'cache', 'maps')).filter((name) => name.endsWith('.map'));

test('a map is made once for a moment, from the weights that the run began with on', async () => {
  const { handlers } = workstation;
  expect(await moments()).toEqual([
    { step: 0, epoch: 0, isMade: false },
    { step: 10, epoch: 0.5, isMade: false },
    { step: 20, epoch: 1, isMade: false },
  ]);
  const map = await handlers.embeddingMap.answer(wanted(10));
  expect(map.summary).toMatchObject({ points: 3, effectiveRank: 2 });
  expect(map.arrays.neighbours).toEqual(Int32Array.of(1, 2, 0, 2, 0, 1));
  await handlers.embeddingMap.answer(wanted(10));
  expect(jobs('map')).toBe(1);
  await handlers.embeddingMap.answer(wanted(0));
  expect((await moments()).map(({ isMade }) => isMade)).toEqual([true, true, false]);
  // Other images are another map.
  await handlers.embeddingMap.answer(wanted(10, { split: 'train' }));
  expect(mapFiles()).toHaveLength(3);
  for (let time = 0; time < 2; time++)
    expect(await handlers.mapLayout.answer(wanted(10))).toEqual(Float32Array.of(0, 0, 5, 0, 0, 5));
  expect([jobs('map'), jobs('layout')]).toEqual([3, 1]);
});

test('a map outlives its checkpoint, and one that is damaged is made anew', async () => {
  const { handlers } = workstation;
  await handlers.embeddingMap.answer(wanted(10));
  for (const folder of readdirSync(join(bench.home, 'runs', run, 'checkpoints')))
    if (folder.startsWith('000010')) rmSync(join(bench.home, 'runs', run, 'checkpoints', folder), { recursive: true });
  await workstation.close('now');
  workstation = await bench.open();
  expect(await moments()).toContainEqual({ step: 10, epoch: 0.5, isMade: true });
  await workstation.handlers.embeddingMap.answer(wanted(10));
  expect(jobs('map')).toBe(1);
  await workstation.handlers.embeddingMap.answer(wanted(20));
  for (const name of mapFiles()) writeFileSync(join(bench.home, 'cache', 'maps', name), 'no map');
  expect((await workstation.handlers.embeddingMap.answer(wanted(20))).summary.points).toBe(3);
  expect(jobs('map')).toBe(3);
  await expect(workstation.handlers.embeddingMap.answer(wanted(10))).rejects.toMatchObject({
    fault: { code: 'no-checkpoint' },
  });
});

test('what cannot be mapped is named', async () => {
  const { handlers } = workstation;
  const other = await handlers.createRun.answer(evaluation('steps=3', null));
  const refused = (asked: WantedMap) => expect((async () => handlers.embeddingMap.answer(asked))()).rejects;
  await refused(wanted(7)).toThrow('has had no checkpoint of step 7');
  await refused(wanted(10, { split: 'val' })).toThrow('has no split "val"');
  await refused(wanted(10, { fingerprint: 'f9' })).toThrow('no data set with the fingerprint f9');
  await refused(wanted(10, { of: { kind: 'run', run: other, step: 0 } })).toThrow('is an evaluation');
  await refused(wanted(10, { of: { kind: 'weights', weights: '0123456789abcdef' } })).toMatchObject({
    fault: { code: 'unknown-id' },
  });
});
