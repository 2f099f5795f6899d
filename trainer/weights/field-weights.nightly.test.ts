/** Files that the installed PyTorch writes now, beside those kept here: every form, every protocol, to the bit. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, expect, test } from 'vitest';
import { checkWeights, expectedIn } from '../testing/field/weights/check-weights.ts';

const folder = mkdtempSync(join(tmpdir(), 'field-weights-nightly-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the files of the installed PyTorch are read as it reads them', async () => {
  const peers = process.env['REPRISE_PEERS'];
  if (peers === undefined) throw new Error('REPRISE_PEERS names no Python environment: use "npm run test:nightly".');
  const script = join(import.meta.dirname, '../testing/field/weights/make.py');
  execFileSync(join(peers, 'bin', 'python'), [script, folder, 'all'], { stdio: 'inherit' });
  const expected = Object.entries(expectedIn(folder));
  expect(expected.length).toBeGreaterThan(24);
  for (const [name, wanted] of expected) await checkWeights(folder, name, wanted);
});
