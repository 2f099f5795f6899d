/** Reading a checkpoint: nothing is loaded that does not match its manifest's table and hashes. */
import { createHash } from 'node:crypto';
import { lstat, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { FaultError } from '../durable/fault-error.ts';
import { sha256 } from '../durable/files.ts';
import { Manifest } from '../protocol/checkpoint.ts';

export type Tensors = ReadonlyMap<string, Float32Array | Int32Array>;
export interface Loaded {
  readonly manifest: Manifest;
  readonly tensors: Tensors;
  readonly folder: string;
}

/** A manifest lists names and hashes only; one this large is damage, not data. */
const longestManifest = 64 * 1024 * 1024;
const mostTensorBytes = 64 * 1024 ** 3;

function damaged(folder: string, what: string): FaultError {
  return new FaultError('corrupt-checkpoint', `The checkpoint ${folder} is damaged: ${what}.`, { folder, what });
}

async function readBounded(folder: string, name: string, most: number): Promise<Buffer> {
  const path = join(folder, name);
  const found = await lstat(path).catch((cause: unknown) => {
    throw damaged(folder, `${name} cannot be read (${(cause as Error).message})`);
  });
  if (!found.isFile()) throw damaged(folder, `${name} is no ordinary file`);
  if (found.size > most) throw damaged(folder, `${name} has ${found.size} bytes, more than the ${most} it may have`);
  return readFile(path);
}

/** A name is a path inside the model, never one of the file system. */
function badName(name: string): boolean {
  return name === '' || /[\\\0]/.test(name) || name.split('/').some((part) => part === '' || part === '..');
}

/** The table must describe the file without a gap, an overlap or a byte too many. */
function checkTable(folder: string, manifest: Manifest): void {
  let offset = 0;
  const names = new Set<string>();
  for (const tensor of manifest.tensors) {
    const elements = tensor.shape.reduce((product, size) => product * size, 1);
    if (badName(tensor.name) || names.has(tensor.name)) throw damaged(folder, `bad tensor name "${tensor.name}"`);
    if (tensor.shape.some((size) => !Number.isSafeInteger(size) || size < 0) || tensor.bytes !== elements * 4) {
      throw damaged(folder, `${tensor.name} has ${tensor.bytes} bytes for shape [${tensor.shape.join(', ')}]`);
    }
    if (tensor.dtype === 'bool') throw damaged(folder, `${tensor.name} is of type bool, which is never saved`);
    if (tensor.offset !== offset) throw damaged(folder, `${tensor.name} begins at ${tensor.offset}, not at ${offset}`);
    names.add(tensor.name);
    offset += tensor.bytes;
  }
  if (offset !== manifest.tensorBytes || offset > mostTensorBytes) {
    throw damaged(folder, `the tensors have ${offset} bytes, the manifest says ${manifest.tensorBytes}`);
  }
}

/** Reads the manifest alone, with all that can be checked without the tensors. */
export async function readManifest(folder: string): Promise<{ manifest: Manifest; sha256: string }> {
  const text = await readBounded(folder, 'manifest.json', longestManifest);
  let manifest: Manifest;
  try {
    manifest = v.parse(Manifest, JSON.parse(text.toString('utf8')));
  } catch (cause) {
    throw damaged(folder, `manifest.json is not a manifest (${(cause as Error).message})`);
  }
  checkTable(folder, manifest);
  return { manifest, sha256: sha256(text) };
}

/** Reads and verifies everything. `keep` false: verifies only, holding one tensor at a time. */
async function readTensors(folder: string, manifest: Manifest, keep: boolean): Promise<Tensors> {
  const path = join(folder, 'tensors.bin');
  const found = await lstat(path).catch((cause: unknown) => {
    throw damaged(folder, `tensors.bin cannot be read (${(cause as Error).message})`);
  });
  if (!found.isFile()) throw damaged(folder, 'tensors.bin is no ordinary file');
  if (found.size !== manifest.tensorBytes) {
    throw damaged(folder, `tensors.bin has ${found.size} bytes, the manifest says ${manifest.tensorBytes}`);
  }
  const tensors = new Map<string, Float32Array | Int32Array>();
  const handle = await open(path, 'r');
  try {
    for (const tensor of manifest.tensors) {
      const buffer = new ArrayBuffer(tensor.bytes);
      const bytes = new Uint8Array(buffer);
      for (let at = 0; at < bytes.length;) {
        const { bytesRead } = await handle.read(bytes, at, bytes.length - at, tensor.offset + at);
        if (bytesRead === 0) throw damaged(folder, `${tensor.name} ends after ${at} of ${bytes.length} bytes`);
        at += bytesRead;
      }
      const hash = createHash('sha256').update(bytes).digest('hex');
      if (hash !== tensor.sha256) throw damaged(folder, `${tensor.name} has other bytes than were saved`);
      if (keep) tensors.set(tensor.name, tensor.dtype === 'int32' ? new Int32Array(buffer) : new Float32Array(buffer));
    }
  } finally {
    await handle.close();
  }
  return tensors;
}

/** Reads a checkpoint whole. @throws FaultError `corrupt-checkpoint` where a byte differs from what was saved */
export async function readCheckpoint(folder: string): Promise<Loaded> {
  const { manifest } = await readManifest(folder);
  return { manifest, tensors: await readTensors(folder, manifest, true), folder };
}

/** Reads a checkpoint and keeps nothing. @throws FaultError `corrupt-checkpoint` where a byte differs from what was saved */
export async function verifyCheckpoint(folder: string): Promise<void> {
  const { manifest } = await readManifest(folder);
  await readTensors(folder, manifest, false);
}
