/**
 * A checksum of the database's file beside it, from a clean close to the next opening. SQLite has none of its own: without
 * it a bit that flipped in a row would be believed.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { diskFault } from '../../../trainer/durable/disk-fault.ts';

const sumOf = (file: string): string => `${file}-sha256`;
const chunkBytes = 4 << 20;
/** Hashing must not hold up a start or a close: this much takes about a second. */
const longestFile = 512 << 20;

function hashOf(file: string): string {
  const hash = createHash('sha256');
  const chunk = Buffer.alloc(chunkBytes);
  const handle = openSync(file, 'r');
  try {
    for (let read = -1; read !== 0;) {
      read = readSync(handle, chunk);
      hash.update(chunk.subarray(0, read));
    }
  } finally {
    closeSync(handle);
  }
  return hash.digest('hex');
}

/** @throws FaultError `corrupt-database` if the file is not as it was closed. Without a checksum it was not closed cleanly. */
export function expectAsClosed(file: string): void {
  const sum = sumOf(file);
  if (!existsSync(sum)) return;
  const expected = readFileSync(sum, 'utf8').trim();
  // It is gone if a writer has opened the database meanwhile.
  if (hashOf(file) === expected || !existsSync(sum)) return;
  throw new FaultError('corrupt-database', `The run database ${file} is not as it was when it was closed.`, { file });
}

/** From here on the file changes. */
export function forgetSum(file: string): void {
  rmSync(sumOf(file), { force: true, recursive: true });
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    // It is written over at the next close.
    if (diskFault(error, path) === null) throw error;
  }
}

/** Called after a clean close. Without it, as on a full disk, the next opening knows less. */
export function recordSum(file: string): void {
  if (statSync(file).size > longestFile) return;
  const temporary = `${sumOf(file)}.tmp`;
  try {
    writeFileSync(temporary, `${hashOf(file)}\n`, { flush: true });
    renameSync(temporary, sumOf(file));
  } catch (error) {
    if (diskFault(error, temporary) === null) throw error;
    removeQuietly(temporary);
  }
}
