/** The encoder under evaluation: a checkpoint of a run, or imported weights. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResolvedSubject } from '../../../trainer/protocol/commands.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { ImportedWeights } from '../../../trainer/protocol/weights.ts';
import type { Subject } from '../../../trainer/protocol/run.ts';
import { expectEncoder } from './check-config.ts';
import type { Store, StoredRun } from '../store/store.ts';

/** A pretraining run and a branch's encoder from its newest complete checkpoint, even if the run is not finished. */
export async function newestEncoder(store: Store, id: string, branch: 0 | 1, weightsFolder: string) {
  const all = new Map((await store.runs()).map((run) => [run.id, run]));
  const run = all.get(id);
  if (run?.config.kind !== 'pretrain')
    throw new FaultError('unknown-id', `There is no pretraining run "${id}".`, { run: id });
  const { config } = run;
  const encoder = expectEncoder(run.title, config, branch);
  const newest = { kind: 'run', run: id, checkpoint: run.safeStep ?? 'last', branch } as const;
  return { run, config, encoder, subject: await resolveSubject(store, newest, all, weightsFolder) };
}

/** The subject of an evaluation of these weights, with what its report has to state of them. */
export function subjectOf(weights: ImportedWeights): Extract<Subject, { kind: 'weights' }> {
  const { id, name, encoder, origin, network, networks, why, norms, detector } = weights;
  const others = networks.map((one) => one.name).filter((one) => one !== network);
  const isDoubtful = norms !== null && (norms.verdict !== 'fits' || norms.scaling !== 'imagenet');
  return {
    kind: 'weights',
    weights: id,
    name,
    encoder,
    origin,
    ...(others.length === 0 ? {} : { network: { name: network, why, others } }),
    ...(isDoubtful ? { norms } : {}),
    ...(detector && { detector: { evaluator: detector.evaluator, classes: detector.classes } }),
  };
}

/** The checkpoint in which imported weights are stored. */
async function weightsCheckpoint(folder: string, { weights, name }: Extract<Subject, { kind: 'weights' }>) {
  const checkpoint = join(folder, weights, 'checkpoints', '000000');
  if ((await stat(checkpoint).catch(() => null)) !== null) return checkpoint;
  throw new FaultError('subject-missing', `The weights "${name}" are no longer in this workspace.`, { weights });
}

/** Locates the encoder under evaluation. */
export async function resolveSubject(
  store: Store,
  subject: Subject,
  all: ReadonlyMap<string, StoredRun>,
  weightsFolder: string,
): Promise<ResolvedSubject> {
  if (subject.kind === 'weights')
    return { subject, checkpointFolder: await weightsCheckpoint(weightsFolder, subject), config: null };
  if (subject.kind !== 'run') return { subject, checkpointFolder: null, config: null };
  const source = all.get(subject.run);
  if (source === undefined)
    throw new FaultError('subject-missing', `There is no run "${subject.run}" to evaluate.`, { run: subject.run });
  const step = subject.checkpoint === 'last' ? source.safeStep : subject.checkpoint;
  const found = (await store.checkpoints(source.id)).findLast((row) => row.present && row.step === step);
  if (found === undefined)
    throw new FaultError(
      'no-checkpoint',
      `Run "${source.title}" has no checkpoint${step === null ? '' : ` of step ${step}`} to evaluate.`,
      { run: source.id },
    );
  return { subject, checkpointFolder: join(source.folder, found.folder), config: source.config };
}
