/** Writes that the disk refuses: what is wrong, how much room there is, and whether it can be written again. */
import { open, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';
import type { Fault, FaultCode } from '../protocol/fault.ts';
import { inEnglish, said, type Sentence } from '../protocol/sentence.ts';
import { FaultError } from './fault-error.ts';

interface Refusal {
  readonly code: FaultCode;
  readonly why: Sentence;
}

const gone = said`the folder is gone, or its disk is not connected`;

/** The disk takes no more: the run waits, loses nothing, and goes on once it can be written again. */
const refusals: Readonly<Record<string, Refusal>> = {
  ENOSPC: { code: 'disk-full', why: said`the disk is full` },
  EDQUOT: { code: 'disk-full', why: said`the disk quota is used up` },
  EFBIG: { code: 'disk-full', why: said`the file would be larger than is allowed (ulimit -f, or the file system)` },
  EIO: { code: 'write-failed', why: said`the disk reports an error` },
  EROFS: { code: 'write-failed', why: said`the disk can only be read` },
  EACCES: { code: 'write-failed', why: said`there is no permission to write` },
  EPERM: { code: 'write-failed', why: said`there is no permission to write` },
  ENODEV: { code: 'write-failed', why: gone },
  ENXIO: { code: 'write-failed', why: gone },
  ESTALE: { code: 'write-failed', why: gone },
  ENOENT: { code: 'write-failed', why: gone },
  ENOTDIR: { code: 'write-failed', why: gone },
};

export function systemCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** True for a fault that this file made. */
export const isRefusedWrite = (error: unknown): error is FaultError =>
  error instanceof FaultError && (error.fault.code === 'disk-full' || error.fault.code === 'write-failed');

/**
 * The fault of a write refused by the disk; null for any other error.
 *
 * @param neededBytes what was to be written, where that is known
 */
export function diskFault(error: unknown, path: string, neededBytes?: number): Fault | null {
  if (error instanceof FaultError) return isRefusedWrite(error) ? error.fault : null;
  const system = systemCode(error);
  return system === null || refusals[system] === undefined ? null : refusedWrite(path, system, neededBytes);
}

/** The error of a write, to be thrown: with the path and the reason where the disk refused it. */
export function writeError(error: unknown, path: string, neededBytes?: number): unknown {
  const fault = error instanceof FaultError ? null : diskFault(error, path, neededBytes);
  if (fault === null) return error;
  return new FaultError(fault.code, fault.message, fault.values, { ...fault, cause: error });
}

/** @param system the system's name for it, such as ENOSPC */
export function refusedWrite(path: string, system: string, neededBytes?: number, freeBytes?: number): Fault {
  const { code, why } = refusals[system] ?? {
    code: 'write-failed' as const,
    why: said`the disk refuses it (${system})`,
  };
  const [needed, free] = [mebibytes(neededBytes, Math.ceil), mebibytes(freeBytes, Math.floor)];
  let reason = why;
  if (free !== null)
    reason = needed === null ? said`${why} (${free} MiB free)` : said`${why} (${needed} MiB needed, ${free} MiB free)`;
  else if (needed !== null) reason = said`${why} (${needed} MiB needed)`;
  return {
    code,
    message: `${path} could not be written (${system}): ${inEnglish(reason)}. What was saved before is intact.`,
    values: {
      path,
      system,
      ...(neededBytes !== undefined && { neededBytes }),
      ...(freeBytes !== undefined && { freeBytes }),
    },
    reason,
    retry: code === 'disk-full' ? 'free-space' : 'again',
  };
}

function mebibytes(bytes: number | undefined, round: (value: number) => number): number | null {
  return bytes === undefined ? null : round((bytes / 2 ** 20) * 10) / 10;
}

/** A look at a disk that does not answer may never end. */
const longestLookMs = 2_000;

/** The fault with what is free now on its disk. */
export async function withFreeBytes(fault: Fault): Promise<Fault> {
  const { path, system, neededBytes } = fault.values;
  if (typeof path !== 'string' || typeof system !== 'string' || fault.code !== 'disk-full') return fault;
  const free = await inTime(freeBytesAt(path));
  return free === null ? fault : refusedWrite(path, system, Number(neededBytes ?? 0) || undefined, free);
}

/** True if what a fault names could be written now: there is room for it, and a small file can be made beside it. */
export async function canBeWritten({ values: { path, neededBytes } }: Fault): Promise<boolean> {
  if (typeof path !== 'string') return true;
  const look = async (): Promise<boolean> => {
    // A save makes its own folder at most: what is missing above it is a disk that is not there.
    const folder = await existing(dirname(path));
    if (folder !== dirname(path) && folder !== dirname(dirname(path))) return false;
    const needed = Math.max(Number(neededBytes ?? 0), probeBytes);
    return ((await freeBytesAt(folder)) ?? Infinity) >= needed && (await probe(folder));
  };
  return (await inTime(look())) ?? false;
}

const probeBytes = 64 * 1024;

async function probe(folder: string): Promise<boolean> {
  const file = join(folder, `.tmp-probe-${process.pid}`);
  try {
    const handle = await open(file, 'w');
    try {
      await handle.writeFile(Buffer.alloc(probeBytes));
      await handle.sync();
    } finally {
      await handle.close();
    }
    return true;
  } catch {
    return false;
  } finally {
    // What cannot be removed now is swept at the next start, as all that is called so.
    await rm(file, { force: true }).catch(() => undefined);
  }
}

/** Free space where a path is, or would be; null if the disk does not tell. */
export async function freeBytesAt(path: string): Promise<number | null> {
  return statfs(await existing(path)).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => null,
  );
}

/** The folder, or the nearest one above it. */
async function existing(folder: string): Promise<string> {
  for (let at = folder; ; at = dirname(at)) {
    const isFolder = await stat(at).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (isFolder || dirname(at) === at) return at;
  }
}

function inTime<T>(look: Promise<T>): Promise<T | null> {
  return Promise.race([look, after(longestLookMs, null, { ref: false })]);
}
