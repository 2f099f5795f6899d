import { FaultError } from '../durable/fault-error.ts';

/** Throws the reason the signal was given, or a fault where it was given none. */
export function throwIfCancelled(signal: AbortSignal): void {
  if (!signal.aborted) return;
  const isPlain = signal.reason instanceof DOMException && signal.reason.name === 'AbortError';
  throw isPlain ? new FaultError('cancelled', 'The inspection was cancelled.') : signal.reason;
}
