/** What an inspection has shown of the data that makes a run pointless, told before it starts. */
import type { Fault } from '../../../trainer/protocol/fault.ts';
import type { RunConfig } from '../../../trainer/protocol/run.ts';
import type { StoredDataset } from '../store/store.ts';

/** With this part of the images being copies, most pairs of a batch are the same picture. */
const mostCopies = 0.5;

/** Options that count what embeddings are assigned to. */
const assignedTo = ['prototypes', 'words'] as const;

export function dataWarnings(config: RunConfig, datasets: readonly StoredDataset[]): readonly Fault[] {
  if (config.kind !== 'pretrain') return [];
  const dataset = datasets.find((row) => row.fingerprint === config.data.fingerprint);
  const split = dataset?.inspection.splits.find((one) => one.split === config.data.split);
  if (dataset === undefined || split === undefined) return [];
  const { images } = split;
  const warnings: Fault[] = [];
  for (const key of assignedTo) {
    const value = config.method.options[key];
    const count = Math.max(...[value].flat().map(Number));
    if (count > images)
      warnings.push({
        code: 'more-prototypes-than-images',
        message: `${count} prototypes for ${images} images: most of them stay unused. Choose fewer than there are images.`,
        values: { prototypes: count, images },
      });
  }
  const all = dataset.inspection.splits.reduce((sum, one) => sum + one.images, 0);
  const { duplicateCount, leakCount } = dataset.inspection;
  const copies = duplicateCount + leakCount;
  if (copies > mostCopies * all)
    warnings.push({
      code: 'images-alike',
      message: `${copies} of ${all} images are copies of another one: embeddings of equal images are equal, so training collapses.`,
      values: { copies, images: all },
    });
  return warnings;
}
