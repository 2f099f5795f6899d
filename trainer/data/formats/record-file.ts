/** Files of fixed-length records, as in small data sets: opened without being read, then read one record at a time. */
import { closeSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { openPlainSync } from '../../durable/plain-file.ts';
import { FaultError } from '../../durable/fault-error.ts';
import { readSmallFile } from './small-file.ts';
import { UnusableImage } from '../unusable-image.ts';
import { reasonOf } from '../unusable-image.ts';
import { inEnglish, said } from '../../protocol/sentence.ts';

export interface RecordFile {
  readonly name: string;
  readonly count: number;
  read(index: number): Uint8Array;
  close(): void;
}

/** @throws UnusableImage if the size is not a whole number of records */
function countIn(size: number, bytes: number): number {
  if (size === 0) throw new UnusableImage(said`the file is empty (0 bytes)`);
  if (size % bytes !== 0)
    throw new UnusableImage(
      said`its ${size} bytes are not a whole number of records of ${bytes} bytes: truncated or damaged`,
    );
  return size / bytes;
}

/** @throws UnusableImage if the size is not a whole number of records */
export async function openRecords(folder: string, name: string, bytes: number): Promise<RecordFile> {
  const path = join(folder, name);
  const { file, size } = openPlainSync(path);
  let count: number;
  try {
    count = countIn(size, bytes);
  } catch (error) {
    closeSync(file);
    throw error;
  }
  return {
    name,
    count,
    read(index) {
      const record = new Uint8Array(bytes);
      if (readSync(file, record, 0, bytes, index * bytes) < bytes)
        throw new UnusableImage(said`record ${index} lies beyond the end of the file`);
      return record;
    },
    close: () => closeSync(file),
  };
}

/** Records in memory. @throws UnusableImage if the size is not a whole number of them */
export function recordsIn(name: string, contents: Uint8Array, bytes: number): RecordFile {
  return {
    name,
    count: countIn(contents.length, bytes),
    read: (index) => contents.subarray(index * bytes, (index + 1) * bytes),
    close: () => undefined,
  };
}

/** A file of a data set that cannot be used, with the reason. */
export function unreadableFile(path: string, error: unknown): FaultError {
  return new FaultError('unreadable-file', `${path}: ${inEnglish(reasonOf(error))}.`, { file: path }, { cause: error });
}

/** Names of classes are a few words each. */
const mostNamesBytes = 1 << 20;

/** Class names, one per line; numbers if the file is missing or has a different count. */
export async function readNames(path: string, classes: number): Promise<readonly string[]> {
  const text = await readSmallFile(path, mostNamesBytes);
  return namesOrNumbers(linesOf(text?.toString('utf8') ?? ''), classes);
}

/** The lines of a text that are not empty. */
export const linesOf = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));

/** Numbers in place of names if there are not as many names as classes. */
export const namesOrNumbers = (names: readonly string[], classes: number): readonly string[] =>
  names.length === classes ? names : Array.from({ length: classes }, (_, label) => String(label));
