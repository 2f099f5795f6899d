/** The next step that a run offers is one that can succeed. */
import { expect, test } from 'vitest';
import type { RunRow } from '../../../electron/api/runs.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import { nextStep, secondsTaken } from './run-list.ts';

const ended = (status: RunRow['status'], fault: Pick<Fault, 'code' | 'retry'> | null) =>
  nextStep({ status, fault: fault && { message: '', values: {}, ...fault } });

test.each([
  ['interrupted, the machine died', 'interrupted', { code: 'trainer-died', retry: 'resume' }, 'resume'],
  ['stopped by a person', 'stopped', null, 'resume'],
  [
    'more damaged images than allowed: resuming accepts them',
    'failed',
    { code: 'too-many-damaged', retry: 'resume' },
    'resume',
  ],
  ['a disk that was full', 'failed', { code: 'disk-full', retry: 'free-space' }, 'resume'],
  ['a loss that is not finite, which comes again', 'failed', { code: 'diverged' }, 'change'],
  ['too little memory', 'failed', { code: 'out-of-memory', retry: 'smaller-batch' }, 'change'],
  ['a value that is refused', 'failed', { code: 'bad-argument' }, 'change'],
  ['a folder that is gone', 'failed', { code: 'not-found', retry: 'choose-folder' }, 'find-data'],
  ['done', 'done', null, null],
  ['running', 'running', null, null],
] as const)('%s', (_name, status, fault, step) => {
  expect(ended(status, fault)).toBe(step);
});

test('a run takes no time that a clock which was set back would make negative', () => {
  expect(secondsTaken({ startedAt: 1000, endedAt: 61_000 })).toBe(60);
  expect(secondsTaken({ startedAt: 61_000, endedAt: 1000 })).toBeNull();
  expect(secondsTaken({ startedAt: 1000, endedAt: null })).toBeNull();
});
