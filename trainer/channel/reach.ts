/** Waits for data that went away while it was used: a file that was removed, a disk or a network folder that is gone. */
import { open, readdir } from 'node:fs/promises';
import { setTimeout as after } from 'node:timers/promises';
import type { FaultError } from '../durable/fault-error.ts';
import type { Ask } from './ask-queue.ts';
import { hold } from './hold.ts';
import { StopAsked } from './stop-asked.ts';
import type { Port } from './port.ts';

export interface Reach {
  /** Wall clock when the job began: a file written later is not the one that it was given. */
  readonly startedAt: number;
  /** How often it has waited. */
  holds(): number;
  /** Milliseconds spent waiting. */
  heldMs(): number;
  /**
   * Pauses until what a fault names can be read again, or `look` says so, or a person wants it tried at once.
   *
   * @throws StopAsked the command to stop is left for who is above
   */
  back(error: FaultError, look?: () => Promise<boolean>): Promise<void>;
}

export interface ReachOptions {
  readonly port: Port;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
  readonly startedAt: number;
  /** Time between two looks. */
  readonly everyMs?: number;
}

const lookEveryMs = 5_000;
/** A look at a network folder that does not answer may never end; until it has, it counts as failed. */
const longestLookMs = 1_000;

/** True if something of it can be read: of a file its beginning, of a folder its names. */
async function isReadable(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'r');
    try {
      if ((await file.stat()).isDirectory()) return (await readdir(path)).length > 0;
      await file.read(Buffer.alloc(4096), 0, 4096, 0);
      return true;
    } finally {
      await file.close();
    }
  } catch {
    return false;
  }
}

/** Looks at a path, one look at a time. */
function lookAt(path: string): () => Promise<boolean> {
  let looking: Promise<boolean> | null = null;
  return () => {
    looking ??= isReadable(path).finally(() => (looking = null));
    return Promise.race([looking, after(longestLookMs, false)]);
  };
}

export function openReach({ port, clock, startedAt, everyMs = lookEveryMs }: ReachOptions): Reach {
  let holds = 0;
  let heldMs = 0;
  let told = '';

  return {
    startedAt,
    holds: () => holds,
    heldMs: () => heldMs,
    async back(error, look) {
      const { fault } = error;
      const path = String(fault.values['path'] ?? '');
      const phase = port.phase();
      const others: Ask[] = [];
      const began = clock();
      // A disk that fails at every attempt to read it is told of once.
      if (told !== fault.message) port.log('attention', fault.code, fault.message, fault.values);
      told = fault.message;
      const verdict = await hold(port, {
        reason: fault,
        everyMs,
        look: look ?? lookAt(path),
        other: async (ask) => void others.push(ask),
      });
      holds += 1;
      heldMs += clock() - began;
      for (const ask of others) port.hear(ask);
      if (verdict !== 'go') {
        port.hear({ type: verdict });
        throw new StopAsked();
      }
      if (phase) port.send(phase);
    },
  };
}
