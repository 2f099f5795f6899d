/** Memory of a GPU as its driver tells it, by a driver made for the test. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { watchMemory } from './device-memory.ts';

let folder: string;
const used = (mebibytes: string): void =>
  writeFileSync(
    join(folder, 'nvidia-smi'),
    `#!/bin/sh\necho '0, GPU-0, NVIDIA T4, 7.5, 580.65.06, 15360, 9'\necho '1, GPU-1, NVIDIA A100, 8.0, 580.65.06, 40960, ${mebibytes}'\n`,
    { mode: 0o755 },
  );
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-driver-'));
  vi.stubEnv('PATH', [folder, process.env['PATH']].join(delimiter));
  vi.stubEnv('CUDA_VISIBLE_DEVICES', undefined);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test('on a GPU it is what the card holds more than before, without what others hold', () => {
  used('700');
  const memory = watchMemory('gpu:1');
  memory.look();
  used('2748');
  expect(memory.peakBytes()).toBe(2 ** 31);
});

test('where the driver does not tell, it is not known; a card that is not there is a fault', () => {
  used('[N/A]');
  expect(watchMemory('gpu:1').peakBytes()).toBeNull();
  expect(() => watchMemory('gpu:2')).toThrow('names no GPU 2');
});

test('on the processor it is the most that this process held when it was looked at', () => {
  const memory = watchMemory('cpu');
  expect(memory.peakBytes()).toBe(0);
  memory.look();
  expect(memory.peakBytes()).toBeGreaterThan(10 << 20);
});
