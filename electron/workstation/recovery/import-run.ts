/** Imports a run folder from elsewhere into the workspace: checks and copies it, and creates its rows. */
import { constants, type Stats } from 'node:fs';
import { copyFile, lstat, mkdir, open, readdir, realpath, rename, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import * as v from 'valibot';
import { writeError } from '../../../trainer/durable/disk-fault.ts';
import { syncFolder } from '../../../trainer/durable/files.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import { RunId } from '../../../trainer/protocol/run.ts';
import { isAlive } from '../workspace/processes.ts';
import { readRunCard, type RunCard } from '../workspace/run-card.ts';
import type { Store } from '../store/store.ts';
import { adoptFolder, nothingFound, readConfig } from './sweep.ts';
import { saveRunCard, type Workspace } from '../workspace/workspace.ts';

export interface ImportLimits {
  readonly bytes: number;
  readonly files: number;
  /** Maximum depth of nested folders. */
  readonly depth: number;
}

/** A run of ResNet-50 with its checkpoints has about 2 GB in a few dozen files. */
const generous: ImportLimits = { bytes: 64 * 2 ** 30, files: 20_000, depth: 6 };

export interface ImportedRun {
  readonly run: string;
  /** Skipped lines and incomplete checkpoints. */
  readonly notes: readonly string[];
}

export async function importRun(
  workspace: Workspace,
  store: Store,
  folder: string,
  limits: ImportLimits = generous,
): Promise<ImportedRun> {
  const source = await realpath(resolve(folder)).catch(() => {
    throw new FaultError('not-found', `There is no folder ${folder}.`, { path: folder }, { retry: 'choose-folder' });
  });
  await readConfig(source).catch((error: unknown) => {
    const reason = faultOf(error).message;
    throw new FaultError(
      'wrong-folder',
      `${source} is not a run folder. Expected: config.json with a valid configuration. Found: ${reason}`,
      { path: source },
      { retry: 'choose-folder' },
    );
  });
  await expectEvents(source);
  const card = await readRunCard(source).catch(() => null);
  await expectNoTrainer(source, card);
  const run = await runIdOf(source, card);
  if ((await store.run(run)) !== null)
    throw new FaultError('bad-argument', `Run "${run}" is already in this workspace.`, { run });

  const target = join(workspace.runs, run);
  const isElsewhere = source !== (await realpath(target).catch(() => null));
  if (isElsewhere) await copyWhole(workspace, source, run, target, limits);
  try {
    const found = nothingFound();
    if (!(await adoptFolder(store, target, run, found)))
      throw new FaultError('wrong-folder', `${source} was not taken in: ${found.notes.join(' ')}`, { path: source });
    // A run queued in another workspace does not start here automatically.
    if ((await store.run(run))?.status === 'queued') await store.setStatus(run, 'draft', null);
    await saveRunCard(store, run);
    return { run, notes: found.notes };
  } catch (error) {
    // All or nothing: neither rows nor the copy stay.
    await store.forget(run);
    if (isElsewhere) await rm(target, { recursive: true, force: true }).catch(() => undefined);
    throw writeError(error, target);
  }
}

/** A run without events is one that was never begun; one whose events cannot be read is not taken in. */
async function expectEvents(folder: string): Promise<void> {
  const path = join(folder, 'events.ndjson');
  const found = await lstat(path).catch(() => null);
  if (found === null || found.isFile()) return;
  const what = found.isSymbolicLink() ? 'is a link' : 'is not a plain file';
  throw new FaultError('wrong-folder', `${path} ${what}. A run folder holds plain files only.`, { path });
}

/** The id from its events, since the folder may have been renamed. */
async function runIdOf(folder: string, card: RunCard | null): Promise<string> {
  const id: string = (await firstEventRun(folder)) ?? card?.id ?? basename(folder);
  const isId: boolean = v.is(RunId, id);
  if (isId) return id;
  throw new FaultError('wrong-folder', `"${id}" is not a run id: 4 to 80 of a-z, 0-9 and -.`, { path: folder, id });
}

const EventHead = v.object({ run: v.string() });
const headBytes = 1 << 16;

async function firstEventRun(folder: string): Promise<string | null> {
  const path = join(folder, 'events.ndjson');
  const found = await lstat(path).catch(() => null);
  if (found === null || !found.isFile()) return null;
  const file = await open(path, constants.O_RDONLY);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    for (const line of buffer.toString('utf8', 0, bytesRead).split('\n')) {
      const head = v.safeParse(EventHead, tryParse(line));
      if (head.success) return head.output.run;
    }
    return null;
  } finally {
    await file.close();
  }
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A foreign file may have lines that are not events; the replay reports them.
    return null;
  }
}

async function expectNoTrainer(folder: string, card: RunCard | null): Promise<void> {
  for (const { pid, pidStartedAt } of card?.attempts ?? []) {
    if (pid > 0 && pidStartedAt > 0 && (await isAlive({ pid, startedAt: pidStartedAt })))
      throw new FaultError(
        'busy',
        `The run in ${folder} is being trained by process ${pid}. Stop it first.`,
        { pid },
        { retry: 'again' },
      );
  }
}

/** Copies to a temporary folder next to the target first; an interrupted copy is removed at the next start. */
async function copyWhole(
  workspace: Workspace,
  source: string,
  run: string,
  target: string,
  limits: ImportLimits,
): Promise<void> {
  const files = await listFiles(source, limits);
  const temporary = join(workspace.runs, `.import-${run}`);
  try {
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary);
    for (const { path, isFolder } of files) {
      // Does not follow links or overwrite anything that appeared meanwhile.
      if (isFolder) await mkdir(join(temporary, path));
      else await copyDurably(join(source, path), join(temporary, path));
    }
    for (const { path, isFolder } of files) if (isFolder) await syncFolder(join(temporary, path));
    await syncFolder(temporary);
    await rename(temporary, target);
    await syncFolder(workspace.runs);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw writeError(error, target);
  }
}

async function copyDurably(source: string, target: string): Promise<void> {
  await copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  // A file that may only be read is flushed through that, too.
  const file = await open(target, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

interface Entry {
  readonly path: string;
  readonly isFolder: boolean;
}

/** Lists folders before their contents. Links and devices are rejected, since they lead out of the folder. */
async function listFiles(root: string, limits: ImportLimits): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  let bytes = 0;
  const refuse = (path: string, what: string): never => {
    throw new FaultError('wrong-folder', `${join(root, path)} ${what}. A run folder holds plain files only.`, {
      path: join(root, path),
    });
  };
  const visit = async (folder: string, depth: number): Promise<void> => {
    if (depth > limits.depth) refuse(folder, `lies more than ${limits.depth} folders deep`);
    for (const name of (await readdir(join(root, folder))).sort()) {
      if (name.startsWith('.tmp-')) continue;
      const path = join(folder, name);
      const found: Stats = await lstat(join(root, path));
      if (found.isDirectory()) {
        entries.push({ path, isFolder: true });
        await visit(path, depth + 1);
      } else if (found.isFile()) {
        entries.push({ path, isFolder: false });
        bytes += found.size;
      } else refuse(path, found.isSymbolicLink() ? 'is a link' : 'is not a plain file');
      if (bytes > limits.bytes) refuse('', `has more than ${limits.bytes} bytes`);
      if (entries.length > limits.files) refuse('', `holds more than ${limits.files} files`);
    }
  };
  await visit('', 1);
  return entries;
}
