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
  /** Pictures that were being decoded when an earlier process ended without a word. */
  readonly suspects: readonly ImagePlace[];
  /** @param worker number from 0 on */
  placeOf(worker: number): NotePlace;
  /** Nothing is being decoded any more. */
  close(): void;
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

/**
 * Null where the disk refuses the file: a crash then costs the attempt, which is no reason not to begin it.
 *
 * @param folder of the run
 */
export async function openDecodingNotes(
  folder: string,
  sources: readonly Located[],
  workers: number,
): Promise<DecodingNotes | null> {
  const path = freePath(folder, sources);
  inUse.add(path);
  const close = () => {
    inUse.delete(path);
    rmSync(path, { force: true });
  };
  try {
    const suspects = await suspectsIn(path, mostWorkers);
    // Of its full size, so that a disk that is full later does not refuse a sign.
    writeFileSync(path, Buffer.alloc(workers * signBytes));
    return { suspects, placeOf: (worker) => ({ path, from: worker * signBytes }), close };
  } catch (error) {
    inUse.delete(path);
    if (diskFault(error, path) !== null) return null;
    throw error;
  }
}
