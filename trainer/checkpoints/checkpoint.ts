/**
 * Checkpoints. The order is the feature: tensors, flush, manifest, flush, flush the folder, rename,
 * flush the parent. A death at any point leaves a `.tmp-` folder, which is swept, or a complete folder. There is no
 * pointer to "the latest": it is found by reading what is there, and nothing is loaded that does not match its hashes.
 */
import { createHash } from 'node:crypto';
import { lstat, mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import * as v from 'valibot';
import { FaultError } from '../durable/fault-error.ts';
import { diskFault } from '../durable/fault-of.ts';
import { canonicalJson } from '../durable/canonical-json.ts';
import { Manifest, type TensorEntry } from '../protocol/checkpoint.ts';
import type { RunConfig } from '../protocol/run.ts';
import type { StateEntry } from '../engine/engine.ts';
import { bytesOf, isMissing, longestWrite, sha256, syncFolder, writeFully } from '../durable/files.ts';

export type Tensors = ReadonlyMap<string, Float32Array | Int32Array>;
export type Header = Omit<Manifest, 'format' | 'tensorBytes' | 'tensors'>;
export interface Saved {
  /** Relative to the run's folder. */
  readonly folder: string;
  readonly bytes: number;
  readonly seconds: number;
  readonly manifestSha256: string;
}
export interface Loaded {
  readonly manifest: Manifest;
  readonly tensors: Tensors;
  readonly folder: string;
}

/** A manifest lists names and hashes only; one this large is damage, not data. */
const longestManifest = 64 * 1024 * 1024;
const mostTensorBytes = 64 * 1024 ** 3;

/** What decides the numbers of a run, hashed. Where the data lies, its title and how often it is saved do not. */
export function configHash(config: RunConfig): string {
  const { title: _title, preset: _preset, checkpoint: _checkpoint, execution, ...rest } = config;
  const { loaderWorkers: _workers, recompute: _recompute, ...arithmetic } = execution;
  const withoutPlaces = JSON.parse(JSON.stringify(rest), (_key, value: unknown) => {
    if (value === null || typeof value !== 'object' || !('fingerprint' in value) || !('path' in value)) return value;
    const { path: _path, ...source } = value;
    return source;
  }) as unknown;
  return sha256(canonicalJson({ config: withoutPlaces, execution: arithmetic }));
}

/**
 * Numbered points of a save. A test names one in the environment (`checkpoint:3`, or `checkpoint:3:2` for the second
 * save) and the process kills itself there, as a power cut would.
 */
const points = [
  'begin',
  'folder made',
  'first tensor written',
  'tensors written',
  'tensors flushed',
  'manifest written',
  'manifest flushed',
  'folder flushed',
  'renamed',
  'parent flushed',
  'posted',
  'pruning',
] as const;
export type SavePoint = (typeof points)[number];
export const savePoints: readonly SavePoint[] = points;

let saves = 0;
export function reached(point: SavePoint): void {
  if (point === 'begin') saves += 1;
  if (process.env['REPRISE_TEST'] !== '1') return;
  const [kind, number, save = '1'] = (process.env['REPRISE_FAULT'] ?? '').split(':');
  if (kind === 'checkpoint' && points[Number(number) - 1] === point && Number(save) === saves) {
    process.kill(process.pid, 'SIGKILL');
  }
}

const folderName = /^(\d{6,15})(?:-(\d{1,6}))?$/;
const checkpointsOf = (runFolder: string): string => join(runFolder, 'checkpoints');

interface Candidate {
  readonly name: string;
  readonly step: number;
  /** A step saved again (after a damaged folder, or a rollback) gets the next number: nothing is overwritten. */
  readonly edition: number;
}

/** Newest first. */
async function candidates(runFolder: string): Promise<readonly Candidate[]> {
  const names = await readdir(checkpointsOf(runFolder)).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  return names
    .flatMap((name) => {
      const match = folderName.exec(name);
      return match ? [{ name, step: Number(match[1]), edition: Number(match[2] ?? 1) }] : [];
    })
    .sort((a, b) => b.step - a.step || b.edition - a.edition);
}

/** Removes what a death in the middle of a save or of a deletion left behind. */
export async function sweep(runFolder: string): Promise<void> {
  const folder = checkpointsOf(runFolder);
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    if (name.startsWith('.tmp-')) await rm(join(folder, name), { recursive: true, force: true });
  }
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
  const text = Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`);
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

export async function saveCheckpoint(
  runFolder: string,
  header: Header,
  entries: readonly StateEntry[],
): Promise<Saved> {
  const began = performance.now();
  const parent = checkpointsOf(runFolder);
  const temporary = join(parent, `.tmp-${String(header.step).padStart(6, '0')}-${header.attempt}`);
  reached('begin');
  try {
    await mkdir(parent, { recursive: true });
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary);
    reached('folder made');
    const tensors = await writeTensors(join(temporary, 'tensors.bin'), entries);
    const tensorBytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
    const manifest: Manifest = { format: 1, ...header, tensorBytes, tensors };
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
    const fault = diskFault(error, temporary);
    // What is left is swept at the next start; here the space may be what is missing.
    await rm(temporary, { recursive: true, force: true }).catch((cause: unknown) => {
      if (!diskFault(cause, temporary)) throw cause;
    });
    throw fault ? new FaultError(fault.code, fault.message, fault.values, { retry: fault.retry, cause: error }) : error;
  }
}

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

export async function readCheckpoint(folder: string): Promise<Loaded> {
  const { manifest } = await readManifest(folder);
  return { manifest, tensors: await readTensors(folder, manifest, true), folder };
}

/** Throws a fault where a byte differs from what was saved. */
export async function verifyCheckpoint(folder: string): Promise<void> {
  const { manifest } = await readManifest(folder);
  await readTensors(folder, manifest, false);
}

export type Notice = (code: string, text: string, values: Record<string, string | number>) => void;

/**
 * The newest checkpoint that verifies, at `atMost` steps or fewer. Damaged ones are named and passed over. Null only
 * where there has never been one: with nothing but damaged ones it throws, for the run must not start again at 0 unasked.
 */
export async function newestValid(runFolder: string, atMost: number, notice: Notice): Promise<Loaded | null> {
  let passed = 0;
  for (const { name, step } of await candidates(runFolder)) {
    if (step > atMost) continue;
    try {
      return await readCheckpoint(join(checkpointsOf(runFolder), name));
    } catch (error) {
      if (!(error instanceof FaultError) || error.fault.code !== 'corrupt-checkpoint') throw error;
      passed += 1;
      notice('corrupt-checkpoint', error.fault.message, { step, folder: name });
    }
  }
  if (passed === 0) return null;
  throw new FaultError(
    'corrupt-checkpoint',
    `None of the ${passed} checkpoints in ${checkpointsOf(runFolder)} verifies. Start the run again from the beginning.`,
    { folder: checkpointsOf(runFolder), count: passed },
  );
}

export interface Kept {
  readonly step: number;
  readonly edition: number;
  /** Known to be whole: written and recorded by this process, or verified. */
  readonly good: boolean;
}

/**
 * What may go, given what there is: all but the newest `keepLast` good ones, the best and the final one, and everything
 * newer than the oldest of those kept. Where fewer than `keepLast` are good nothing goes.
 */
export function expendable<T extends Kept>(
  kept: readonly T[],
  policy: { readonly keepLast: number; readonly best: number | null; readonly final: number | null },
): readonly T[] {
  const newestFirst = [...kept].sort((a, b) => b.step - a.step || b.edition - a.edition);
  const good = newestFirst.filter((one) => one.good);
  const oldestKept = good[Math.max(policy.keepLast, 1) - 1];
  if (!oldestKept) return [];
  return newestFirst
    .slice(newestFirst.indexOf(oldestKept) + 1)
    .filter((one) => one.step !== policy.best && one.step !== policy.final);
}

/**
 * Deletes what the policy allows among the checkpoints up to a step: later ones are of a life that was given up, and do
 * not count for what is kept of this one. `good` remembers folders already verified, so that each is read once only.
 */
export async function prune(
  runFolder: string,
  upTo: number,
  policy: { readonly keepLast: number; readonly best: number | null; readonly final: number | null },
  good: Set<string>,
): Promise<readonly number[]> {
  const parent = checkpointsOf(runFolder);
  const found = (await candidates(runFolder)).filter((one) => one.step <= upTo);
  const kept: (Candidate & Kept)[] = [];
  for (const one of found) {
    if (!good.has(one.name) && kept.filter((other) => other.good).length < policy.keepLast) {
      await verifyCheckpoint(join(parent, one.name)).then(
        () => good.add(one.name),
        (error: unknown) => {
          if (!(error instanceof FaultError)) throw error;
        },
      );
    }
    kept.push({ ...one, good: good.has(one.name) });
  }
  const gone = expendable(kept, policy);
  for (const { name } of gone) {
    reached('pruning');
    // Renamed first: a death in the middle of the deletion leaves something to sweep, not half a checkpoint.
    const away = join(parent, `.tmp-gone-${name}`);
    await rename(join(parent, name), away);
    await rm(away, { recursive: true, force: true });
    good.delete(name);
  }
  return gone.map((one) => one.step);
}

/** Puts a checkpoint's tensors into the state; the two must name the same tensors in the same shapes. */
export function restoreState(entries: readonly StateEntry[], loaded: Loaded): void {
  const table = new Map(loaded.manifest.tensors.map((tensor) => [tensor.name, tensor]));
  const missing = entries.filter((entry) => {
    const tensor = table.get(entry.name);
    return !tensor || tensor.dtype !== entry.dtype || tensor.shape.join() !== entry.shape.join();
  });
  if (missing.length > 0 || table.size !== entries.length) {
    const first = missing[0]?.name ?? 'none';
    throw new FaultError(
      'config-mismatch',
      `The checkpoint ${loaded.folder} is of another model: ${table.size} tensors for ${entries.length}, ${missing.length} do not fit (first: ${first}).`,
      { folder: loaded.folder, tensor: first },
    );
  }
  for (const entry of entries) entry.write(loaded.tensors.get(entry.name)!);
}
