/** A file of annotations far larger than the memory its reader may use. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inTemporaryFolder } from '../../data/testing/small-datasets.ts';
import { readByItself, writeManyObjects } from './many-objects.ts';

test(
  '200,000 annotations are read in bounded memory, with pauses, and take two bytes a coordinate or a little more',
  () =>
    inTemporaryFolder(async (folder) => {
      const path = join(folder, 'instances.json');
      writeManyObjects(path, 200_000, 20_000);
      const taken = readByItself(path, 96);
      expect(taken).toMatchObject({ objects: 200_000, problems: [] });
      expect(taken.firstObjects).toBeGreaterThan(1);
      expect(taken.slices).toBeGreaterThan(statSync(path).size / 2 ** 21);
      // 45 numbers a polygon, on average.
      expect(taken.maskBytes).toBeLessThan(200_000 * 45 * 2.5);
      expect(taken.mebibytes).toBeLessThan(240);
    }),
  180_000,
);
