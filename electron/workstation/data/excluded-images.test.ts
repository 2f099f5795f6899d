import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { StoredDataset } from '../store/store.ts';
import { excludedFileOf } from '../../../trainer/protocol/left-out.ts';
import { readExcludedFiles } from '../../../trainer/durable/excluded-files.ts';
import { exclude } from './excluded-images.ts';

const dataset = {
  fingerprint: 'f',
  name: 'Cats',
  inspection: { splits: [{ split: 'train', images: 2, perClass: [] }] },
} as unknown as StoredDataset;
const image = (file: string) => ({ split: 'train', file });

test('images are left out and taken in again, each once, also when many are at once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'reprise-test-'));
  try {
    const names = Array.from({ length: 20 }, (_, at) => `${at}.jpg`);
    const counts = await Promise.all(names.map((name) => exclude(folder, dataset, image(name), true)));
    expect(counts).toEqual(names.map((_, at) => at + 1));
    expect(await exclude(folder, dataset, image('3.jpg'), true)).toBe(20);
    await expect(exclude(folder, dataset, { split: 'test', file: '1.jpg' }, true)).rejects.toThrow(
      'Cats has no split "test".',
    );
    await Promise.all(names.slice(1).map((name) => exclude(folder, dataset, image(name), false)));
    expect(await readExcludedFiles(folder, 'f')).toEqual([image('0.jpg')]);
    expect(await exclude(folder, dataset, image('0.jpg'), false)).toBe(0);
    expect(existsSync(join(folder, excludedFileOf('f')))).toBe(false);
  } finally {
    await rm(folder, { recursive: true });
  }
});
