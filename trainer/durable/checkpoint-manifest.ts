/** Reading a checkpoint's manifest: both Node programs believe only what matches its checksum, its folder and its table. */
import type { Stats } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as v from 'valibot';
import { Manifest } from '../protocol/checkpoint.ts';
import { FaultError } from './fault-error.ts';
import { sha256 } from './files.ts';
import { openSealed } from './sealed-json.ts';

/** A manifest lists names and hashes only; one this large is damage, not data. */
const longestManifest = 64 * 1024 * 1024;
const mostTensorBytes = 64 * 1024 ** 3;

/** A step, and a number where it was saved again: after a damaged folder, or a rollback. */
const folderName = /^(\d{6,15})(?:-(\d{1,6}))?$/;

export interface CheckpointName {
  readonly step: number;
  /** Nothing is overwritten: a step saved again gets the next number. */
  readonly edition: number;
}

/** Null if a checkpoint has no such name. */
export function parseCheckpointName(name: string): CheckpointName | null {
  const match = folderName.exec(name);
  return match === null ? null : { step: Number(match[1]), edition: Number(match[2] ?? 1) };
}

export function damagedCheckpoint(folder: string, what: string): FaultError {
  return new FaultError('corrupt-checkpoint', `The checkpoint ${folder} is damaged: ${what}.`, { folder, what });
}

async function statOf(folder: string, name: string): Promise<Stats> {
  const found = await lstat(join(folder, name)).catch((cause: unknown) => {
    throw damagedCheckpoint(folder, `${name} cannot be read (${(cause as Error).message})`);
  });
  if (!found.isFile()) throw damagedCheckpoint(folder, `${name} is not an ordinary file`);
  return found;
}

async function readText(folder: string, name: string, { size }: Stats): Promise<Buffer> {
  if (size > longestManifest) {
    throw damagedCheckpoint(folder, `${name} has ${size} bytes, more than the ${longestManifest} it may have`);
  }
  return readFile(join(folder, name)).catch((cause: unknown) => {
    throw damagedCheckpoint(folder, `${name} cannot be read (${(cause as Error).message})`);
  });
}

function parse(text: Buffer): Manifest {
  const { value, isSealed } = openSealed(text);
  const parsed = v.safeParse(Manifest, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new Error(`${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`);
  }
  const { format } = parsed.output;
  if (isSealed !== format > 1)
    throw new Error(`its checksum ${isSealed ? 'is not of' : 'is missing in'} format ${format}`);
  return parsed.output;
}

/** A name is a path inside the model, never one of the file system. */
function badName(name: string): boolean {
  return name === '' || /[\\\0]/.test(name) || name.split('/').some((part) => part === '' || part === '..');
}

/** Checks that the table describes a file of tensors without a gap, an overlap or a byte too many. */
function checkTable(folder: string, manifest: Manifest): void {
  let offset = 0;
  const names = new Set<string>();
  for (const tensor of manifest.tensors) {
    const elements = tensor.shape.reduce((product, size) => product * size, 1);
    if (badName(tensor.name) || names.has(tensor.name)) {
      throw damagedCheckpoint(folder, `bad tensor name "${tensor.name}"`);
    }
    if (tensor.bytes !== elements * 4) {
      throw damagedCheckpoint(
        folder,
        `${tensor.name} has ${tensor.bytes} bytes for shape [${tensor.shape.join(', ')}]`,
      );
    }
    if (tensor.dtype === 'bool')
      throw damagedCheckpoint(folder, `${tensor.name} is of type bool, which is never saved`);
    if (tensor.offset !== offset) {
      throw damagedCheckpoint(folder, `${tensor.name} begins at ${tensor.offset}, not at ${offset}`);
    }
    names.add(tensor.name);
    offset += tensor.bytes;
  }
  if (offset !== manifest.tensorBytes || offset > mostTensorBytes) {
    throw damagedCheckpoint(folder, `the tensors have ${offset} bytes, the manifest says ${manifest.tensorBytes}`);
  }
}

export interface ReadManifest {
  readonly manifest: Manifest;
  /** Of the whole file, as the event of its save records it. */
  readonly sha256: string;
  /** When it was written, in milliseconds. */
  readonly at: number;
}

/**
 * Reads the manifest alone, with all that can be checked without reading the tensors.
 *
 * @throws FaultError `corrupt-checkpoint`
 */
export async function readManifest(folder: string): Promise<ReadManifest> {
  const found = await statOf(folder, 'manifest.json');
  const text = await readText(folder, 'manifest.json', found);
  let manifest: Manifest;
  try {
    manifest = parse(text);
  } catch (cause) {
    throw damagedCheckpoint(folder, `manifest.json cannot be trusted: ${(cause as Error).message}`);
  }
  const name = parseCheckpointName(basename(folder));
  if (name !== null && name.step !== manifest.step) {
    throw damagedCheckpoint(folder, `manifest.json is of step ${manifest.step}`);
  }
  checkTable(folder, manifest);
  const tensors = await statOf(folder, 'tensors.bin');
  if (tensors.size !== manifest.tensorBytes) {
    throw damagedCheckpoint(folder, `tensors.bin has ${tensors.size} bytes, the manifest says ${manifest.tensorBytes}`);
  }
  return { manifest, sha256: sha256(text), at: Math.round(found.mtimeMs) };
}
