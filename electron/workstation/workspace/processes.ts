/** Identifies processes. A pid may be reused; together with the start time it is unique. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';
import { promisify } from 'node:util';

export interface ProcessName {
  readonly pid: number;
  /** Value of `processStartedAt`; 0 if it could not be read. */
  readonly startedAt: number;
}

/**
 * Start time of a process, as a number that is only meaningful for comparison: on Linux clock ticks since boot (field
 * 22 of /proc/PID/stat), elsewhere milliseconds from `ps`. Null if there is no such process, or it cannot be
 * determined.
 */
export async function processStartedAt(pid: number): Promise<number | null> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
    // The second field is the program's name in parentheses; it may hold spaces and parentheses itself.
    const ticks = stat === null ? Number.NaN : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
    return Number.isFinite(ticks) ? ticks : null;
  }
  if (process.platform === 'win32') return null;
  const started = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => null);
  const time = started === null ? Number.NaN : Date.parse(started.stdout.trim());
  return Number.isFinite(time) ? time : null;
}

export async function nameOfProcess(pid: number): Promise<ProcessName> {
  return { pid, startedAt: (await processStartedAt(pid)) ?? 0 };
}

export async function isAlive({ pid, startedAt }: ProcessName): Promise<boolean> {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is alive, but belongs to another user.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  if (startedAt === 0 || process.platform === 'win32') return !(await isZombie(pid));
  return (await processStartedAt(pid)) === startedAt && !(await isZombie(pid));
}

/** A dead process whose parent has not asked for its exit code still has a pid. */
async function isZombie(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return stat !== null && stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
}

/**
 * What a process has done so far, to be compared with a later look: one that is hung, or stopped by a signal, has done
 * no more. Null where it cannot be told.
 */
export async function activityOf(pid: number): Promise<string | null> {
  if (process.platform === 'win32') return null;
  if (process.platform !== 'linux') {
    const used = await promisify(execFile)('ps', ['-o', 'time=', '-p', String(pid)]).catch(() => null);
    return used === null ? null : used.stdout.trim();
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // Its ticks in user mode and in the kernel. One that waits for a disk (D) is busy, whatever it has used.
  return fields[0] === 'D' ? `disk ${performance.now()}` : `${fields[11] ?? ''} ${fields[12] ?? ''}`;
}

const lookEveryMs = 500;

/** Waits until a process has ended or has done nothing for a time, or for `mostMs`; true: it has ended. */
export async function endsWhileActive(name: ProcessName, idleMs: number, mostMs: number): Promise<boolean> {
  const began = performance.now();
  let seen = await activityOf(name.pid);
  let seenAt = began;
  while (await isAlive(name)) {
    const now = performance.now();
    if (now - seenAt >= idleMs || now - began >= mostMs) return false;
    await after(lookEveryMs, undefined, { ref: false });
    const activity = await activityOf(name.pid);
    if (activity !== null && activity === seen) continue;
    seen = activity;
    seenAt = performance.now();
  }
  return true;
}
