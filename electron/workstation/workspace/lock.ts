/**
 * Allows one writer per workspace: an exclusively created file names its owner. The lock of a dead owner is replaced.
 */
import { link, lstat, open, readFile, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import * as v from 'valibot';
import { systemCode, writeError } from '../../../trainer/durable/disk-fault.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { isAlive, nameOfProcess } from './processes.ts';

const Holder = v.object({ host: v.string(), pid: v.number(), startedAt: v.number(), since: v.number() });
type Holder = v.InferOutput<typeof Holder>;

/** An interrupted takeover expires after this long. */
const takeoverMs = 10_000;

/** Takes the writer lock, `HOME/lock`; returns its release function. */
export async function takeLock(home: string): Promise<() => Promise<void>> {
  const path = join(home, 'lock');
  const { pid, startedAt } = await nameOfProcess(process.pid);
  const mine = JSON.stringify({ host: hostname(), pid, startedAt, since: Date.now() } satisfies Holder);
  if (!(await createWhole(path, mine))) {
    await withTakeover(home, async () => {
      // Read again inside the takeover: another process may have replaced the dead owner meanwhile.
      const holder = await readHolder(path);
      if (holder !== null && (await mayLive(holder))) throw lockedBy(home, holder);
      await expectFile(path);
      await rm(path, { force: true });
      if (!(await createWhole(path, mine))) {
        const winner = await readHolder(path);
        throw lockedBy(home, winner ?? { host: hostname(), pid: 0, startedAt: 0, since: Date.now() });
      }
    });
  }
  return async () => {
    const text = await readFile(path, 'utf8').catch(() => null);
    // On a disk that can only be read it stays: its owner is dead then, and the next one replaces it.
    if (text === mine) await removeQuietly(path);
  };
}

/** True if a program that may be alive has the workspace open to write. */
export async function isLocked(home: string): Promise<boolean> {
  const holder = await readHolder(join(home, 'lock'));
  return holder !== null && (await mayLive(holder));
}

/** Creates the file with its text atomically. Returns false if it already exists. */
async function createWhole(path: string, text: string): Promise<boolean> {
  const temporary = `${path}.${process.pid}`;
  try {
    await rm(temporary, { force: true });
    await createDirectly(temporary, text);
    await link(temporary, path);
    return true;
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (code === 'EEXIST') return false;
    // Some file systems have no hard links; there the file is created first and written afterwards.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS' && code !== 'EOPNOTSUPP')
      throw writeError(error, path);
    return await createDirectly(path, text);
  } finally {
    await removeQuietly(temporary);
  }
}

async function createDirectly(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw writeError(error, path);
  }
}

/** On a disk that refuses even this it stays, and is removed by the next owner of the lock. */
async function removeQuietly(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined);
}

/** Lets only one process at a time replace a dead owner; otherwise two would each remove the other's new lock. */
async function withTakeover(home: string, work: () => Promise<void>): Promise<void> {
  const guard = join(home, 'lock.takeover');
  for (let attempt = 0; !(await createDirectly(guard, String(process.pid))); attempt += 1) {
    const age = await stat(guard).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0,
    );
    await expectFile(guard);
    if (age > takeoverMs) await rm(guard, { force: true });
    if (attempt > 100)
      throw new FaultError(
        'locked',
        `Another process is taking over the workspace ${home}. Try again.`,
        { home },
        { retry: 'again' },
      );
    await new Promise((wake) => setTimeout(wake, 50));
  }
  try {
    await work();
  } finally {
    await removeQuietly(guard);
  }
}

/** Something else under the name of a lock was not made by this program, and is not removed by it. */
async function expectFile(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null);
  if (found === null || found.isFile()) return;
  const what = found.isDirectory() ? 'a folder' : 'not a file';
  throw new FaultError(
    'wrong-folder',
    `${path} is ${what}: a file of that name says which program uses the workspace. Move it away and start again.`,
    { path },
  );
}

/** Null if there is no holder, or the lock is empty (its writer died while writing it). */
async function readHolder(path: string): Promise<Holder | null> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    const parsed = v.safeParse(Holder, JSON.parse(text));
    return parsed.success ? parsed.output : null;
  } catch {
    // Not JSON: truncated by a power failure.
    return null;
  }
}

/** A process on another machine cannot be checked and is assumed to be alive. */
async function mayLive(holder: Holder): Promise<boolean> {
  return holder.host !== hostname() || (await isAlive(holder));
}

function lockedBy(home: string, holder: Holder): FaultError {
  const elsewhere = holder.host === hostname() ? '' : ` on ${holder.host}`;
  const advice =
    elsewhere === ''
      ? 'Close it, or choose another workspace.'
      : `If nothing runs there any more, delete ${join(home, 'lock')}.`;
  return new FaultError(
    'locked',
    `The workspace ${home} is in use by process ${holder.pid}${elsewhere}. ${advice}`,
    { home, host: holder.host, pid: holder.pid, since: holder.since },
    { retry: 'again' },
  );
}
