/** A run's encoder as a file for other programs. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ExportFormat } from '../../trainer/protocol/commands.ts';
import { encoderPath } from '../../trainer/protocol/run.ts';
import type { Store } from './store/store.ts';
import { FaultError } from './fault.ts';
import { newestOf, resolveSubject } from './queue.ts';
import type { SideJobs } from './side-jobs.ts';

export interface WeightsRequest {
  readonly run: string;
  /** Of two encoders that are trained apart. */
  readonly branch: 0 | 1;
  readonly format: ExportFormat;
  /** Null: into the run's folder. */
  readonly file: string | null;
}

export async function exportWeights(
  { store, jobs, version }: { readonly store: Store; readonly jobs: SideJobs; readonly version: string },
  { run: id, branch, format, file: wanted }: WeightsRequest,
): Promise<{ readonly file: string; readonly tensors: number }> {
  const all = new Map((await store.runs()).map((run) => [run.id, run]));
  const run = all.get(id);
  if (run?.config.kind !== 'pretrain')
    throw new FaultError('unknown-id', `There is no pretraining run "${id}".`, { run: id });
  const { encoders, method } = run.config;
  const encoder = encoders[branch];
  if (encoder === undefined)
    throw new FaultError('bad-argument', `Run "${run.title}" trains one encoder, which both branches share.`, {
      branch,
    });
  const { checkpointFolder } = await resolveSubject(store, newestOf(run, branch), all);
  const apart = encoders.length > 1;
  const step = run.safeStep ?? 0;
  const name = [encoder.id, ...(apart ? [`branch-${branch + 1}`] : []), `step-${step}`].join('-');
  const file = wanted ?? join(run.folder, 'exports', `${name}.${format}`);
  await mkdir(dirname(file), { recursive: true });
  const about = {
    ...{ program: `Reprise ${version}`, run: run.id, title: run.title, step: String(step), method: method.id },
    ...{ encoder: JSON.stringify(encoder), layout: 'torchvision' },
  };
  const path = encoderPath(encoders.length, branch);
  const job = { kind: 'export' as const, checkpointFolder: checkpointFolder!, path, file, format, about };
  const { tensors } = await jobs.run(job, 'export');
  return { file, tensors };
}
