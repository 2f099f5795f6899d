/** Exports an encoder, of a run or imported, as a file for other programs. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Choice } from '../../../trainer/protocol/options.ts';
import { encoderPath } from '../../../trainer/protocol/run.ts';
import type { ImportedWeights, WeightsFormat } from '../../../trainer/protocol/weights.ts';
import type { Evaluated } from '../../api/drafts.ts';
import { newestEncoder, resolveSubject, subjectOf } from '../drafts/evaluated-encoder.ts';
import type { Store } from '../store/store.ts';
import type { SideJobs } from '../trainer/side-jobs.ts';
import type { Workspace } from '../workspace/workspace.ts';

export interface ExportRequest {
  readonly of: Evaluated;
  readonly format: WeightsFormat;
  /** Null for the folder of the run or of the weights. */
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

/** An encoder to write: where it is, what its file is called, and what is said in it. */
interface Exported {
  readonly checkpointFolder: string;
  readonly path: string;
  readonly folder: string;
  readonly name: string;
  readonly encoder: Choice;
  readonly about: Readonly<Record<string, string>>;
}

async function ofRun(
  { store, workspace }: ExportSources,
  { run: id, branch = 0 }: Extract<Evaluated, { kind: 'run' }>,
): Promise<Exported> {
  const { run, config, encoder, subject } = await newestEncoder(store, id, branch, workspace.weights);
  const { encoders, method } = config;
  const step = run.safeStep ?? 0;
  return {
    checkpointFolder: subject.checkpointFolder!,
    path: encoderPath(encoders.length, branch),
    folder: run.folder,
    name: [encoder.id, ...(encoders.length > 1 ? [`branch-${branch + 1}`] : []), `step-${step}`].join('-'),
    encoder,
    about: { run: run.id, title: run.title, step: String(step), method: method.id },
  };
}

async function ofWeights({ store, workspace }: ExportSources, record: ImportedWeights): Promise<Exported> {
  const { id, name, encoder, file, network } = record;
  const { checkpointFolder } = await resolveSubject(store, subjectOf(record), new Map(), workspace.weights);
  return {
    checkpointFolder: checkpointFolder!,
    path: encoderPath(1, 0),
    folder: join(workspace.weights, id),
    name: `${encoder.id}-${id}`,
    encoder,
    about: { weights: id, title: name, file, network, method: record.origin.method ?? '' },
  };
}

/** Writes the encoder of a run's newest checkpoint, named for its architecture and step, or imported weights. */
export async function exportEncoder(
  sources: ExportSources,
  { of, format, file: wanted }: ExportRequest,
  weightsOf: (id: string) => Promise<ImportedWeights>,
): Promise<ExportedEncoder> {
  const exported = of.kind === 'run' ? await ofRun(sources, of) : await ofWeights(sources, await weightsOf(of.weights));
  const { checkpointFolder, path, folder, name, encoder } = exported;
  if (encoder.id === 'resnet-caffe2')
    throw new FaultError(
      'not-available',
      "The stride of this network's bottlenecks is in their first 1x1, where torchvision's, in whose names encoders are exported, have it in the 3x3: a file of it would give other features there. Use the file that it came from.",
    );
  const file = wanted ?? join(folder, 'exports', `${name}.${format}`);
  await mkdir(dirname(file), { recursive: true });
  const about = {
    program: `Reprise ${sources.version}`,
    ...exported.about,
    encoder: JSON.stringify(encoder),
    layout: 'torchvision',
  };
  const job = { kind: 'export' as const, checkpointFolder, path, file, format, about };
  const { tensors } = await sources.jobs.run(job, 'export');
  return { file, tensors };
}
