/** Files that a run kept beside its results. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { readKept } from './kept-results.ts';

const folder = mkdtempSync(join(tmpdir(), 'reprise-kept-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('per-image files are unpacked; a missing file is null, a truncated or oversized one is reported', async () => {
  const correct = Uint8Array.from({ length: 10_000 }, (_, at) => Number(at % 7 < 5));
  const packed = gzipSync(correct);
  expect(packed.length).toBeLessThan(correct.length / 8);
  writeFileSync(join(folder, 'top1.bin.gz'), packed);
  writeFileSync(join(folder, 'top1.bin'), correct);
  writeFileSync(join(folder, 'torn.bin.gz'), packed.subarray(0, packed.length - 9));
  writeFileSync(join(folder, 'endless.bin.gz'), gzipSync(Buffer.alloc(10_001)));
  for (const file of ['top1.bin.gz', 'top1.bin'])
    expect(Buffer.compare((await readKept(folder, file, 10_000))!, correct), file).toBe(0);
  expect(await readKept(folder, 'gone.bin.gz')).toBeNull();
  await expect(readKept(folder, 'torn.bin.gz')).rejects.toThrow(/torn\.bin\.gz cannot be unpacked/);
  await expect(readKept(folder, 'endless.bin.gz', 10_000)).rejects.toThrow(/endless\.bin\.gz cannot be unpacked/);
});
