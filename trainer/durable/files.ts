/** Writes files that survive a power cut: written in full, flushed, then renamed. Used by both Node programs. */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, createReadStream, fsyncSync, openSync, statSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { writeError } from './disk-fault.ts';
import { FaultError } from './fault-error.ts';

/** True if the error means that the file does not exist. */
export const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');

/** False if nothing has that name. Does not block: a folder may be on a drive that is asleep or gone. */
export async function folderExists(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** False if nothing has that name. */
export const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** Larger writes block the event loop and the disk's queue for too long. */
export const longestWrite = 4 * 1024 * 1024;

/**
 * Flushes a folder, which holds the entries of new names. Skipped on Windows, which cannot open a folder to flush it
 * but journals names itself.
 */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The same at once, for a file that is written without waiting. */
export function syncFolderNow(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

export async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, at, Math.min(longestWrite, bytes.length - at));
    at += bytesWritten;
  }
}

/**
 * Writes next to the target, flushes, renames over it and flushes the folder. A reader sees the old file or the new
 * one.
 */
export async function writeAtomically(
  path: string,
  parts: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>,
): Promise<void> {
  const temporary = `${path}.tmp-${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    const handle = await open(temporary, 'wx');
    try {
      for await (const part of parts) await writeFully(handle, typeof part === 'string' ? Buffer.from(part) : part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    // Swept at the next start where the disk refuses this too.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeError(error, path);
  }
}

/** Writes a value as readable JSON, atomically. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeAtomically(path, [`${JSON.stringify(value, null, 2)}\n`]);
}

/** Reads a file of at most `limit` bytes; null if there is none. */
export async function readBounded(path: string, limit: number): Promise<Buffer | null> {
  let size: number;
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new FaultError('unreadable-file', `${path} is not a file.`, { path });
    size = found.size;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
  if (size > limit) {
    throw new FaultError('unreadable-file', `${path} has ${size} bytes; at most ${limit} are read.`, { path, size });
  }
  return readFile(path);
}

/** Reads a JSON file of at most `limit` bytes; null if there is none. The caller checks its contents. */
export async function readJson(path: string, limit: number): Promise<unknown> {
  const bytes = await readBounded(path, limit);
  if (bytes === null) return null;
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (error) {
    throw new FaultError('unreadable-file', `${path} is not JSON: ${(error as Error).message}`, { path });
  }
}

/** Creates a folder whose name survives a power cut; fails if it exists. */
export async function createFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw writeError(error, path);
  }
}

/**
 * SHA-256 of a file's contents, in bounded memory.
 *
 * @param read called with the bytes since the last call; what it throws ends the reading
 */
export async function sha256OfFile(path: string, read?: (bytes: number) => Promise<void>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 ** 2 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    await read?.(chunk.length);
  }
  return hash.digest('hex');
}

export function sha256(...parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** The bytes of a typed array, without a copy. Little-endian, as every platform Node runs on. */
export function bytesOf(
  values: Float32Array | Float64Array | Int32Array | Uint32Array | Int8Array | Uint8Array,
): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
