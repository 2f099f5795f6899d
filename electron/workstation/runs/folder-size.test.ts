import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createFolderSizes } from './folder-size.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-size-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('remembers a size for a while, but not from before the run ended', async () => {
  let now = 1000;
  const sizes = createFolderSizes(() => now);
  writeFileSync(join(folder, 'events.ndjson'), 'x'.repeat(10));
  expect(await sizes.of(folder, 5000, 0)).toBe(10);
  writeFileSync(join(folder, 'tensors.bin'), 'x'.repeat(100));
  now = 2000;
  expect(await sizes.of(folder, 5000, 0)).toBe(10);
  expect(await sizes.of(folder, 60_000, 1500)).toBe(110);
  rmSync(join(folder, 'tensors.bin'));
  now = 7001;
  expect(await sizes.of(folder, 5000, 1500)).toBe(10);
});
