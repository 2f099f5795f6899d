/**
 * The start-up sweep brings the rows up to date with the files. Run folders without a row are adopted, events that
 * never reached the database are replayed, attempts whose process is gone are closed, and checkpoints are compared with
 * their rows. A run whose trainer is still alive is left alone.
 */
import { lstat, readdir, readlink, rm, stat } from 'node:fs/promises';
import { uptime } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import * as v from 'valibot';
import { readSealedJson } from '../../../trainer/durable/sealed-json.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import { asksHowToGoOn, type Fault, type FaultCode } from '../../../trainer/protocol/fault.ts';
import { RunConfig, RunId } from '../../../trainer/protocol/run.ts';
import type { Interrupted } from '../../api/runs.ts';
import { areSame, compareCheckpoints, lookInto, removeAll } from './checkpoint-folders.ts';
import { isAlive } from '../workspace/processes.ts';
import { replayEvents, type ReplayNote } from './replay.ts';
import { readRunCard, type RunCard } from '../workspace/run-card.ts';
import type { Queries, Store, StoredRun } from '../store/store.ts';
import { adoptWorkspaceFiles } from '../workspace/stored-files.ts';
import { saveRunCard, type Workspace } from '../workspace/workspace.ts';

export interface SweepReport {
  /** Every run to be resumed or discarded, also from earlier starts. The caller determines the rest. */
  readonly interrupted: readonly Omit<Interrupted, 'whenNotFinite' | 'changes'>[];
  /** Runs whose trainer outlived the workstation; it saves and exits by itself. Sweep them again afterwards. */
  readonly alive: readonly OpenAttempt[];
  readonly adopted: readonly string[];
  /** Runs whose folder is gone. */
  readonly missing: readonly string[];
  /** Everything skipped, truncated or removed, one sentence each. */
  readonly notes: readonly string[];
  /** Those of the notes that are of something damaged, and not of what an interruption leaves. */
  readonly damage: readonly string[];
}

type OpenAttempt = ReturnType<Queries['openAttempts']>[number];

interface Findings {
  readonly alive: OpenAttempt[];
  readonly adopted: string[];
  readonly missing: string[];
  readonly notes: string[];
  readonly damage: string[];
}

export const nothingFound = (): Findings => ({ alive: [], adopted: [], missing: [], notes: [], damage: [] });

/** Notes what is damaged. */
function noteDamage(found: Findings, note: string): void {
  found.notes.push(note);
  found.damage.push(note);
}

const configLimit = 4 << 20;

export async function sweep(workspace: Workspace, store: Store): Promise<SweepReport> {
  const found = nothingFound();
  for (const note of await adoptWorkspaceFiles(workspace, store)) noteDamage(found, note);
  const known = new Map((await store.replayed()).map((entry) => [entry.run, entry]));
  const folders = await runFolders(workspace, found.notes);
  for (const name of folders) {
    if (!known.has(name)) await adoptFolder(store, join(workspace.runs, name), name, found);
  }
  for (const { run, folder, present } of known.values()) {
    const here = join(workspace.runs, run);
    const isThere = folders.includes(run);
    // The whole workspace may have been moved: the folder inside it counts, not the recorded path.
    if (isThere !== present || (isThere && folder !== here))
      await store.markFolder(run, isThere ? here : folder, isThere);
    if (!isThere) found.missing.push(run);
  }
  const open = await store.openAttempts();
  const adopted = new Set(found.adopted);
  const rest = (await store.replayed()).filter(({ run }) => !adopted.has(run));
  const parts = await inParallel(rest, async (entry) => {
    const own = nothingFound();
    if (entry.present) await sweepOne(store, entry, open, own);
    else await closeWithoutFolder(store, entry.run, open);
    return own;
  });
  for (const { alive, notes, damage } of parts) {
    found.alive.push(...alive);
    found.notes.push(...notes);
    found.damage.push(...damage);
  }
  await queueLeftovers(store);
  return { ...found, interrupted: await interruptedRuns(store) };
}

/** Runs that are swept at once: most of the time each waits for the disk or the database. */
const atOnce = 16;

