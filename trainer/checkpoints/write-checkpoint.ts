/**
 * Writing a checkpoint. The order is the feature: tensors, flush, manifest, flush, flush the folder, rename, flush the
 * parent. A death at any point leaves a `.tmp-` folder, which is swept, or a complete folder. There is no pointer to "the
 * latest": it is found by reading the folders.
 */
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FaultError } from '../durable/fault-error.ts';
import { writeError } from '../durable/disk-fault.ts';
import { bytesOf, longestWrite, sha256, syncFolder, writeFully } from '../durable/files.ts';
import { sealedJson } from '../durable/sealed-json.ts';
import type { StateEntry } from '../engine/engine.ts';
import type { Manifest, TensorEntry } from '../protocol/checkpoint.ts';
import { candidates, checkpointsOf } from './checkpoint-folders.ts';
import { reached } from './save-points.ts';

/** The manifest's fields that the caller of a save provides. */
export type Header = Omit<Manifest, 'format' | 'tensorBytes' | 'tensors'>;

export interface Saved {
  /** Relative to the run's folder. */
  readonly folder: string;
  readonly bytes: number;
  readonly seconds: number;
  readonly manifestSha256: string;
}

function isFinite(values: Float32Array | Int32Array): boolean {
  if (values instanceof Int32Array) return true;
  for (const value of values) if (!Number.isFinite(value)) return false;
  return true;
}

/**
 * Writes all tensors to one file and hashes them on the way; small ones are gathered, for each write waits its turn.
 * A value that is not finite is never saved.
 */
async function writeTensors(path: string, entries: readonly StateEntry[]): Promise<TensorEntry[]> {
  const table: TensorEntry[] = [];
  const handle = await open(path, 'wx');
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  const write = async (): Promise<void> => {
    await writeFully(handle, Buffer.concat(gathered));
    gathered = [];
    gatheredBytes = 0;
  };
  try {
    let offset = 0;
    for (const entry of entries) {
      const values = entry.read();
      if (!isFinite(values)) {
        throw new FaultError('diverged', `${entry.name} holds a value that is not finite: it is not saved.`, {
          tensor: entry.name,
        });
      }
      const bytes = bytesOf(values);
      gathered.push(bytes);
      gatheredBytes += bytes.length;
      if (offset === 0 || gatheredBytes >= longestWrite) await write();
      if (offset === 0) reached('first tensor written');
      const { name, shape, dtype } = entry;
      table.push({ name, dtype, shape: [...shape], offset, bytes: bytes.length, sha256: sha256(bytes) });
      offset += bytes.length;
    }
    await write();
    reached('tensors written');
    await handle.sync();
    reached('tensors flushed');
  } finally {
    await handle.close();
  }
  return table;
}

async function writeManifest(path: string, manifest: Manifest): Promise<string> {
  const text = Buffer.from(sealedJson(manifest, 1));
  const handle = await open(path, 'wx');
  try {
    await writeFully(handle, text);
    reached('manifest written');
    await handle.sync();
    reached('manifest flushed');
  } finally {
    await handle.close();
  }
  return sha256(text);
}

async function freeName(runFolder: string, step: number): Promise<string> {
  const taken = (await candidates(runFolder)).find((candidate) => candidate.step === step);
  const name = String(step).padStart(6, '0');
  return taken ? `${name}-${taken.edition + 1}` : name;
}

/** About what a manifest takes. */
const manifestBytes = 64 * 1024;

const isExisting = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EEXIST';

/**
 * Saves the state after `header.step` steps as a new folder; nothing is overwritten.
 *
 * @throws FaultError `diverged` for a value that is not finite, and the disk's fault where there is no room
 */
export async function saveCheckpoint(
  runFolder: string,
  header: Header,
  entries: readonly StateEntry[],
): Promise<Saved> {
  const began = performance.now();
  const parent = checkpointsOf(runFolder);
  const temporary = join(parent, `.tmp-${String(header.step).padStart(6, '0')}-${header.attempt}`);
  const neededBytes = entries.reduce(
    (sum, { shape }) => sum + shape.reduce((size, side) => size * side, 4),
    manifestBytes,
  );
  reached('begin');
  try {
    // Not recursive: where the run's folder is gone, its disk is, and nothing is to be made in its place.
    await mkdir(parent).then(
      () => syncFolder(runFolder),
      (error: unknown) => {
        if (!isExisting(error)) throw error;
      },
    );
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary);
    reached('folder made');
    const tensors = await writeTensors(join(temporary, 'tensors.bin'), entries);
    const tensorBytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
    const manifest: Manifest = { format: 2, ...header, tensorBytes, tensors };
    const manifestSha256 = await writeManifest(join(temporary, 'manifest.json'), manifest);
    await syncFolder(temporary);
    reached('folder flushed');
    const name = await freeName(runFolder, header.step);
    await rename(temporary, join(parent, name));
    reached('renamed');
    await syncFolder(parent);
    reached('parent flushed');
    const seconds = (performance.now() - began) / 1000;
    return { folder: `checkpoints/${name}`, bytes: tensorBytes, seconds, manifestSha256 };
  } catch (error) {
    // What is left is swept at the next start; here the space may be what is missing.
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw writeError(error, temporary, neededBytes);
  }
}
