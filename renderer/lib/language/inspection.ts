import type { Inspection } from '../../../trainer/protocol/dataset.ts';

/** One word for what a look at a folder found: nothing against it, something to know, or not usable. */
export function verdictOf(inspection: Inspection): 'ok' | 'attention' | 'wrong' {
  const images = inspection.splits.reduce((sum, split) => sum + split.images, 0);
  if (inspection.dataset === null || images === 0) return 'wrong';
  return inspection.rejectCount > 0 || inspection.leakCount > 0 ? 'attention' : 'ok';
}
