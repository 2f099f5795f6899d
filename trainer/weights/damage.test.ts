/** Damaged files of weights; the nightly test reads a hundred thousand. */
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { mutated } from '../testing/mutations.ts';
import { readDamaged, validFiles } from './testing/damage.ts';

const folder = mkdtempSync(join(tmpdir(), 'weights-damage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a damaged file is read or refused, and nothing else happens', async () => {
  const ends = { read: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(mutated(validFiles()), async (bytes) => {
      ends[await readDamaged(join(folder, 'damaged.pkl'), bytes)] += 1;
    }),
    { numRuns: 500 },
  );
  // Both happen often, or the damage would be of one kind only.
  expect(Math.min(ends.read, ends.refused)).toBeGreaterThan(50);
});
