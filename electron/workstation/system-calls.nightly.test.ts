/** The workstation's work on a disk, SQLite's included, by a process of its own, killed by the system at each of its calls. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Scene } from '../../trainer/durable/testing/crash-points.ts';
import { findStrace, killAtEachSystemCall } from '../../trainer/durable/testing/kill-at-calls.ts';
import { recordCases } from '../../trainer/durable/testing/record-cases.ts';
import { storeScenes } from './store/testing/store-scenes.ts';
import { workspaceScenes } from './testing/disk-scenes.ts';

const strace = findStrace();
const of = (scenes: readonly Scene[], ...program: readonly string[]) =>
  scenes.map((scene) => ({ name: scene.name, scene, program: join(import.meta.dirname, ...program) }));
const works = [
  ...of(storeScenes, 'store', 'testing', 'store-scenes.ts'),
  ...of(workspaceScenes, 'testing', 'disk-scenes.ts'),
];

describe.each(works)('$name', ({ scene, program }) => {
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
