/** Features are extracted once, found again by everything that determines them, and recomputed when damaged. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { EngineFacts } from '../engine/binding/engine-facts.ts';
import { Execution, newestResizing } from '../protocol/run.ts';
import { inTemporaryFolder, writeIdx } from '../data/testing/small-datasets.ts';
import { readFeatures, type ClassifiedFeatures, type FeatureRequest } from './features.ts';
import { writeNpy } from './npy.ts';

const execution = v.parse(Execution, { threads: 1, loaderWorkers: 0 });
const facts: EngineFacts = {
  device: 'cpu',
  threads: 1,
  instructionSet: 'x',
  versions: { tensorflow: '0' },
  card: null,
};

interface Look {
  readonly features: ClassifiedFeatures;
  /** Batches encoded: 0 if all came from the cache. */
  readonly encoded: number;
  readonly notices: readonly string[];
}

async function look(folder: string, changes: Partial<FeatureRequest> = {}): Promise<Look> {
  let encoded = 0;
  const notices: string[] = [];
  const features = await readFeatures({
    subject: {
      key: 'sum and first',
      encode({ shape: [rows = 0, height = 0, width = 0], values }) {
        encoded += 1;
        const size = height * width;
        const result = new Float32Array(rows * 2);
        for (let row = 0; row < rows; row++) {
          const image = values.subarray(row * size, (row + 1) * size);
          result[2 * row] = Float32Array.from(image).reduce((a, b) => a + b, 0);
          result[2 * row + 1] = image[0]!;
        }
        return Promise.resolve({ shape: [rows, 2], values: result });
      },
    },
    data: { dataset: 'idx', path: join(folder, 'data'), split: 'train', fingerprint: 'f' },
    preprocessing: { resize: null, crop: 12, interpolation: 'bilinear' },
    normalization: { mean: [0], std: [1] },
    resizing: newestResizing,
    execution,
    facts,
    withLabels: true,
    cacheFolder: join(folder, 'cache'),
    progress: () => Promise.resolve(),
    notice: (code) => notices.push(code),
    ...changes,
  });
  return { features, encoded, notices };
}

const withData = (work: (folder: string) => Promise<void>): Promise<void> =>
  inTemporaryFolder(async (folder) => {
    await writeIdx(join(folder, 'data'), 300, 9);
    await work(folder);
  });

/** The only entry of the cache. */
function entryOf(folder: string): string {
  const [name, ...others] = readdirSync(join(folder, 'cache/features'));
  expect(others).toEqual([]);
  return join(folder, 'cache/features', name!);
}

