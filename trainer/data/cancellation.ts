import { FaultError } from '../durable/fault-error.ts';

/** Throws the signal's reason, or a fault if it has none. */
export function throwIfCancelled(signal: AbortSignal): void {
  if (!signal.aborted) return;
  const isPlain = signal.reason instanceof DOMException && signal.reason.name === 'AbortError';
  throw isPlain ? new FaultError('cancelled', 'The inspection was cancelled.') : signal.reason;
}
