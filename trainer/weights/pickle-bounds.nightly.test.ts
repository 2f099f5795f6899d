/** Pickles of more values than memory are refused before they take it. */
import { expect, test } from 'vitest';
import { readPickle } from './pickle.ts';

test.each([
  ['marks', `\x80\x02${'('.repeat(20_000_000)}.`],
  ['lists', `\x80\x02${']'.repeat(6_000_000)}.`],
  ['kept values', `\x80\x04]${'\x94'.repeat(8_000_000)}.`],
])(
  'more %s than memory are refused',
  (_name, pickle) => {
    const meanings = { calls: new Map(), persistent: () => null };
    expect(() => readPickle(Buffer.from(pickle, 'latin1'), meanings)).toThrow('take more than 256 MiB');
  },
  300_000,
);
