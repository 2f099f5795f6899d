import { expect, test } from 'vitest';
import type { TrainerEvent } from '../../../trainer/protocol/events.ts';
import { RunProgress } from './run-progress.ts';

const beat = (more: Partial<Extract<TrainerEvent, { type: 'beat' }>>): TrainerEvent => ({
  type: 'beat',
  run: 'run-1',
  attempt: 2,
  sequence: 1,
  at: 1,
  step: 0,
  steps: 0,
  epoch: 0,
  fraction: null,
  samplesPerSecond: null,
  waitShare: null,
  secondsLeft: null,
  secondsLeftSpread: null,
  memoryBytes: 0,
  tensors: 0,
  safeStep: null,
  ...more,
});

test('a resumed run is as safe, and as far, as where it goes on, while it still loads', () => {
  const progress = new RunProgress('run-1', 'cpu', 40);
  progress.hear(beat({}));
  expect(progress.shown()).toMatchObject({ step: 40, steps: null, safeStep: 40 });
  progress.hear(beat({ step: 43, steps: 100, epoch: 0.4 }));
  expect(progress.shown()).toMatchObject({ step: 43, steps: 100, epoch: 0.4, safeStep: 40 });
  progress.hear(beat({ step: 55, steps: 100, safeStep: 50 }));
  expect(progress.shown()).toMatchObject({ step: 55, safeStep: 50 });
});
