/** Pages of pictures from one process that keeps the listing, over its death and its end. */
import { beforeAll, afterAll, expect, test } from 'vitest';
import type { PictureFilter } from '../../../trainer/protocol/browse.ts';
import { createBench, until, type Bench } from '../testing/bench.ts';
import type { Handlers } from '../requests.ts';

let bench: Bench;
let handlers: Handlers;
beforeAll(async () => {
  bench = createBench();
  ({ handlers } = await bench.open({ drain: 'own' }));
  await handlers.addDataset.answer(await handlers.inspect.answer(`${bench.runtime}/data/fashion-mnist`, false), 'Mine');
});
afterAll(() => bench.remove());

const filter = (number: number | null): PictureFilter => ({
  split: null,
  class: number,
  objects: null,
  among: { kind: 'all' },
});
const page = async (number: number | null, from = 0, count = 4) => {
  const { total, pictures } = await handlers.pictures.answer('f0', filter(number), from, count);
  return [total, pictures.map(({ name }) => name).join(' ')];
};

test('questions asked together get their own answers; the end of a range may be short', async () => {
  expect(await Promise.all([page(null), page(1, 4), page(null, 9), page(1, 100)])).toEqual([
    [10, '0.png 1.png 2.png 3.png'],
    [5, '4.png'],
    [10, '9.png'],
    [5, ''],
  ]);
  const told = bench.pushed.filter(({ name }) => name === 'job').map(({ values }) => values[0]);
  expect(told.at(-1)).toMatchObject({ kind: 'browse', ended: true });
});

test('a data set that is not there, or a process that dies, is told; the next question starts another', async () => {
  await expect(handlers.pictures.answer('none', filter(null), 0, 4)).rejects.toMatchObject({
    fault: { code: 'unknown-id' },
  });
  await expect(page(13)).rejects.toMatchObject({ fault: { code: 'trainer-died' } });
  expect(await page(1)).toEqual([5, '0.png 1.png 2.png 3.png']);
});

test('who waits is told when it is cancelled', async () => {
  bench.pushed.length = 0;
  const waiting = expect(page(14)).rejects.toMatchObject({ fault: { code: 'cancelled' } });
  await until(() => bench.pushed.some(({ name }) => name === 'job'), 'the job');
  await handlers.cancelJob.answer();
  await waiting;
  expect(bench.pushed.at(-1)?.values[0]).toMatchObject({ kind: 'browse', ended: true });
  expect(await page(null, 8)).toEqual([10, '8.png 9.png']);
});
