/** Evaluators that fit a data set: those whose requirements it meets. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Inspection } from '../../../trainer/protocol/dataset.ts';
import type { DataSource } from '../../../trainer/protocol/run.ts';
import { testSplit, trainSplit } from './splits.ts';

export type EvaluatorDescription = Catalogue['evaluators'][number];

export function fittingEvaluators(inspection: Inspection, { evaluators }: Catalogue): readonly EvaluatorDescription[] {
  const isTested = inspection.splits.length > 1 && trainSplit(inspection) !== testSplit(inspection);
  return evaluators.filter((one) => (one.targets === 'none' || isTested) && isToldTo(one, inspection));
}

/** True if a data set has the labels, or the boxes, that an evaluator requires. */
export function isToldTo({ targets = 'class' }: EvaluatorDescription, inspection: Inspection): boolean {
  if (targets === 'objects') return splitsWithoutObjects(inspection).length === 0;
  return targets === 'none' || targets === toldOf(inspection);
}

/** Those of the splits that evaluations read in which no objects are annotated. */
export const splitsWithoutObjects = (inspection: Inspection): readonly string[] =>
  [...new Set([trainSplit(inspection), testSplit(inspection)])].filter(
    (name) => !inspection.splits.some(({ split, objects }) => split === name && objects !== undefined),
  );

/** The kind of labels in a data set. */
export function toldOf({ severalClasses, splits }: Inspection): 'class' | 'presence' | 'nothing' {
  if (severalClasses === true) return 'presence';
  return splits.some(({ perClass }) => perClass.length > 0) ? 'class' : 'nothing';
}

/** Rejects evaluation on training images, which is meaningless: k-NN finds each image as its own neighbour. */
export function expectOtherImages({ title, targets }: EvaluatorDescription, train: DataSource, test: DataSource): void {
  const where = ({ dataset, path, split, subset }: DataSource) => JSON.stringify([dataset, path, split, subset]);
  if (targets === 'none' || where(train) !== where(test)) return;
  throw new FaultError(
    'no-test-split',
    `${title} would be measured on the images it learns from, the split "${test.split}" of ${test.path}. Put some images of each class into a folder "test" beside "${test.split}", and add the data set again.`,
    { path: test.path, split: test.split },
  );
}
