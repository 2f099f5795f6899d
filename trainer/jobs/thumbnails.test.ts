/** Thumbnails are found by the places of an inspection. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { JobContext } from '../channel/job.ts';
import { writeDamagedFiles } from '../data/listing/damaged-files.ts';
import { inTemporaryFolder } from '../data/testing/small-datasets.ts';
import { excludedFileOf } from '../protocol/left-out.ts';
import { putClasses, putFile } from '../testing/field/folders.ts';
import { run } from './thumbnails.ts';

test('an image that a person left out of runs keeps its place; a damaged one has none', () =>
  inTemporaryFolder(async (folder) => {
    const data = join(folder, 'data');
    await putClasses(data, 'train', ['a', 'b'], 2);
    await putFile(data, 'train/a/0.jpg', 'damaged');
    await writeDamagedFiles(folder, 'f', [{ split: 'train', file: 'train/a/0.jpg', reason: '', sha256: null }]);
    await writeFile(join(folder, excludedFileOf('f')), JSON.stringify([{ split: 'train', file: 'train/a/1.jpg' }]));
    const sent: unknown[] = [];
    const port = {
      send: (event: unknown) => void sent.push(event),
      take: () => null,
      breathe: () => Promise.resolve(),
    };
    const context = { port, clock: () => 0 } as unknown as JobContext;
    const source = { dataset: 'image-folder', path: data, split: 'train', fingerprint: 'f' };
    const indexes = [0, 1, 2];
    await run({ kind: 'thumbnails', data: source, indexes, size: 8, datasetsFolder: folder }, context);
    expect(sent.at(-1)).toMatchObject({ outcome: { thumbnails: [{ label: 'a' }, { label: 'b' }, { label: 'b' }] } });
  }));