describe('features', () => {
  it('cover every image in order, with its label', () =>
    withData(async (folder) => {
      const { features } = await look(folder);
      const images = readFileSync(join(folder, 'data/train-images-idx3-ubyte')).subarray(16);
      expect(features).toMatchObject({ rows: 300, columns: 2, classes: 3 });
      for (const row of [0, 1, 249, 250, 299]) {
        expect(features.values[2 * row + 1]).toBe(images[row * 144]!);
        expect(features.labels[row]).toBe(row % 3);
      }
    }));

  it('come from the cache the second time, equal to the bit', () =>
    withData(async (folder) => {
      const first = await look(folder);
      const second = await look(folder);
      expect([first.encoded, second.encoded]).toEqual([2, 0]);
      expect(second.features).toEqual(first.features);
    }));

  it('have a separate entry for each set of weights, data, split, preprocessing and arithmetic', () =>
    withData(async (folder) => {
      const base = { dataset: 'idx', path: join(folder, 'data'), split: 'train' };
      await look(folder);
      const others: readonly Partial<FeatureRequest>[] = [
        { data: { ...base, fingerprint: 'g' } },
        { data: { ...base, split: 'test', fingerprint: 'f' } },
        { data: base },
        { preprocessing: { resize: null, crop: 10, interpolation: 'bilinear' } },
        { normalization: { mean: [0.5], std: [1] } },
        { resizing: 'pillow-12.1' },
        { execution: { ...execution, threads: 2 } },
        { execution: { ...execution, precision: 'bfloat16' } },
        { facts: { ...facts, instructionSet: 'y' } },
      ];
      for (const change of others) expect((await look(folder, change)).encoded).toBeGreaterThan(0);
      expect(readdirSync(join(folder, 'cache/features'))).toHaveLength(others.length + 1);
    }));

  it('are found again without a fingerprint until a file changes', () =>
    withData(async (folder) => {
      const data = { dataset: 'idx', path: join(folder, 'data'), split: 'train' };
      expect((await look(folder, { data })).encoded).toBe(2);
      expect((await look(folder, { data })).encoded).toBe(0);
      writeFileSync(join(folder, 'data', 'note.txt'), 'changed');
      expect((await look(folder, { data })).encoded).toBe(2);
    }));

  it('are recomputed with a notice, wherever the cached file is damaged', () =>
    withData(async (folder) => {
      const { features } = await look(folder);
      const file = join(entryOf(folder), '0.bin');
      const whole = readFileSync(file);
      for (const at of [0, 30, 84, 90, 120, whole.length - 1]) {
        const damaged = Buffer.from(whole);
        damaged[at]! ^= 1;
        writeFileSync(file, damaged);
        const again = await look(folder);
        expect(again.notices, `byte ${at}`).toEqual(['cache-damaged']);
        expect(again.features).toEqual(features);
      }
      writeFileSync(file, whole.subarray(0, whole.length >> 1));
      expect((await look(folder)).notices).toEqual(['cache-damaged']);
      writeFileSync(file, '');
      expect((await look(folder)).notices).toEqual(['cache-damaged']);
    }));

  it('resume after an interruption, to the same bits', () =>
    inTemporaryFolder(async (folder) => {
      await writeIdx(join(folder, 'data'), 6000, 9);
      const { features } = await look(folder, { cacheFolder: null });
      const stopped = look(folder, {
        progress: (fraction) => (fraction > 0.9 ? Promise.reject(new Error('stopped')) : Promise.resolve()),
      });
      await expect(stopped).rejects.toThrow('stopped');
      expect(readdirSync(entryOf(folder)).sort()).toEqual(['0.bin', '2500.bin']);
      const resumed = await look(folder);
      expect(resumed).toEqual({ features, encoded: 4, notices: [] });
      expect((await look(folder)).encoded).toBe(0);

      // A damaged part costs everything after it.
      const part = join(entryOf(folder), '2500.bin');
      const bytes = readFileSync(part);
      bytes[200]! ^= 1;
      writeFileSync(part, bytes);
      expect(await look(folder)).toEqual({ features, encoded: 14, notices: ['cache-damaged'] });
    }));
});

describe('an npy file', () => {
  it('has the header NumPy writes, then the values', () =>
    inTemporaryFolder(async (folder) => {
      await writeNpy(join(folder, 'a.npy'), [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
      const bytes = readFileSync(join(folder, 'a.npy'));
      // What numpy.save(np.arange(1, 7, dtype='<f4').reshape(2, 3)) writes.
      const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`;
      expect(bytes.subarray(0, 10).toString('latin1')).toBe('\x93NUMPY\x01\x00v\x00');
      expect(bytes.subarray(10, 128).toString('latin1')).toBe(`${header.padEnd(117)}\n`);
      expect(new Float32Array(bytes.buffer.slice(bytes.byteOffset + 128, bytes.byteOffset + 152))).toEqual(
        Float32Array.of(1, 2, 3, 4, 5, 6),
      );
      await writeNpy(join(folder, 'b.npy'), [3], Int32Array.of(7, 8, 9));
      expect(readFileSync(join(folder, 'b.npy')).toString('latin1')).toContain(
        `'<i4', 'fortran_order': False, 'shape': (3,), }`,
      );
    }));
});
