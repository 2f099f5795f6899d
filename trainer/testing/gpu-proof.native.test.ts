/**
 * The proof for machines with a GPU, run dry on a processor: the command a person types, every stage in small sizes. It loads
 * TensorFlow in ten processes one after another, a minute on two idle cores.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const measured = join(root, 'bench/results/gpu.md');

it('every stage holds on a processor, and no figure of it is taken for a GPU’s', () => {
  const before = existsSync(measured) ? readFileSync(measured, 'utf8') : null;
  const words = [join(root, 'scripts', 'gpu-proof.mjs'), '--device', 'cpu'];
  // A Python that is not there: what this machine has of PyTorch would change what is run.
  const env = { ...process.env, REPRISE_PYTHON: join(root, 'no-python') };
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, env, encoding: 'utf8' });
  expect(status, `${stdout}\n${stderr.slice(-2000)}`).toBe(0);
  expect(stdout).toMatch(/^1\/7 Loading; about \d+ (s|min) left in all$/m);
  const path = /^The report: (.+)$/m.exec(stdout)![1]!;
  const report = readFileSync(path, 'utf8');
  rmSync(dirname(path), { recursive: true });
  expect(report).toContain('# Dry run on a processor: its figures say nothing about a GPU');
  expect(report).toContain('nothing is compared with it');
  expect(report.match(/^## /gm)).toHaveLength(7);
  expect(report).toMatch(/^\| vicreg +\| float32 +\| \d+ +\| none +\| 0\.0e\+0 +\| 0\.0e\+0 +\|$/m);
  expect(report).toMatch(/^\| Reprise, XLA \| float32 +\| [\d.]+ +\| \d+ +\| [\d.]+ +\|$/m);
  expect(report).toContain('that of a run left alone, to the last bit.');
  // A report from a card stays what it was.
  expect(existsSync(measured) ? readFileSync(measured, 'utf8') : null).toBe(before);
}, 900_000);
