/** Exports a run's encoder as a file for other programs. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { encoderPath } from '../../../trainer/protocol/run.ts';
import type { WeightsFormat } from '../../../trainer/protocol/weights.ts';
import { newestEncoder } from '../drafts/evaluated-encoder.ts';
import type { Store } from '../store/store.ts';
import type { SideJobs } from '../trainer/side-jobs.ts';
import type { Workspace } from '../workspace/workspace.ts';

export interface ExportRequest {
  readonly run: string;
  /** Branch, if two encoders are trained separately. */
  readonly branch: 0 | 1;
  readonly format: WeightsFormat;
  /** Null for the run's folder. */
  readonly file: string | null;
}

export interface ExportedEncoder {
  readonly file: string;
  readonly tensors: number;
}

interface ExportSources {
  readonly store: Store;
  readonly jobs: SideJobs;
  readonly workspace: Pick<Workspace, 'weights'>;
  readonly version: string;
}

/** Writes the encoder of a run's newest checkpoint, named for its architecture and step. */
export async function exportEncoder(
  { store, jobs, workspace, version }: ExportSources,
  { run: id, branch, format, file: wanted }: ExportRequest,
): Promise<ExportedEncoder> {
  const { run, config, encoder, subject } = await newestEncoder(store, id, branch, workspace.weights);
  const { encoders, method } = config;
  const apart = encoders.length > 1;
  const step = run.safeStep ?? 0;
  const name = [encoder.id, ...(apart ? [`branch-${branch + 1}`] : []), `step-${step}`].join('-');
  const file = wanted ?? join(run.folder, 'exports', `${name}.${format}`);
  await mkdir(dirname(file), { recursive: true });
  const about = {
    program: `Reprise ${version}`,
    run: run.id,
    title: run.title,
    step: String(step),
    method: method.id,
    encoder: JSON.stringify(encoder),
    layout: 'torchvision',
  };
  const path = encoderPath(encoders.length, branch);
  const job = { kind: 'export' as const, checkpointFolder: subject.checkpointFolder!, path, file, format, about };
  const { tensors } = await jobs.run(job, 'export');
  return { file, tensors };
}
