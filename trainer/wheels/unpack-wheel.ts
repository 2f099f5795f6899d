/** Takes the pinned files out of a wheel. */
import { createHash } from 'node:crypto';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';
import { systemCode, writeError } from '../durable/disk-fault.ts';
import { writeFully } from '../durable/files.ts';
import { openPlain } from '../durable/plain-file.ts';
import { said } from '../protocol/sentence.ts';
import type { Wheel } from '../protocol/wheels.ts';
import { openArchive, type PackedEntry } from '../weights/archive.ts';
import { wrongWheel } from './faults.ts';

/** Called with the bytes since the last call; what it throws ends the work. */
type Tick = (bytes: number) => Promise<void>;

const partBytes = 1024 ** 2;

/**
 * Writes each pinned file below a folder, flushed. Nothing else of the wheel is looked at, so no name in it says where anything
 * goes; sizes are those of its table of contents, checksums those of the pins.
 *
 * @throws 'wrong-wheel' for a file that is not as pinned
 */
export async function unpackWheel(
  path: string,
  { file: name, files, unpackedBytes }: Wheel,
  folder: string,
  tick: Tick,
): Promise<void> {
  const { file } = await openPlain(path);
  try {
    const archive = await openArchive(file, (what) => wrongWheel(said`${name} cannot be read: ${what}`));
    for (const [inside, sha256] of Object.entries(files)) {
      const entry = archive.packed(inside);
      if (entry === null) throw wrongWheel(said`${name} has no ${inside}`);
      if (entry.bytes > unpackedBytes || entry.packed === 0)
        throw wrongWheel(
          said`${inside} in ${name} has ${entry.bytes} bytes, where ${unpackedBytes} are expected at most`,
        );
      const found = await unpackEntry(file, entry, join(folder, inside), tick);
      if (found !== sha256) throw wrongWheel(said`${inside} in ${name} is not the file expected: its SHA-256 differs`);
    }
  } finally {
    await file.close();
  }
}

/** Gives the SHA-256 of what was written. */
async function unpackEntry(archive: FileHandle, entry: PackedEntry, path: string, tick: Tick): Promise<string> {
  const { offset, packed, bytes, isDeflated, isExecutable } = entry;
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'w', isExecutable ? 0o755 : 0o644).catch((error: unknown) => {
    throw writeError(error, path, bytes);
  });
  const hash = createHash('sha256');
  let written = 0;
  const write = async (parts: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const part of parts) {
      written += part.length;
      // What follows is not unpacked: a few bytes can stand for any number of them.
      if (written > bytes) throw wrongWheel(said`${path} has more than the ${bytes} bytes that are stated`);
      hash.update(part);
      await writeFully(file, part).catch((error: unknown) => {
        throw writeError(error, path, bytes);
      });
      await tick(part.length);
    }
  };
  try {
    const read = archive.createReadStream({
      start: offset,
      end: offset + packed - 1,
      autoClose: false,
      highWaterMark: partBytes,
    });
    if (isDeflated) await pipeline(read, createInflateRaw({ chunkSize: partBytes }), write).catch(damaged(path));
    else await pipeline(read, write);
    if (written !== bytes) throw wrongWheel(said`${path} has ${written} bytes, where ${bytes} are stated`);
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

/** What zlib says of bytes that are not as they were packed. */
const damaged = (path: string) => (error: unknown) => {
  if (systemCode(error)?.startsWith('Z_') !== true) throw error;
  throw wrongWheel(said`${path} cannot be unpacked: what is packed is damaged`);
};
