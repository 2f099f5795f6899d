/** The trainer's work on a disk by a process of its own, killed by the system at each of its calls. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findStrace, killAtEachSystemCall } from './durable/testing/kill-at-calls.ts';
import { recordCases } from './durable/testing/record-cases.ts';
import { trainerScenes } from './testing/disk-scenes.ts';

const strace = findStrace();
const program = join(import.meta.dirname, 'testing', 'disk-scenes.ts');

describe.each(trainerScenes)('$name', (scene) => {
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
