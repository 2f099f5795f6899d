/** Reading a checkpoint: nothing is loaded that does not match its manifest's table and hashes. */
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { damagedCheckpoint, readManifest } from '../durable/checkpoint-manifest.ts';
import type { FaultError } from '../durable/fault-error.ts';
import { sha256 } from '../durable/files.ts';
import type { Manifest } from '../protocol/checkpoint.ts';

export type Tensors = ReadonlyMap<string, Float32Array | Int32Array>;
export interface Loaded {
  readonly manifest: Manifest;
  readonly manifestSha256: string;
  readonly tensors: Tensors;
  readonly folder: string;
}

/** Reads bytes from a place in the file; a disk that cannot is damage of this checkpoint, not of the run. */
async function readAt(handle: FileHandle, bytes: Uint8Array, offset: number, damaged: (what: string) => FaultError) {
  for (let at = 0; at < bytes.length;) {
    const { bytesRead } = await handle.read(bytes, at, bytes.length - at, offset + at).catch((cause: unknown) => {
      throw damaged(`cannot be read (${(cause as Error).message})`);
    });
    if (bytesRead === 0) throw damaged(`ends after ${at} of ${bytes.length} bytes`);
    at += bytesRead;
  }
}

/** Reads and verifies everything. `keep` false: verifies only, holding one tensor at a time. */
async function readTensors(folder: string, manifest: Manifest, keep: boolean): Promise<Tensors> {
  const tensors = new Map<string, Float32Array | Int32Array>();
  const handle = await open(join(folder, 'tensors.bin'), 'r').catch((cause: unknown) => {
    throw damagedCheckpoint(folder, `tensors.bin cannot be read (${(cause as Error).message})`);
  });
  try {
    for (const { name, dtype, offset, bytes: size, sha256: expected } of manifest.tensors) {
      const damaged = (what: string): FaultError => damagedCheckpoint(folder, `${name} ${what}`);
      const buffer = new ArrayBuffer(size);
      const bytes = new Uint8Array(buffer);
      await readAt(handle, bytes, offset, damaged);
      if (sha256(bytes) !== expected) throw damaged('has other bytes than were saved');
      if (keep) tensors.set(name, dtype === 'int32' ? new Int32Array(buffer) : new Float32Array(buffer));
    }
  } finally {
    await handle.close();
  }
  return tensors;
}

/** Reads a checkpoint whole. @throws FaultError `corrupt-checkpoint` where a byte differs from what was saved */
export async function readCheckpoint(folder: string): Promise<Loaded> {
  const { manifest, sha256: manifestSha256 } = await readManifest(folder);
  return { manifest, manifestSha256, tensors: await readTensors(folder, manifest, true), folder };
}

/** Reads a checkpoint and keeps nothing. @throws FaultError `corrupt-checkpoint` where a byte differs from what was saved */
export async function verifyCheckpoint(folder: string): Promise<void> {
  const { manifest } = await readManifest(folder);
  await readTensors(folder, manifest, false);
}