/** The results in the order of what was given. */
async function inParallel<T, R>(given: readonly T[], work: (one: T) => Promise<R>): Promise<readonly R[]> {
  const results = new Array<R>(given.length);
  const rest = given.entries();
  const lane = async (): Promise<void> => {
    for (const [place, one] of rest) results[place] = await work(one);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}

/** Sweeps one run again, after its trainer, found alive at start-up, has exited. */
export async function sweepRun(workspace: Workspace, store: Store, run: string): Promise<SweepReport> {
  const found = nothingFound();
  const entry = (await store.replayed()).find((one) => one.run === run);
  if (entry === undefined) throw new FaultError('unknown-id', `There is no run "${run}".`, { run });
  await sweepOne(store, { ...entry, folder: join(workspace.runs, run) }, await store.openAttempts(), found);
  return { ...found, interrupted: (await interruptedRuns(store)).filter((one) => one.run === run) };
}

async function runFolders(workspace: Workspace, notes: string[]): Promise<readonly string[]> {
  const names: string[] = [];
  for (const entry of await readdir(workspace.runs, { withFileTypes: true })) {
    if (entry.name.startsWith('.import-')) {
      await rm(join(workspace.runs, entry.name), { recursive: true, force: true });
      notes.push(`${entry.name}: an import that did not finish was removed.`);
    } else if (entry.name.startsWith('.tmp-'))
      await rm(join(workspace.runs, entry.name), { recursive: true, force: true });
    else if (entry.isDirectory() && v.is(RunId, entry.name)) names.push(entry.name);
    else notes.push(`runs/${entry.name} is not a run folder and is left alone.`);
  }
  return names.sort();
}

/** Creates the rows of a folder unknown to the database. Returns false, without any row, if it cannot be read. */
export async function adoptFolder(store: Store, folder: string, run: string, found: Findings): Promise<boolean> {
  const problem = await adopt(store, folder, run, found).then(
    () => null,
    (error: unknown) => problemOf(error),
  );
  if (problem === null) return true;
  await store.forget(run);
  noteDamage(found, `${run}: the folder cannot be read and is left alone (${problem}).`);
  return false;
}

async function adopt(store: Store, folder: string, run: string, found: Findings): Promise<void> {
  const config = await readConfig(folder);
  const problems: string[] = [];
  const card = await readRunCard(folder).catch((error: unknown) => {
    problems.push(`run.json cannot be read and is passed over (${problemOf(error)})`);
    return null;
  });
  const own = card?.id === run ? card : null;
  const createdAt = own?.createdAt ?? Math.round((await stat(join(folder, 'config.json'))).mtimeMs);
  const { plan, planKey } = own ?? { plan: null, planKey: null };
  const status = 'draft';
  await store.insertRun({ id: run, config, folder, createdAt, plan, planKey, status });
  await sweepOne(store, { run, folder, bytes: 0, status, checkpoints: [] }, [], found, { card: own, problems });
  found.adopted.push(run);
}

/** Faults that are not of one folder: they end the sweep. */
const ofEveryFolder: readonly FaultCode[] = ['store-died', 'busy', 'disk-full'];

/** What is wrong with a folder, as a clause. @throws the error itself if it is not of this folder alone */
function problemOf(error: unknown): string {
  const { code, message } = faultOf(error);
  if (ofEveryFolder.includes(code)) throw error;
  return message.replace(/\.$/, '');
}

export async function readConfig(folder: string): Promise<RunConfig> {
  const path = join(folder, 'config.json');
  const value = await readSealedJson(path, configLimit);
  if (value === null) throw new FaultError('not-found', `${path} does not exist.`, { path });
  const parsed = v.safeParse(RunConfig, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new FaultError('config-mismatch', `${path}: ${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`, { path });
}

/** What is known of a folder that is being adopted. */
interface Adopted {
  readonly card: RunCard | null;
  readonly problems: readonly string[];
}

async function sweepOne(
  store: Store,
  entry: {
    readonly run: string;
    readonly folder: string;
    readonly bytes: number;
    readonly status: StoredRun['status'];
    readonly checkpoints: readonly string[];
  },
  open: readonly OpenAttempt[],
  found: Findings,
  adopted: Adopted = { card: null, problems: [] },
): Promise<void> {
  const { run, folder } = entry;
  const { card } = adopted;
  const ours = open.filter((attempt) => attempt.run === run);
  const fromCard = (card?.attempts ?? []).filter((attempt) => attempt.ended === null);
  for (const attempt of [...ours, ...fromCard.map((one) => ({ ...one, run }))]) {
    if (await trainerLives(attempt, folder)) {
      if (card !== null) await restoreFromCard(store, run, card);
      found.alive.push({ run, attempt: attempt.attempt, pid: attempt.pid, pidStartedAt: attempt.pidStartedAt });
      return;
    }
  }
  const problems = [...adopted.problems];
  const torn: string[] = [];
  // What cannot be read of a run must not keep the rest of it, or another run, from being settled.
  const passing = <T>(work: Promise<T>): Promise<T | null> =>
    work.catch((error: unknown) => {
      problems.push(problemOf(error));
      return null;
    });
  const { checkpoints: there, unfinished } = await lookInto(folder);
  await passing(removeAll(unfinished));
  const hadMore = await passing(replay(store, entry, card?.eventBytes ?? 0, problems, torn));
  if (card !== null) await restoreFromCard(store, run, card);
  // Of a thousand runs most ended long ago: nothing of them is open, and nothing was added.
  const isSettled = hadMore === false && ours.length === 0 && card === null && !isGoingOn(entry.status);
  const changed = !isSettled && (await closeAttempts(store, run, [...ours, ...fromCard]));
  if (!isSettled || !areSame(there, entry.checkpoints))
    await passing(compareCheckpoints(store, run, folder, there, changed, problems));
  if (card !== null) await rememberNewest(store, run, card);
  if (changed) await passing(saveRunCard(store, run));
  const note = `${run}: ${inOneNote([...problems, ...torn])}.`;
  if (problems.length > 0) noteDamage(found, note);
  else if (torn.length > 0) found.notes.push(note);
}

/**
 * Replays what the events file has beyond what was replayed before.
 *
 * @param eventBytes what the run card says it had
 * @returns whether it had anything
 */
async function replay(
  store: Store,
  { run, folder, bytes }: { readonly run: string; readonly folder: string; readonly bytes: number },
  eventBytes: number,
  problems: string[],
  torn: string[],
): Promise<boolean> {
  const events = join(folder, 'events.ndjson');
  const size = await lstat(events).then(
    (file) => file.size,
    () => 0,
  );
  const before = Math.max(bytes, eventBytes);
  if (size < before) problems.push(`events.ndjson has ${size} bytes, and had ${before}`);
  if (size === bytes) return false;
  const replayed = await replayEvents(store, run, events, bytes);
  const inWords = ({ line, text }: ReplayNote): string => `line ${line} of events.ndjson ${text}`;
  problems.push(...replayed.notes.map(inWords));
  if (replayed.torn !== null) torn.push(inWords(replayed.torn));
  return true;
}

const mostNamed = 8;

/** A folder has one note, however much of it is damaged. */
function inOneNote(problems: readonly string[]): string {
  const more = problems.length - mostNamed;
  return [...problems.slice(0, mostNamed), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** Keeps in mind a checkpoint that neither an event nor a folder tells of any more: without it the run would begin at 0. */
async function rememberNewest(store: Store, run: string, { newestCheckpoint }: RunCard): Promise<void> {
  if (newestCheckpoint === null) return;
  const rows = await store.checkpoints(run);
  if (rows.some(({ folder }) => folder === newestCheckpoint.folder)) return;
  await store.adoptCheckpoint(run, newestCheckpoint);
  await store.markCheckpoint(run, newestCheckpoint.step, false, newestCheckpoint.folder);
}

/**
 * Identified by its process or, if only the pid it reported is known, by its working folder: a trainer works in the
 * run's folder, and a pid alone may have been reused.
 */
async function trainerLives(
  attempt: { readonly pid: number; readonly pidStartedAt: number },
  folder: string,
): Promise<boolean> {
  if (attempt.pid <= 0) return false;
  if (attempt.pidStartedAt !== 0) return isAlive({ pid: attempt.pid, startedAt: attempt.pidStartedAt });
  if (process.platform !== 'linux') return false;
  const place = await readlink(`/proc/${attempt.pid}/cwd`).catch(() => null);
  return place === folder && isAlive({ pid: attempt.pid, startedAt: 0 });
}

/** Restores what only the workstation knew: names, notes, tags, and attempts without events and how they ended. */
async function restoreFromCard(store: Store, run: string, card: RunCard): Promise<void> {
  await store.rename(run, card.title);
  if (card.note !== '') await store.note(run, card.note);
  if (card.archived) await store.archive(run, true);
  if (card.tags.length > 0) await store.tag(run, card.tags);
  const spoken = new Set((await store.attempts(run)).map((attempt) => attempt.attempt));
  for (const { attempt, fromStep, startedAt, pid, pidStartedAt, ended, fault, lastSeenAt } of card.attempts) {
    if (!spoken.has(attempt) || ended === null)
      await store.beginAttempt(run, { attempt, fromStep, startedAt, pid, pidStartedAt });
    if (ended !== null) await store.endAttempt(run, attempt, ended, fault, lastSeenAt ?? startedAt);
  }
  const latest = Math.max(0, ...(await store.attempts(run)).map((attempt) => attempt.attempt));
  const isCurrent = latest <= Math.max(0, ...card.attempts.map((attempt) => attempt.attempt));
  if (isCurrent && card.status !== 'running' && card.status !== 'paused')
    await store.setStatus(run, card.status, card.fault);
}

/** Closes attempts without a process and settles the run. Returns true if anything changed. */
async function closeAttempts(
  store: Store,
  run: string,
  ours: readonly { readonly attempt: number }[],
): Promise<boolean> {
  const row = await expectRow(store, run);
  const attempts = await store.attempts(run);
  const latest = attempts.at(-1);
  for (const attempt of attempts) {
    if (attempt.ended !== null) continue;
    const seen = attempt.lastSeenAt ?? attempt.startedAt;
    const fault = lostFault(run, attempt.lastStep, rebootedSince(seen) ? 'machine' : 'workstation-killed');
    await store.endAttempt(run, attempt.attempt, 'lost', fault, seen);
    if (attempt === latest) await store.setStatus(run, 'interrupted', fault);
  }
  // Its trainer saved and exited when the workstation disappeared: stopped, but not by request.
  const orphaned = latest?.ended === 'asked' && ours.some((open) => open.attempt === latest.attempt);
  if (orphaned) await store.setStatus(run, 'interrupted', lostFault(run, latest.lastStep, 'workstation-killed'));
  const isUnsettled = isGoingOn(row.status);
  if (isUnsettled && !orphaned && latest?.ended !== null) {
    const fault = latest === undefined ? lostFault(run, 0, 'workstation-killed') : latest.fault;
    await store.setStatus(run, asksHowToGoOn(fault) ? 'interrupted' : statusAfter(latest?.ended), fault);
  }
  return isUnsettled || ours.length > 0 || attempts.some((attempt) => attempt.ended === null);
}

const isGoingOn = (status: StoredRun['status']): boolean => status === 'running' || status === 'paused';

function statusAfter(ended: 'done' | 'asked' | 'failed' | 'lost' | undefined): StoredRun['status'] {
  return ended === 'done' ? 'done' : ended === 'failed' ? 'failed' : ended === 'asked' ? 'stopped' : 'interrupted';
}

function rebootedSince(at: number): boolean {
  return Date.now() - uptime() * 1000 > at;
}

const causeWords: Readonly<Record<Exclude<Interrupted['cause'], 'failed'>, string>> = {
  machine: 'The machine went down',
  'workstation-killed': 'Reprise ended unexpectedly',
  'trainer-killed': 'The trainer was ended from outside',
};

function lostFault(run: string, step: number | null, cause: keyof typeof causeWords): Fault {
  const where = step === null || step === 0 ? 'before its first recorded step' : `at about step ${step}`;
  return {
    code: 'trainer-died',
    message: `${causeWords[cause]} while run "${run}" was training, ${where}.`,
    values: { cause },
    retry: 'resume',
  };
}

async function closeWithoutFolder(store: Store, run: string, open: readonly OpenAttempt[]): Promise<void> {
  const ours = open.filter((attempt) => attempt.run === run);
  if (ours.length > 0) await closeAttempts(store, run, ours);
}

/** Queues again runs that are missing from the queue (if the database was rebuilt), oldest first. */
async function queueLeftovers(store: Store): Promise<void> {
  const queue = await store.queue();
  const forgotten = (await store.runs('queued')).filter((run) => !run.deleted && !queue.includes(run.id));
  if (forgotten.length > 0) await store.setQueue([...queue, ...forgotten.map((run) => run.id).reverse()]);
}

async function interruptedRuns(store: Store): Promise<SweepReport['interrupted']> {
  return (await store.runs('interrupted'))
    .filter((run) => !run.deleted)
    .map(({ id, title, step, safeStep, fault }) => ({ run: id, title, step, safeStep, cause: causeOf(fault), fault }));
}

/**
 * Cause of an interruption: recorded in the fault by the sweep; a failure if the trainer reported the fault; without a
 * fault, it was killed while being watched.
 */
export function causeOf(fault: Fault | null): Interrupted['cause'] {
  if (fault === null) return 'trainer-killed';
  const { cause } = fault.values;
  if (cause === 'machine' || cause === 'workstation-killed') return cause;
  return fault.code === 'trainer-died' || fault.code === 'out-of-memory' ? 'trainer-killed' : 'failed';
}

async function expectRow(store: Store, run: string): Promise<StoredRun> {
  const row = await store.run(run);
  if (row === null) throw new FaultError('unknown-id', `There is no run "${run}".`, { run });
  return row;
}
