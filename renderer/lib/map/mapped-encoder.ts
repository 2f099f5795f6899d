/** The encoder that a run's page leads to a map of. */
import type { Evaluated } from '../../../electron/api/drafts.ts';
import type { RunRow } from '../../../electron/api/runs.ts';
import type { RunConfig } from '../../../trainer/protocol/run.ts';

/** The run's own, or the one that it evaluates; null of a random encoder and of pixels. */
export function mappedEncoder(row: Pick<RunRow, 'id' | 'subject'>, config: RunConfig): Evaluated | null {
  if (config.kind === 'pretrain') return { kind: 'run', run: row.id };
  if (row.subject !== null) return { kind: 'run', run: row.subject };
  return config.subject.kind === 'weights' ? { kind: 'weights', weights: config.subject.weights } : null;
}
