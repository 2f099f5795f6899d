import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { killRepeatedly, leastAnswers, pointsPerCall } from './testing/kill-store.ts';

test(
  'R11: 200 times killed while writing, no acknowledged row is lost and the file is whole',
  { timeout: 1_800_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'reprise-kill-'));
    try {
      const report = await killRepeatedly(folder, 200, (kill) => 5 + ((kill * 37) % 250));
      console.log(`${report.kills} kills, ${report.acknowledged} rows acknowledged, ${report.lost} lost`);
      expect(report).toMatchObject({ kills: 200, lost: 0, damaged: [], halves: 0 });
      expect(report.acknowledged).toBeGreaterThanOrEqual(200 * leastAnswers * pointsPerCall);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
