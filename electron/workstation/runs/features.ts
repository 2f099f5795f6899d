/** Frozen features of an encoder on one split, as a file for other tools. */
import { resolve } from 'node:path';
import type { ResolvedSubject } from '../../../trainer/protocol/commands.ts';
import type { Inspection } from '../../../trainer/protocol/dataset.ts';
import {
  newestResizing,
  resizingOf,
  type Execution,
  type Normalization,
  type Preprocessing,
  type PretrainConfig,
  type Resizing,
} from '../../../trainer/protocol/run.ts';
import type { ImportedWeights } from '../../../trainer/protocol/weights.ts';
import type { Evaluated } from '../../api/drafts.ts';
import type { StoredDataset, Store } from '../store/store.ts';
import { imagesForWeights, usualPreprocessing } from '../drafts/preprocessing.ts';
import { sourceOf } from '../data/sources.ts';
import { newestEncoder, resolveSubject, subjectOf } from '../drafts/evaluated-encoder.ts';
import type { SideJobs } from '../trainer/side-jobs.ts';
import type { TrainerHost } from '../trainer/trainer-host.ts';
import type { Workspace } from '../workspace/workspace.ts';

export interface FeaturesRequest {
  readonly of: Evaluated;
  readonly dataset: Pick<StoredDataset, 'inspection' | 'path' | 'fingerprint'>;
  readonly split: string;
  /** NumPy's .npy. */
  readonly file: string;
}

export interface ExtractedFeatures {
  readonly file: string;
  readonly rows: number;
  readonly columns: number;
  /** Patches, where position embeddings had to be resized. */
  readonly resized?: { readonly from: string; readonly to: string };
}

export interface FeaturesContext {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly host: TrainerHost;
  readonly jobs: SideJobs;
  readonly weights: { readonly get: (id: string) => Promise<ImportedWeights> };
  /** Device, precision and threads for an encoder that no run has chosen them for. */
  readonly execution: () => Promise<Execution>;
}

/** Images as an encoder sees them, and where it is computed. */
export interface Shown {
  readonly preprocessing: Preprocessing;
  readonly normalization: Normalization;
  readonly resizing: Resizing;
  readonly execution: Execution;
}

interface Opened extends Shown {
  readonly subject: ResolvedSubject;
  readonly seed: number;
}

/** Images as a branch of a pretraining sees them where it is evaluated. */
export function shownToRun(config: PretrainConfig, branch: 0 | 1, inspection: Inspection): Shown {
  return {
    preprocessing: usualPreprocessing(config, branch, inspection),
    normalization: config.normalization,
    resizing: resizingOf(config),
    execution: config.execution,
  };
}

async function openEncoder(context: FeaturesContext, { of, dataset }: FeaturesRequest): Promise<Opened> {
  const { store, workspace, weights, execution } = context;
  if (of.kind === 'run') {
    const { run, branch = 0 } = of;
    const { config, subject } = await newestEncoder(store, run, branch, workspace.weights);
    return { subject, ...shownToRun(config, branch, dataset.inspection), seed: config.seed };
  }
  const record = await weights.get(of.weights);
  return {
    subject: await resolveSubject(store, subjectOf(record), new Map(), workspace.weights),
    ...imagesForWeights(record, dataset.inspection),
    resizing: newestResizing,
    execution: await execution(),
    seed: 1,
  };
}

export async function extractFeatures(context: FeaturesContext, request: FeaturesRequest): Promise<ExtractedFeatures> {
  const { workspace, host, jobs } = context;
  const opened = await openEncoder(context, request);
  const data = sourceOf(request.dataset, request.split);
  const file = resolve(request.file);
  const job = { kind: 'features' as const, ...opened, data, datasetsFolder: workspace.datasets, file };
  const { rows, columns, resized } = await host.hold('features', () => jobs.run(job, 'features'));
  return { file, rows, columns, ...(resized === undefined ? {} : { resized }) };
}
