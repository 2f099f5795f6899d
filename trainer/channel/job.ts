/** What every job shares: how it hears that it shall stop, and how it says how far it is. */
import process from 'node:process';
import { setImmediate as macrotask } from 'node:timers/promises';
import type { Job } from '../protocol/commands.ts';
import { hold } from './hold.ts';
import type { MessageOf, Port } from './port.ts';
import type { Reach } from './reach.ts';
import { StopAsked } from './stop-asked.ts';

export { StopAsked };

export type JobOf<K extends Job['kind']> = Extract<Job, { kind: K }>;
export type Ending = Pick<MessageOf<'stopped'>, 'why' | 'step' | 'safeStep'>;

export interface JobContext {
  readonly port: Port;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
  /** Waits for data that went away; absent where a job ends with the fault instead. */
  readonly reach?: Reach;
}

const beatEveryMs = 250;

export interface Pace {
  readonly secondsLeft: number | null;
  readonly bytesPerSecond?: number;
}

export interface ProgressPlace {
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  readonly safeStep: number | null;
  readonly tensors: () => number;
  /** Where pieces of the work take unlike times: how much is left, and how fast bytes come. Default: by the fraction. */
  readonly pace: (() => Pace) | null;
  /** False inside a training, whose loop takes the commands at its own boundary. */
  readonly obeys: boolean;
}

const nowhere: ProgressPlace = {
  step: 0,
  steps: 0,
  epoch: 0,
  safeStep: null,
  tensors: () => 0,
  pace: null,
  obeys: true,
};

/**
 * Tells how far a piece of work is, 0 to 1, at most four times a second, and lets commands in. A pause holds the work
 * here; a stop ends it with `StopAsked`.
 */
export function progressOf({ port, clock }: JobContext, place: Partial<ProgressPlace> = {}) {
  const { obeys, tensors, pace, ...where } = { ...nowhere, ...place };
  /** Work that goes on where it was cut off does not begin at 0. */
  let began: { readonly at: number; readonly fraction: number } | null = null;
  let beatAt = -Infinity;

  function beat(fraction: number): void {
    beatAt = clock();
    began ??= { at: beatAt, fraction };
    const done = fraction - began.fraction;
    const secondsLeft = done > 0 ? ((beatAt - began.at) / 1000 / done) * (1 - fraction) : null;
    port.send({
      type: 'beat',
      ...where,
      fraction,
      samplesPerSecond: null,
      waitShare: null,
      ...(pace === null ? { secondsLeft } : pace()),
      secondsLeftSpread: null,
      memoryBytes: process.memoryUsage.rss(),
      tensors: tensors(),
    });
  }

  return async function progress(fraction: number): Promise<void> {
    if (clock() - beatAt >= beatEveryMs) beat(Math.min(Math.max(fraction, 0), 1));
    await macrotask();
    if (!obeys) return;
    for (let ask = port.take(); ask; ask = port.take()) {
      if (ask.type === 'stop' || ask.type === 'disconnect') throw new StopAsked();
      if (ask.type !== 'pause') continue;
      const phase = port.phase();
      if ((await hold(port, { beat: () => beat(fraction) })) !== 'go') throw new StopAsked();
      if (phase) port.send(phase);
    }
  };
}
export type Progress = ReturnType<typeof progressOf>;
