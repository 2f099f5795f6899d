/** New masks and detections, drawn and measured by pycocotools, against our figures. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, expect, it } from 'vitest';
import { deviationOf, figuresHere, measuredHere, readGoldenCoco } from './testing/golden-coco.ts';

const rounds = 10;
const folder = mkdtempSync(join(tmpdir(), 'coco-nightly-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('are as pycocotools measures them', () => {
  const peers = process.env['REPRISE_PEERS'];
  if (peers === undefined) throw new Error('REPRISE_PEERS names no Python environment: use "npm run test:nightly".');
  const script = join(import.meta.dirname, 'golden/coco.py');
  const first = Number(process.env['REPRISE_PROPERTY_SEED'] ?? 1);
  for (let seed = first; seed < first + rounds; seed++) {
    const path = join(folder, `${seed}.json`);
    execFileSync(join(peers, 'bin', 'python'), [script, String(seed), path], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const golden = readGoldenCoco(path);
    for (const each of golden.masks) {
      const { rings, ...expected } = each;
      expect(measuredHere(each), `${JSON.stringify(rings)} of seed ${seed}`).toEqual(expected);
    }
    for (const each of golden.cases)
      for (const of of ['boxes', 'masks'] as const)
        expect(deviationOf(each[of], figuresHere(each, of)), `${of}, ${each.name} of seed ${seed}`).toBeLessThan(1e-12);
  }
}, 600_000);
