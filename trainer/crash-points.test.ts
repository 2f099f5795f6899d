/** Every call by which the trainer changes a disk, and everything that can go wrong at it. */
import { describe, expect, it } from 'vitest';
import { atEachCall, deaths, refused, refusedInWords, scenesOfThisRun } from './durable/testing/crash-points.ts';
import { recordCases } from './durable/testing/record-cases.ts';
import { trainerScenes } from './testing/disk-scenes.ts';

describe.each(scenesOfThisRun(trainerScenes))('$name', (scene) => {
  it('is done or not done, wherever the process dies or the power goes', { timeout: 600_000 }, async () => {
    const { cases, wrong, calls } = await atEachCall(scene, deaths);
    const how = `${scene.name}: death, torn write and power cut at each of its ${calls.length} calls`;
    recordCases({ promise: 'R2', how, cases, lost: wrong.length });
    expect(wrong).toEqual([]);
    expect(cases).toBeGreaterThanOrEqual(2 * calls.length);
  });

  it(
    'is done or not done, wherever the disk refuses; that is told, and it is done once the disk takes it',
    { timeout: 600_000 },
    async () => {
      const { cases, wrong } = await atEachCall(scene, refused);
      recordCases({
        promise: 'R7',
        how: `${scene.name}: ${refusedInWords} at each call`,
        cases,
        lost: wrong.length,
      });
      expect(wrong).toEqual([]);
      expect(cases).toBeGreaterThan(0);
    },
  );
});
