/** Files of fixed-length records, as in small data sets: opened without being read, then read one record at a time. */
import { closeSync, openSync, readSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FaultError } from '../../durable/fault-error.ts';
import { isMissing } from '../../durable/files.ts';
import { UnusableImage } from '../unusable-image.ts';
import { reasonOf } from '../unusable-image.ts';

export interface RecordFile {
  readonly name: string;
  readonly count: number;
  read(index: number): Uint8Array;
  close(): void;
}

/** @throws UnusableImage if the size is not a whole number of records */
export async function openRecords(folder: string, name: string, bytes: number): Promise<RecordFile> {
  const path = join(folder, name);
  const { size } = await stat(path);
  if (size === 0) throw new UnusableImage('the file is empty (0 bytes)');
  if (size % bytes !== 0)
    throw new UnusableImage(
      `its ${size} bytes are not a whole number of records of ${bytes} bytes: truncated or damaged`,
    );
  const file = openSync(path, 'r');
  return {
    name,
    count: size / bytes,
    read(index) {
      const record = new Uint8Array(bytes);
      if (readSync(file, record, 0, bytes, index * bytes) < bytes)
        throw new UnusableImage(`record ${index} lies beyond the end of the file`);
      return record;
    },
    close: () => closeSync(file),
  };
}

/** A file of a data set that cannot be used, with the reason. */
export function unreadableFile(path: string, error: unknown): FaultError {
  return new FaultError('unreadable-file', `${path}: ${reasonOf(error)}.`, { file: path }, { cause: error });
}

/** Class names, one per line; numbers if the file is missing or has a different count. */
export async function readNames(path: string, classes: number): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
  const names = (text ?? '').split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
  return names.length === classes ? names : Array.from({ length: classes }, (_, label) => String(label));
}
