/** Is the trainer alive? Silence is judged by what the trainer itself said of the phase it is in. Nothing is ever killed for it. */
import type { Phase } from '../../../trainer/protocol/events.ts';
import type { Progress } from '../../api/runs.ts';

/** A late beat is slow, two are silent. A paused trainer has nothing to say. */
export function livenessOf(phase: Phase | null, silentMs: number, quietForMs: number): Progress['liveness'] {
  if (phase === 'paused' || silentMs <= quietForMs) return 'alive';
  return silentMs <= 2 * quietForMs ? 'slow' : 'silent';
}
