/** Small files that are wholly there or not at all, and stay so when the power goes. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import type { FileHandle } from 'node:fs/promises';
import { FaultError, faultOf } from './fault.ts';

/** Write, fsync, rename, fsync the folder: at any moment the old text or the new one is under the name. */
export async function writeDurable(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp-${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

export async function writeDurableJson(path: string, value: unknown): Promise<void> {
  await writeDurable(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** A new folder whose name survives a power cut; refuses one that exists. */
export async function createFolder(path: string): Promise<void> {
  await mkdir(path);
  await syncFolder(dirname(path));
}

/** Makes the names in a folder durable. Windows cannot open a folder to sync it, and keeps its own journal of names. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  let folder: FileHandle | null = null;
  try {
    folder = await open(path, 'r');
    await folder.sync();
  } finally {
    await folder?.close();
  }
}

/** A JSON file of at most `limit` bytes; null where there is none. What it holds is the caller's to check. */
export async function readJson(path: string, limit: number): Promise<unknown> {
  let size: number;
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new FaultError('unreadable-file', `${path} is not a file.`, { path });
    size = found.size;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  if (size > limit)
    throw new FaultError('unreadable-file', `${path} has ${size} bytes; at most ${limit} are read.`, { path, size });
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new FaultError('unreadable-file', `${path} is not JSON: ${faultOf(error).message}`, {
      path,
    });
  }
}
