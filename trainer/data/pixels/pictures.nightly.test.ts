/** New pictures in every format, drawn and read by Pillow, against our pixels. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, expect, it } from 'vitest';
import { readPictures, rightVerdicts, verdictOn } from '../testing/golden-pictures.ts';

const rounds = 20;
const folder = mkdtempSync(join(tmpdir(), 'pictures-nightly-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('are as Pillow reads them', async () => {
  const peers = process.env['REPRISE_PEERS'];
  if (peers === undefined) throw new Error('REPRISE_PEERS names no Python environment: use "npm run test:nightly".');
  const script = join(import.meta.dirname, '../golden/pictures.py');
  const first = Number(process.env['REPRISE_PROPERTY_SEED'] ?? 1);
  for (let seed = first; seed < first + rounds; seed++) {
    const path = join(folder, `${seed}.json`);
    execFileSync(join(peers, 'bin', 'python'), [script, String(seed), path], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    for (const each of readPictures(path).cases) {
      expect(rightVerdicts(each.name), `${each.name} of seed ${seed}`).toContain(await verdictOn(each));
    }
  }
}, 600_000);
