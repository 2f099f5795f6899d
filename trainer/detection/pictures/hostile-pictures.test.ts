/** A picture at which the decoder hangs is left out of the pictures of a detector, and named. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLeftOut } from '../../data/loading/left-out.ts';
import { SourceChanged } from '../../data/loading/loader.ts';
import type { LoaderProgram } from '../../data/loading/worker-pool.ts';
import {
  hostileBounds,
  hostileName,
  hostileOptions,
  hostilePrograms,
  writeHostile,
} from '../../data/testing/hostile-pictures.ts';
import { buildWorker, inTemporaryFolder, removeWorker } from '../../data/testing/small-datasets.ts';
import { openPictureLoader } from './picture-loader.ts';

let hostile: LoaderProgram;
beforeAll(async () => {
  hostile = { ...(await buildWorker(hostilePrograms)), bounds: hostileBounds };
});
afterAll(removeWorker);

test('a detector goes on without a picture at which the decoder loops for ever', () =>
  inTemporaryFolder(async (path) => {
    await writeHostile(path, '#loop');
    const leftOut = openLeftOut({ runFolder: null, inspected: [], isAccepted: false, notice: () => undefined });
    const take = async (count: number) => {
      const parts = [0, 8, 16].map((from) => Array.from({ length: 8 }, (_, at) => from + at));
      const loader = await openPictureLoader(
        {
          ...hostileOptions,
          data: leftOut.without({ ...hostileOptions.data, path }),
          found: undefined,
          count,
          leftOut,
          batch: 8,
          task: { kind: 'finding', fit: { shortSide: 32, longest: 64 } },
          next: () => {
            const part = parts.shift()?.filter((picture) => picture < count);
            return part ? { epoch: 0, pictures: Int32Array.from(part) } : null;
          },
        },
        hostile,
      );
      try {
        let pictures = 0;
        for (let made = await loader.next(); made !== null; made = await loader.next()) pictures += made.index.length;
        return pictures;
      } finally {
        await loader.close();
      }
    };
    await expect(take(24)).rejects.toThrow(SourceChanged);
    expect(leftOut.without({ ...hostileOptions.data, path }).exclude).toEqual([hostileName]);
    expect(await take(23)).toBe(23);
  }));
