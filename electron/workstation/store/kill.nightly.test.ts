import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recordCases } from '../../../trainer/durable/testing/record-cases.ts';
import { killRepeatedly, leastAnswers, pointsPerCall } from './testing/kill-store.ts';

test(
  'R11: 200 times killed while writing, no acknowledged row is lost and the file is whole',
  { timeout: 1_800_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'reprise-kill-'));
    try {
      const report = await killRepeatedly(folder, 200, (kill) => 5 + ((kill * 37) % 250));
      console.log(`${report.kills} kills, ${report.acknowledged} rows acknowledged, ${report.lost} lost`);
      const how = '200 kills of the process that writes the database: every acknowledged row is there';
      recordCases({
        promise: 'R11',
        how,
        cases: report.kills,
        lost: report.lost + report.halves + report.damaged.length,
      });
      expect(report).toMatchObject({ kills: 200, lost: 0, damaged: [], halves: 0 });
      expect(report.acknowledged).toBeGreaterThanOrEqual(200 * leastAnswers * pointsPerCall);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
