/**
 * What decoding workers are at, in a file of the run's folder: a decoder that crashes takes the whole program with it, shared
 * memory and all. The next attempt examines those pictures in a process of their own before anything decodes them.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diskFault } from '../../durable/disk-fault.ts';
import { readBounded, sha256 } from '../../durable/files.ts';
import { decodingNotesFile } from '../../protocol/decoder-crash.ts';
import type { Located } from '../listing/image-table.ts';
import { decodingsOf, signBytes, type ImagePlace, type NotePlace } from './decoding-signs.ts';

export interface DecodingNotes {
  /** @param worker number from 0 on */
  placeOf(worker: number): NotePlace;
  /** Nothing is being decoded any more. */
  close(): void;
}

export interface EarlierNotes {
  /** Pictures that were being decoded when an earlier process ended without a word. */
  readonly suspects: readonly ImagePlace[];
  /**
   * Forgets them, once they were examined, for the notes of so many workers. Null where the disk refuses the file: a crash
   * then costs the attempt, which is no reason not to begin it.
   */
  begin(workers: number): DecodingNotes | null;
}

/** Of which a file is read: more than any machine starts. */
const mostWorkers = 1024;

/** Files in use: a job may read the same images twice at once. */
const inUse = new Set<string>();

function freePath(folder: string, sources: readonly Located[]): string {
  const contents = sources.map(({ data }) => [data.fingerprint ?? data.path, data.split]);
  const name = sha256(JSON.stringify(contents)).slice(0, 12);
  for (let number = 1; ; number++) {
    const path = join(folder, decodingNotesFile(name, number));
    if (!inUse.has(path)) return path;
  }
}

async function suspectsIn(path: string, most: number): Promise<readonly ImagePlace[]> {
  const bytes = (await readBounded(path, most * signBytes)) ?? Buffer.alloc(0);
  const signs = new Int32Array(new SharedArrayBuffer(Math.floor(bytes.length / signBytes) * signBytes));
  new Uint8Array(signs.buffer).set(bytes.subarray(0, signs.byteLength));
  return decodingsOf(signs);
}

/** Null where the disk refuses to read them: as in `begin`. @param folder of the run */
export async function earlierDecodingNotes(folder: string, sources: readonly Located[]): Promise<EarlierNotes | null> {
  const path = freePath(folder, sources);
  inUse.add(path);
  try {
    return { suspects: await suspectsIn(path, mostWorkers), begin: (workers) => beginNotes(path, workers) };
  } catch (error) {
    inUse.delete(path);
    if (diskFault(error, path) !== null) return null;
    throw error;
  }
}

function beginNotes(path: string, workers: number): DecodingNotes | null {
  try {
    // Of its full size, so that a disk that is full later does not refuse a sign.
    writeFileSync(path, Buffer.alloc(workers * signBytes));
  } catch (error) {
    inUse.delete(path);
    if (diskFault(error, path) !== null) return null;
    throw error;
  }
  return {
    placeOf: (worker) => ({ path, from: worker * signBytes }),
    close() {
      inUse.delete(path);
      try {
        rmSync(path, { force: true });
      } catch (error) {
        // The next attempt finds nothing noted in it.
        if (diskFault(error, path) === null) throw error;
      }
    },
  };
}
