/** Frozen features of a run's encoder on one split, as a file for other tools. */
import { resolve } from 'node:path';
import type { StoredDataset, Store } from '../store/store.ts';
import { usualPreprocessing } from '../drafts/preprocessing.ts';
import { sourceOf } from '../data/sources.ts';
import { newestEncoder } from '../drafts/evaluated-encoder.ts';
import type { SideJobs } from '../trainer/side-jobs.ts';
import type { TrainerHost } from '../trainer/trainer-host.ts';
import type { Workspace } from '../workspace/workspace.ts';

export interface FeaturesRequest {
  readonly run: string;
  readonly branch: 0 | 1;
  readonly dataset: Pick<StoredDataset, 'inspection' | 'path' | 'fingerprint'>;
  readonly split: string;
  /** NumPy's .npy. */
  readonly file: string;
}

export async function extractFeatures(
  {
    workspace,
    store,
    host,
    jobs,
  }: {
    readonly workspace: Workspace;
    readonly store: Store;
    readonly host: TrainerHost;
    readonly jobs: SideJobs;
  },
  request: FeaturesRequest,
): Promise<{ readonly file: string; readonly rows: number; readonly columns: number }> {
  const { config, subject } = await newestEncoder(store, request.run, request.branch, workspace.weights);
  const data = sourceOf(request.dataset, request.split);
  const preprocessing = usualPreprocessing(config, request.branch, request.dataset.inspection);
  const { normalization, execution, seed } = config;
  const file = resolve(request.file);
  const job = {
    kind: 'features' as const,
    subject,
    data,
    preprocessing,
    normalization,
    execution,
    seed,
    datasetsFolder: workspace.datasets,
    file,
  };
  const { rows, columns } = await host.hold('features', () => jobs.run(job, 'features'));
  return { file, rows, columns };
}
