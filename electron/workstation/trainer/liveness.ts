/** Liveness of the trainer: compares its silence with what it announced for its phase. Never kills anything. */
import type { Phase } from '../../../trainer/protocol/events.ts';
import type { Progress } from '../../api/runs.ts';

/** One late beat means slow, two mean silent. A paused trainer sends none. */
export function livenessOf(phase: Phase | null, silentMs: number, quietForMs: number): Progress['liveness'] {
  if (phase === 'paused' || silentMs <= quietForMs) return 'alive';
  return silentMs <= 2 * quietForMs ? 'slow' : 'silent';
}
