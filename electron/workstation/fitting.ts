/** Which evaluators can measure on a data set: those that need no more of an image than it says. */
import type { Catalogue } from '../../trainer/protocol/catalogue.ts';
import type { Inspection } from '../../trainer/protocol/dataset.ts';

export type EvaluatorDescription = Catalogue['evaluators'][number];

export function fittingEvaluators(inspection: Inspection, { evaluators }: Catalogue): readonly EvaluatorDescription[] {
  const told = toldOf(inspection);
  return evaluators.filter(({ targets = 'class' }) => targets === 'none' || targets === told);
}

/** What a data set says of an image. */
export function toldOf({ severalClasses, splits }: Inspection): 'class' | 'presence' | 'nothing' {
  if (severalClasses === true) return 'presence';
  return splits.some(({ perClass }) => perClass.length > 0) ? 'class' : 'nothing';
}
