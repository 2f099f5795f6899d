import type { Inspection } from '../../../trainer/protocol/dataset.ts';

/** One word for the result of an inspection: usable, usable with warnings, or not usable. */
export function verdictOf(inspection: Inspection): 'ok' | 'attention' | 'wrong' {
  const images = inspection.splits.reduce((sum, split) => sum + split.images, 0);
  if (inspection.dataset === null || images === 0) return 'wrong';
  const { rejectCount, leakCount, nearDuplicates, warnings } = inspection;
  const counts = [rejectCount, leakCount, nearDuplicates?.count ?? 0, warnings.length];
  return counts.some((count) => count > 0) ? 'attention' : 'ok';
}
