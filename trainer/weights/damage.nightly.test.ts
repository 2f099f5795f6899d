/** A hundred thousand damaged files of weights: each is read or refused, in bounded memory. */
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, expect, test } from 'vitest';
import { mutated } from '../testing/mutations.ts';
import { readPickle } from './pickle.ts';
import { readDamaged, validFiles } from './testing/damage.ts';

const folder = mkdtempSync(join(tmpdir(), 'weights-damage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const files = 100_000;
/** What the values of a pickle may take, once more for what is not collected yet, and the reading itself. */
const mostGrowthKiB = 700 * 1024;

test(`${files} damaged files`, async () => {
  const before = process.resourceUsage().maxRSS;
  await fc.assert(
    fc.asyncProperty(mutated(validFiles()), async (bytes) => {
      await readDamaged(join(folder, 'damaged.pkl'), bytes);
    }),
    { numRuns: files },
  );
  expect(process.resourceUsage().maxRSS - before).toBeLessThan(mostGrowthKiB);
}, 1_800_000);

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
