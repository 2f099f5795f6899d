/**
 * Writes that outlast a disk which refuses them: rows and run cards of work that goes on meanwhile. What the user asks
 * for is not held: it fails at once, with the reason.
 */
import { performance } from 'node:perf_hooks';
import { canBeWritten, isRefusedWrite, withFreeBytes } from '../../../trainer/durable/disk-fault.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';

export interface HeldWrites {
  /** The result of a write; where the disk refuses it, it is made again until the disk takes it. */
  readonly keep: <T>(write: () => Promise<T>) => Promise<T>;
  /** Resolves once the disk that refused a write takes one, or the workstation is closed. */
  readonly untilWritable: (fault: Fault) => Promise<void>;
  /** Why writes are held at the moment; null: none is. */
  readonly fault: () => Fault | null;
  readonly tryNow: () => void;
  /** From now on a refused write is tried for a few seconds only, then its fault is thrown. */
  readonly close: () => void;
}

const tryEveryMs = 5_000;
const closingMs = 5_000;
const closingTryEveryMs = 500;

/** @param tell called with the reason when writes begin to be held, and with null when none is any more */
export function createHeldWrites(tell: (fault: Fault | null) => void): HeldWrites {
  let held = 0;
  let shown: Fault | null = null;
  let deadline = Infinity;
  const wakers = new Set<() => void>();

  async function show(fault: Fault): Promise<void> {
    const told = await withFreeBytes(fault);
    const isNew = shown?.values['path'] !== told.values['path'] || shown?.values['system'] !== told.values['system'];
    if (held === 0) return;
    shown = told;
    if (isNew) tell(told);
  }

  /** Resolves after the time, or when it shall be tried at once. */
  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        wakers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, deadline === Infinity ? tryEveryMs : closingTryEveryMs);
      wakers.add(wake);
    });
  }

  async function whileHeld<T>(work: (hold: (fault: Fault) => Promise<void>) => Promise<T>): Promise<T> {
    let isHeld = false;
    try {
      return await work(async (fault) => {
        if (!isHeld) held += 1;
        isHeld = true;
        await show(fault);
        await pause();
      });
    } finally {
      if (isHeld) held -= 1;
      if (isHeld && held === 0 && shown !== null) {
        shown = null;
        tell(null);
      }
    }
  }

  const tryNow = (): void => {
    for (const wake of [...wakers]) wake();
  };
  return {
    keep: (write) =>
      whileHeld(async (hold) => {
        for (;;) {
          try {
            return await write();
          } catch (error) {
            if (!isRefusedWrite(error) || performance.now() >= deadline) throw error;
            await hold(error.fault);
          }
        }
      }),
    untilWritable: (fault) =>
      whileHeld(async (hold) => {
        do await hold(fault);
        while (deadline === Infinity && !(await canBeWritten(fault)));
      }),
    fault: () => shown,
    tryNow,
    close: () => {
      deadline = performance.now() + closingMs;
      tryNow();
    },
  };
}
