/** Choice of splits. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Inspection } from '../../../trainer/protocol/dataset.ts';

const trainSplits = ['train', 'training', 'trainval', 'balanced', 'byclass', 'letters', 'digits'];

/** The split to pretrain on; without labels, the unlabeled one if there is one (STL-10). */
export function pretrainSplit(inspection: Inspection, labels: boolean): string {
  return pickSplit(inspection, [...(labels ? [] : ['unlabeled']), ...trainSplits]);
}
export function trainSplit(inspection: Inspection): string {
  return pickSplit(inspection, trainSplits);
}
/** The split to test on; the training split if there is no other. */
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
