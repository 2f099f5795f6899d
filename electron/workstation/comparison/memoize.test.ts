import { expect, test } from 'vitest';
import { createMemoize } from './memoize.ts';

test('each value is computed once, also for concurrent callers', async () => {
  const memoize = createMemoize(10);
  let made = 0;
  const make = async (): Promise<number> => {
    await Promise.resolve();
    return (made += 1);
  };
  expect(await Promise.all([memoize('a', make), memoize('a', make)])).toEqual([1, 1]);
  expect(await memoize('a', make)).toBe(1);
  expect(await memoize('b', make)).toBe(2);
});

test('failures and missing values are not cached', async () => {
  const memoize = createMemoize(10);
  await expect(memoize('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await memoize('a', () => Promise.resolve(null))).toBe(null);
  expect(await memoize('a', () => Promise.resolve(7))).toBe(7);
});

test('the least recently used entry is removed', async () => {
  const memoize = createMemoize(2);
  const made: string[] = [];
  const ask = (key: string) => memoize(key, () => Promise.resolve(made.push(key)));
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) await ask(key);
  expect(made).toEqual(['a', 'b', 'c', 'b']);
});
