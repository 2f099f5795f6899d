import { mkdir, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Inspection } from '../../../trainer/protocol/dataset.ts';
import type { EvaluateConfig } from '../../../trainer/protocol/run.ts';
import type { StoredDataset } from '../store/store.ts';
import { changesOfData, placedConfig, stateOfData } from './run-data.ts';
import { signatureOf } from './signature.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'reprise-test-'));
});
afterEach(() => rm(root, { recursive: true }));

const longAgo = new Date('2026-01-01T00:00:00Z');

/** Two splits of two classes, 200 files each. */
async function writeFiles(folder: string): Promise<void> {
  for (const below of ['train/a', 'train/b', 'val/a', 'val/b']) {
    await mkdir(join(folder, below), { recursive: true });
    for (let file = 0; file < 200; file++) {
      const path = join(folder, below, `${String(file).padStart(3, '0')}.jpg`);
      await writeFile(path, `${below} ${file}`);
      await utimes(path, longAgo, longAgo);
    }
  }
}

async function inspected(path: string): Promise<StoredDataset> {
  return {
    fingerprint: 'f'.repeat(64),
    name: 'Cats',
    path,
    inspection: { dataset: 'image-folder' } as Inspection,
    signature: (await signatureOf(path))!,
    inspectedAt: longAgo.getTime() + 1000,
    builtIn: false,
  };
}

const configOn = (path: string) => {
  const source = (split: string) => ({ dataset: 'image-folder', path, split, fingerprint: 'f'.repeat(64) });
  return { kind: 'evaluate', train: source('train'), test: source('val') } as EvaluateConfig;
};

describe('data between a stop and a resume', () => {
  test('is as it was', async () => {
    const folder = join(root, 'before');
    await writeFiles(folder);
    expect(await changesOfData(configOn(folder), [await inspected(folder)])).toEqual([]);
  });

  test.each(['train/a/000.jpg', 'train/b/117.jpg', 'val/b/199.jpg'])(
    'one file of 200 was swapped: %s',
    async (file) => {
      const folder = join(root, 'before');
      await writeFiles(folder);
      const row = await inspected(folder);
      await writeFile(join(folder, file), 'another picture');
      const [change, ...others] = await changesOfData(configOn(folder), [row]);
      expect(others).toEqual([]);
      expect(change).toContain(`Cats (${folder}) is not what was inspected: files were written since: ${file}`);
    },
  );

  test('a file is gone', async () => {
    const folder = join(root, 'before');
    await writeFiles(folder);
    const row = await inspected(folder);
    await rm(join(folder, 'val/a/100.jpg'));
    expect((await changesOfData(configOn(folder), [row]))[0]).toContain(
      'names, sizes or times of its files are others',
    );
  });

  test('was moved: it is asked for, and once it was inspected there every run finds it', async () => {
    const [before, after] = [join(root, 'before'), join(root, 'after')];
    await writeFiles(before);
    const row = await inspected(before);
    await rename(before, after);
    await expect(changesOfData(configOn(before), [row])).rejects.toMatchObject({
      fault: { code: 'not-found', retry: 'choose-folder', values: { path: before } },
    });
    const again = await inspected(after);
    const placed = await placedConfig(configOn(before), [again]);
    expect(placed).toEqual(configOn(after));
    expect(await changesOfData(placed, [again])).toEqual([]);
    expect(await stateOfData(configOn(before), [row])).toMatchObject([{ theirs: before, ours: 'missing' }]);
    expect(await stateOfData(configOn(before), [again])).toEqual([]);
  });

  test('two copies exist: a run stays with its own', async () => {
    const [one, other] = [join(root, 'one'), join(root, 'other')];
    await writeFiles(one);
    await writeFiles(other);
    expect(await placedConfig(configOn(one), [await inspected(other)])).toEqual(configOn(one));
  });
});

test('a run belongs to the row it names, even if the same folder was listed first and checked later', async () => {
  const row = await inspected(root);
  const rows = ['listed', 'checked'].map((fingerprint) => ({ ...row, fingerprint }));
  const source = (fingerprint: string) => ({ dataset: 'idx', path: root, split: 'train', fingerprint });
  const on = (train: string, test: string) =>
    stateOfData({ kind: 'evaluate', train: source(train), test: source(test) } as EvaluateConfig, rows);
  expect(await on('listed', 'listed')).toEqual([]);
  expect(await on('checked', 'checked')).toEqual([]);
  for (const [train, test] of [
    ['of other contents', 'of other contents'],
    ['listed', 'of other contents'],
    ['of other contents', 'listed'],
  ] as const)
    expect(await on(train, test)).toMatchObject([{ field: 'dataset', ours: 'changed' }]);
});

test('a signature from before it had a version is compared with its like', async () => {
  const folder = join(root, 'before');
  await writeFiles(folder);
  const [past, present] = [await signatureOf(folder, 'old'), await signatureOf(folder)];
  expect(past).toMatch(/^[0-9a-f]{64}$/);
  expect(present).toMatch(/^2:[0-9a-f]{64}$/);
  expect(await signatureOf(folder, past!)).toBe(past);
});
