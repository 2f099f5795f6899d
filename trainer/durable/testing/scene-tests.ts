/** The tests that every scene goes through, the trainer's and the workstation's. */
import { describe, expect, it } from 'vitest';
import { atEachCall, deaths, refused, refusedInWords, scenesOfThisRun, type Scene } from './crash-points.ts';
import { findStrace, killAtEachSystemCall } from './kill-at-calls.ts';
import { recordCases } from './record-cases.ts';

/** Each scene is tried with everything that can go wrong at a call of `node:fs`. */
export function testAtEachCall(scenes: readonly Scene[]): void {
  describe.each(scenesOfThisRun(scenes))('$name', (scene) => {
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
        const how = `${scene.name}: ${refusedInWords} at each call`;
        recordCases({ promise: 'R7', how, cases, lost: wrong.length });
        expect(wrong).toEqual([]);
        expect(cases).toBeGreaterThan(0);
      },
    );
  });
}

/** @param works scenes with the programs that do their work by name: `node PROGRAM NAME FOLDER` */
export function testAtEachSystemCall(works: readonly { readonly scene: Scene; readonly program: string }[]): void {
  const strace = findStrace();
  describe.each(works)('$scene.name', ({ scene, program }) => {
    const how = `${scene.name}: SIGKILL at each of its system calls (strace)`;
    it('is done or not done, wherever its process is killed', { timeout: 3_600_000 }, async ({ skip }) => {
      if (strace === null) {
        recordCases({ promise: 'R2', how, untested: 'there is no strace on this machine' });
        skip('strace is not installed');
      }
      const { cases, wrong } = await killAtEachSystemCall(scene, program);
      recordCases({ promise: 'R2', how, cases, lost: wrong.length });
      expect(wrong).toEqual([]);
      expect(cases).toBeGreaterThan(3);
    });
  });
}
