/** Holds the work until a command says how it goes on, or what it waits for is there. The only way to be paused. */
import type { Fault } from '../protocol/fault.ts';
import type { Ask } from './ask-queue.ts';
import type { Port } from './port.ts';

/** How often a held job shows that it lives. */
const heldBeatMs = 10_000;

export interface HoldOptions {
  /** Why it is held, where nobody asked for it. */
  readonly reason?: Fault;
  /** Time between two looks, or two beats. */
  readonly everyMs?: number;
  /** True once what it waits for is there. */
  look?(): Promise<boolean>;
  /** Called while nothing happens. */
  beat?(): void;
  /** Called with a command that has nothing to do with the pause. */
  other?(ask: Ask): Promise<void>;
}

/** Announces the pause and waits. 'go': told to continue, or found that it can; else why it stops. */
export async function hold(port: Port, options: HoldOptions = {}): Promise<'go' | 'stop' | 'disconnect'> {
  const { reason, everyMs = heldBeatMs } = options;
  port.send({ type: 'phase', phase: 'paused', quietForMs: 6 * heldBeatMs, ...(reason && { reason }) });
  for (;;) {
    await port.wait(everyMs);
    const ask = port.take();
    if (ask === null) {
      if ((await options.look?.()) === true) return 'go';
      options.beat?.();
    } else if (ask.type === 'stop' || ask.type === 'disconnect') return ask.type;
    else if (ask.type === 'resume') return 'go';
    else await options.other?.(ask);
  }
}
