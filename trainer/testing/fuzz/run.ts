/** Has readers fuzzed by a process of their own. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';

export interface Fuzzed {
  readonly name: string;
  readonly read: number;
  readonly refused: number;
  /** Peak of the process so far, in KiB. */
  readonly maxRSS: number;
}

/** What a process may take in all: the largest bound of a reader, and what is not collected yet. */
const mostKiB = 1 << 20;

/** All readers have come to an end within their memory. */
export function expectBounded(fuzzed: readonly Fuzzed[], names: readonly string[]): void {
  expect(fuzzed.map(({ name }) => name)).toEqual(names);
  expect(Math.max(...fuzzed.map(({ maxRSS }) => maxRSS))).toBeLessThan(mostKiB);
  // Damage that leaves everything as it was, or nothing to be read, shows nothing.
  for (const { name, read, refused } of fuzzed)
    expect([name, read > 0, read + refused > 0]).toEqual([name, true, true]);
}

/** JavaScript's own memory; buffers lie beside it. */
const heapMiB = 1024;
/** A reader that never ends is ended: far beyond what any machine takes for the cases. */
const longestMs = 3_000_000;

/** @throws with what the process said last, if a case failed, the process died or did not end */
export async function fuzz(names: readonly string[], seed: number, cases: number): Promise<readonly Fuzzed[]> {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  try {
    const program = join(import.meta.dirname, 'child.ts');
    const words = [`--max-old-space-size=${heapMiB}`, '--no-warnings', program, folder, String(seed), String(cases)];
    const child = spawn(process.execPath, [...words, ...names], { timeout: longestMs, killSignal: 'SIGKILL' });
    const ended = new Promise<string>((resolve) => child.on('exit', (code, signal) => resolve(String(code ?? signal))));
    const [said, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const end = await ended;
    if (end !== '0')
      throw new Error(`The process ended with ${end} (seed ${seed}).\n${said}\n${errors.slice(0, 4000)}`);
    return said.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Fuzzed] : []));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
