/** Starts a trainer for a queued run, and decides whether a lost run is worth another attempt. */
import { readdir } from 'node:fs/promises';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { crashSignals, isDecodingNotes } from '../../../trainer/protocol/decoder-crash.ts';
import { asksHowToGoOn, type Fault } from '../../../trainer/protocol/fault.ts';
import type { AttemptRow } from '../../api/runs.ts';
import { changesOfData, placedConfig } from '../data/run-data.ts';
import { resolveSubject } from '../drafts/evaluated-encoder.ts';
import type { Store, StoredRun } from '../store/store.ts';
import type { TrainerHost } from '../trainer/trainer-host.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { readChoices } from './not-finite-choices.ts';

interface BeginContext {
  readonly store: Store;
  readonly host: TrainerHost;
  readonly workspace: Pick<Workspace, 'cache' | 'datasets' | 'weights'>;
}

/** True if the run stopped to ask: resuming it accepts what its fault says. */
export function isQuestion(fault: Fault | null): boolean {
  const questions: readonly (string | undefined)[] = [
    'other-arithmetic',
    'checkpoints-lost',
    'too-many-damaged',
    'dataset-changed',
    'weights-no-better',
  ];
  return questions.includes(fault?.code) || asksHowToGoOn(fault);
}

/** True if the run is paused until the user decides how it goes on: only a resume starts it again. */
export function waitsForDecision({ status, fault }: Pick<StoredRun, 'status' | 'fault'>): boolean {
  return status === 'interrupted' ? asksHowToGoOn(fault) : status === 'failed' && fault?.code === 'checkpoints-lost';
}

/** Starts the next attempt of a run from its last checkpoint. */
export async function beginRun(
  { store, host, workspace }: BeginContext,
  run: StoredRun,
  all: ReadonlyMap<string, StoredRun>,
): Promise<void> {
  const attempts = await store.attempts(run.id);
  const attempt = Math.max(0, ...attempts.map((row) => row.attempt)) + 1;
  const subject =
    run.config.kind === 'evaluate' ? await resolveSubject(store, run.config.subject, all, workspace.weights) : null;
  const rows = await store.datasets();
  const config = await placedConfig(run.config, rows);
  const changes = await changesOfData(config, rows);
  if (changes.length > 0 && run.fault?.code !== 'dataset-changed')
    throw new FaultError(
      'dataset-changed',
      `${changes.join('. ')}. Restore the data, or resume to go on with it as it is; the run and its report will say so.`,
      { run: run.id },
      { retry: 'resume' },
    );
  const job = {
    kind: 'train' as const,
    run: run.id,
    attempt,
    runFolder: run.folder,
    cacheFolder: workspace.cache,
    datasetsFolder: workspace.datasets,
    config,
    dataChanges: [...changes],
    from: run.savedStep,
    startOver: run.fault?.code === 'checkpoints-lost',
    anyArithmetic: run.fault?.code === 'other-arithmetic',
    moreDamaged: run.fault?.code === 'too-many-damaged',
    noBetter: run.fault?.code === 'weights-no-better',
    whenNotFinite: await readChoices(run.folder),
    subject,
  };
  await host.start(job, run.savedStep ?? 0);
}

/** Consecutive lost attempts after which a run is no longer restarted automatically. */
const automaticResumes = 3;

/** Attempts at the end that were all lost. */
const lostInARow = (attempts: readonly AttemptRow[]): number =>
  attempts.length - 1 - attempts.findLastIndex((row) => row.ended !== 'lost');

/** True if the last attempt made progress and the run was not lost too often. */
export function isWorthResuming(attempts: readonly AttemptRow[]): boolean {
  const last = attempts.at(-1);
  const progressed = last !== undefined && (last.lastStep ?? 0) > last.fromStep;
  return progressed && lostInARow(attempts) <= automaticResumes;
}

/**
 * True if the trainer crashed while pictures were being decoded, and not too often: the next attempt tries those apart and
 * leaves out the one that is to blame, so that it costs that picture.
 */
export async function hasCrashedAtPictures(run: StoredRun, attempts: readonly AttemptRow[]): Promise<boolean> {
  if (run.fault?.code !== 'trainer-died' || !crashSignals.has(run.fault.values['how'])) return false;
  return lostInARow(attempts) <= automaticResumes && (await readdir(run.folder)).some(isDecodingNotes);
}
