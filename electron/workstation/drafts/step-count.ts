/** Number of steps of a pretraining. */
import type { PretrainConfig, RunConfig } from '../../../trainer/protocol/run.ts';
import type { StoredDataset } from '../store/store.ts';

/** Optimisation steps of a pretraining: whole batches where the last is dropped, as is always one of a single image. */
export function stepsOf(config: PretrainConfig, images: number): number {
  const isDropped = config.dropLast || images % config.batch === 1;
  const stepsPerEpoch = isDropped ? Math.floor(images / config.batch) : Math.ceil(images / config.batch);
  return Math.max(1, Math.round(config.epochs * stepsPerEpoch));
}

/** Optimisation steps for a run's data set; null if that is not known, or the run is not a pretraining. */
export function stepsFor(config: RunConfig, datasets: readonly StoredDataset[]): number | null {
  if (config.kind !== 'pretrain') return null;
  const dataset = datasets.find((row) => row.fingerprint === config.data.fingerprint || row.path === config.data.path);
  const split = dataset?.inspection.splits.find((one) => one.split === config.data.split);
  return split === undefined ? null : stepsOf(config, split.images);
}
