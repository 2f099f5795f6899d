/** Which split of a data set is for what. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Inspection } from '../../../trainer/protocol/dataset.ts';

const trainSplits = ['train', 'training', 'trainval', 'balanced', 'byclass', 'letters', 'digits'];

/** Where no labels are needed, the part of a data set that was gathered for it (STL-10). */
export function pretrainSplit(inspection: Inspection, labels: boolean): string {
  return pickSplit(inspection, [...(labels ? [] : ['unlabeled']), ...trainSplits]);
}
export function trainSplit(inspection: Inspection): string {
  return pickSplit(inspection, trainSplits);
}
/** The split that is trained on where there is no other. */
export function testSplit(inspection: Inspection): string {
  return pickSplit(inspection, ['test', 'val', 'validation', 'train']);
}
function pickSplit(inspection: Inspection, wanted: readonly string[]): string {
  const present = inspection.splits.map((split) => split.split);
  const found = wanted.find((name) => present.includes(name)) ?? present[0];
  if (found === undefined)
    throw new FaultError('empty-dataset', `${inspection.path} holds no images.`, {}, { retry: 'choose-folder' });
  return found;
}
