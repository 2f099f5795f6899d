/** The window's side of the IPC boundary: asks main, and turns its answer into a value or a fault. */
import type { Answer, Workstation } from '../../electron/api/bridge.ts';
import type { Pushes } from '../../electron/api/pushes.ts';
import type { Requests } from '../../electron/api/requests.ts';
import type { Fault } from '../../trainer/protocol/fault.ts';

declare global {
  interface Window {
    readonly workstation: Workstation;
  }
}

/** A fault as a promise rejection. */
export class Refusal extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.message);
    this.name = 'Refusal';
    this.fault = fault;
  }
}

/**
 * Returns the value, or throws a Refusal with the fault. Arguments must be plain data: keep them in `$state.raw`, since
 * proxies cannot be cloned.
 */
export async function ask<K extends keyof Requests>(
  name: K,
  ...args: Parameters<Requests[K]>
): Promise<ReturnType<Requests[K]>> {
  const request = window.workstation[name] as (
    ...values: Parameters<Requests[K]>
  ) => Promise<Answer<ReturnType<Requests[K]>>>;
  const answer = await request(...args);
  if (!answer.ok) throw new Refusal(answer.fault);
  return answer.value;
}

/** Converts any error to a fault, so that there is one way to show it. */
export function faultOf(error: unknown): Fault {
  if (error instanceof Refusal) return error.fault;
  return { code: 'internal', message: error instanceof Error ? error.message : String(error), values: {} };
}

export function listen<K extends keyof Pushes>(push: K, listener: Pushes[K]): () => void {
  return window.workstation.on(push, listener);
}
