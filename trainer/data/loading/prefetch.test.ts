import { expect, test } from 'vitest';
import { createQueue, prefetchDepth } from './prefetch.ts';

test('so many batches are begun ahead of the one in use, and no more', async () => {
  let begun = 0;
  const take = createQueue(3, undefined, () => {
    if (begun === 6) return null;
    const batch = begun++;
    return () => Promise.resolve(batch);
  });
  expect(begun).toBe(0);
  for (const [batch, ahead] of [4, 5, 6, 6, 6, 6].entries()) {
    expect(await take()!.result).toBe(batch);
    expect(begun).toBe(ahead);
  }
  expect(take()).toBe(null);
});

test('large batches are few ahead, but two; none without workers', () => {
  const megabytes = [1, 64, 128, 200, 1000];
  expect(megabytes.map((size) => prefetchDepth(size << 20, 4))).toEqual([8, 8, 4, 2, 2]);
  expect(prefetchDepth(1, 0)).toBe(0);
});
