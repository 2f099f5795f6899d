/** A folder of more images than are checked unasked: 52,000 names of 200 files. */
import { linkSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { inspectFolder } from '../../data/listing/inspect.ts';
import { inTemporaryFolder, randomBytes } from '../../data/testing/small-datasets.ts';

const [classes, files] = [100, 200];
const perClass = { train: 320, val: 200 };

/** Hard links, so that the disk holds the pictures once. */
async function writeLinks(folder: string): Promise<void> {
  const first = join(folder, 'train/c000');
  mkdirSync(first, { recursive: true });
  for (let file = 0; file < files; file++) {
    const raw = { width: 8, height: 8, channels: 3 } as const;
    await sharp(randomBytes(8 * 8 * 3, `link ${file}`), { raw })
      .jpeg()
      .toFile(join(first, `${file}.jpg`));
  }
  for (const [split, count] of Object.entries(perClass)) {
    for (let label = 0; label < classes; label++) {
      const own = join(folder, split, `c${String(label).padStart(3, '0')}`);
      mkdirSync(own, { recursive: true });
      for (let file = own === first ? files : 0; file < count; file++)
        linkSync(join(first, `${file % files}.jpg`), join(own, `${file}.jpg`));
    }
  }
}

test(
  '52,000 files are listed, every one of them counted, and their contents are left for later',
  () =>
    inTemporaryFolder(async (folder) => {
      await writeLinks(folder);
      const { signal } = new AbortController();
      const inspection = await inspectFolder(folder, null, () => undefined, signal);
      expect(inspection).toMatchObject({
        dataset: 'image-folder',
        contents: 'listed',
        rejects: [],
        duplicateCount: 0,
        smallest: null,
      });
      expect(inspection.classes).toHaveLength(classes);
      expect(inspection.splits).toEqual(
        (['train', 'val'] as const).map((split) => ({
          split,
          images: classes * perClass[split],
          perClass: Array.from({ length: classes }, () => perClass[split]),
        })),
      );
    }),
  120_000,
);
