/** The same with the built trainer: what it finds in 20 pictures, of which more than 10 are only listed. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeFile } from 'node:fs/promises';
import { readCopiedImages } from './copied-images.ts';
import { createBench, pretrain, until, type Bench } from '../testing/bench.ts';

const trainer = fileURLToPath(new URL('../../../out/node/trainer.js', import.meta.url));

let bench: Bench;
beforeAll(() => {
  bench = createBench();
});
afterAll(() => bench.remove());

/** Each of its own colours. One of training is cut off; the first of the validation split is one of training. */
async function writePictures(folder: string): Promise<void> {
  for (const split of ['train', 'val']) {
    for (let image = 0; image < 10; image++) {
      const path = join(folder, split, image % 2 === 0 ? 'even' : 'odd', `${image}.png`);
      mkdirSync(join(path, '..'), { recursive: true });
      const pixels = Uint8Array.from(
        { length: 16 * 16 * 3 },
        (_, at) => (at * (image + (split === 'val' ? 31 : 7))) % 251,
      );
      await sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } })
        .png()
        .toFile(path);
    }
  }
  const damaged = join(folder, 'train/odd/3.png');
  await writeFile(damaged, readFileSync(damaged).subarray(0, 60));
  copyFileSync(join(folder, 'train/even/2.png'), join(folder, 'val/even/0.png'));
}

// `npm test` builds first.
test.skipIf(!existsSync(trainer))('finds a leak and a damaged picture beside a run', async () => {
  const folder = join(bench.home, '..', 'pictures');
  await writePictures(folder);
  const { handlers } = await bench.open({ trainer, checkedUnasked: 10 });
  const listed = await handlers.inspect.answer(folder, false);
  expect(listed).toMatchObject({ contents: 'listed', leakCount: 0, rejectCount: 0 });
  const { fingerprint } = await handlers.addDataset.answer(listed, 'Pictures');

  const config = pretrain('beside', folder);
  if (config.kind !== 'pretrain') throw new Error('A pretraining is needed.');
  const data = { dataset: 'image-folder', path: folder, split: 'train', fingerprint };
  await handlers.createRun.answer({ ...config, data });
  await until(() => bench.pushed.some(({ name }) => name === 'contentsChecked'), 'the check', 60_000);

  expect(bench.pushed.find(({ name }) => name === 'contentsChecked')?.values).toEqual([
    { name: 'Pictures', damaged: 1, leaks: 1, duplicates: 0 },
  ]);
  const [row] = await handlers.datasets.answer();
  expect(row).toMatchObject({ fingerprint, state: 'ready' });
  const { inspection } = row!;
  expect(inspection).toMatchObject({ contents: 'checked', fingerprint, leakCount: 1, rejectCount: 1 });
  expect(inspection.contentsFingerprint).not.toBe(fingerprint);
  const datasets = join(bench.home, 'datasets');
  expect(readFileSync(join(datasets, `${fingerprint}.damaged.ndjson`), 'utf8')).toContain('train/odd/3.png');
  expect((await readCopiedImages(datasets, fingerprint))?.get('val')?.get(0)).toEqual(new Set(['train']));
  expect(readdirSync(datasets).every((name) => name.startsWith(fingerprint))).toBe(true);

  // Listed anew, all of that stays.
  await handlers.addDataset.answer(await handlers.inspect.answer(folder, false), 'Pictures');
  expect((await handlers.datasets.answer())[0]?.inspection.leakCount).toBe(1);
  expect(readFileSync(join(datasets, `${fingerprint}.damaged.ndjson`), 'utf8')).toContain('train/odd/3.png');
});
