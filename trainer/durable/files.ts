/** Files that survive a power cut: written in full, flushed, then given their name. Both Node programs write by these. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { FaultError } from './fault-error.ts';

/** Nothing of that name: for a reader that expects as much. */
export const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');

/** False where there is nothing of that name. Does not block: a folder may lie on a drive that is asleep or gone. */
export async function folderExists(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** False where there is nothing of that name. */
export const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** Larger writes hold the event loop and the disk's queue for too long at a time. */
export const longestWrite = 4 * 1024 * 1024;

/**
 * The entry of a new name lives in its folder, so that is flushed as well. Windows cannot open a folder to flush it, and keeps its
 * own journal of names: skipped there, knowingly.
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

export async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, at, Math.min(longestWrite, bytes.length - at));
    at += bytesWritten;
  }
}

/** Writes beside the target, flushes, renames over it, flushes the folder. A reader sees the old file or the new one. */
export async function writeAtomically(path: string, parts: readonly (Uint8Array | string)[]): Promise<void> {
  const temporary = `${path}.tmp-${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    const handle = await open(temporary, 'wx');
    try {
      for (const part of parts) await writeFully(handle, typeof part === 'string' ? Buffer.from(part) : part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** A value as JSON that people can read, atomically. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeAtomically(path, [`${JSON.stringify(value, null, 2)}\n`]);
}

/** A JSON file of at most `limit` bytes; null where there is none. What it holds is the caller's to check. */
export async function readJson(path: string, limit: number): Promise<unknown> {
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
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new FaultError('unreadable-file', `${path} is not JSON: ${(error as Error).message}`, { path });
  }
}

/** A new folder whose name survives a power cut; refuses one that exists. */
export async function createFolder(path: string): Promise<void> {
  await mkdir(path);
  await syncFolder(dirname(path));
}

/** Of a file's contents, in bounded memory. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
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
