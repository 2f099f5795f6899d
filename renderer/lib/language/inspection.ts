import type { Inspection } from '../../../trainer/protocol/dataset.ts';

/** One word for the result of an inspection: usable, usable with warnings, or not usable. */
export function verdictOf(inspection: Inspection): 'ok' | 'attention' | 'wrong' {
  const images = inspection.splits.reduce((sum, split) => sum + split.images, 0);
  if (inspection.dataset === null || images === 0) return 'wrong';
  return inspection.rejectCount > 0 || inspection.leakCount > 0 ? 'attention' : 'ok';
}
