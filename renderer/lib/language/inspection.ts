import type { Inspection } from '../../../trainer/protocol/dataset.ts';

/** One word for the result of an inspection: usable, usable with warnings, or not usable. */
export function verdictOf(inspection: Inspection): 'ok' | 'attention' | 'wrong' {
  const images = inspection.splits.reduce((sum, split) => sum + split.images, 0);
  if (inspection.dataset === null || images === 0) return 'wrong';
  const { rejectCount, leakCount, warnings } = inspection;
  return rejectCount > 0 || leakCount > 0 || warnings.length > 0 ? 'attention' : 'ok';
}
