/** A build of TensorFlow from wheels: downloaded or given, checked, unpacked beside its folder, and put there by one rename. */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { freeBytesAt, refusedWrite, writeError } from '../durable/disk-fault.ts';
import { FaultError } from '../durable/fault-error.ts';
import { isFolder, sha256OfFile, syncFolder } from '../durable/files.ts';
import { downloadOf, missingOf, partsOf } from '../durable/wheel-folders.ts';
import { said } from '../protocol/sentence.ts';
import type { Wheel } from '../protocol/wheels.ts';
import { downloadFile, partBytes, type Patience } from './download.ts';
import { wrongWheel } from './faults.ts';
import { expectGiven, givenWheels } from './given-wheels.ts';
import { findWheel } from './package-index.ts';
import { unpackWheel } from './unpack-wheel.ts';
import { WorkLeft, type Stage } from './work-left.ts';

export interface Installation {
  readonly wheels: readonly Wheel[];
  /** Is there once the build is whole. */
  readonly folder: string;
  readonly index: URL;
  /** Wheels, or folders that hold them, taken in place of downloads; null: downloads. */
  readonly from: readonly string[] | null;
  readonly pausesMs: readonly number[];
  readonly silentMs: number;
  readonly clock: () => number;
  /** Called several times a second; what it throws ends the work, which goes on from there another time. */
  readonly progress: (stage: Stage, left: WorkLeft) => Promise<void>;
}

/** The work on an installation, and how far it is. */
interface Work extends Installation, Patience {
  readonly left: WorkLeft;
  readonly begin: (stage: Stage) => Promise<void>;
}

function workOf(installation: Installation): Work {
  const { wheels, from, clock, progress } = installation;
  const sum = (of: (wheel: Wheel) => number): number => wheels.reduce((all, wheel) => all + of(wheel), 0);
  const downloading = from === null ? sum(({ bytes }) => bytes) : 0;
  const left = new WorkLeft({ downloading, unpacking: sum(({ unpackedBytes }) => unpackedBytes) }, clock);
  let stage: Stage = 'checking';
  return {
    ...installation,
    left,
    begin: async (next) => {
      stage = next;
      left.begin(next);
      await progress(stage, left);
    },
    tick: async (bytes) => {
      left.add(bytes);
      await progress(stage, left);
    },
  };
}

/** Puts the build together from where it was left. @throws 'download-failed', 'wrong-wheel', and what the disk refuses */
export async function installBuild(installation: Installation): Promise<void> {
  const { wheels, folder, from } = installation;
  if (isFolder(folder)) return;
  const { all, files, downloads } = partsOf(folder);
  const given = from === null ? null : await givenWheels(from, wheels);
  const work = workOf(installation);
  const missing: Wheel[] = [];
  for (const wheel of wheels) {
    if (!(await isUnpacked(work, wheel))) missing.push(wheel);
    else skip(work, wheel);
  }
  if (given !== null) expectGiven(missing, given);
  await expectRoom(installation, missing);
  await mkdir(downloads, { recursive: true }).catch((error: unknown) => {
    throw writeError(error, downloads);
  });
  for (const wheel of missing) {
    const path = given?.get(wheel.file) ?? (await download(work, wheel));
    if (given !== null) await expectContents(work, wheel, path);
    await work.begin('unpacking');
    await unpackWheel(path, wheel, files, work.tick);
    if (given === null) await rm(path);
  }
  for (const inside of foldersOf(wheels)) await syncFolder(join(files, inside));
  await rename(files, folder);
  await syncFolder(dirname(folder));
  await rm(all, { recursive: true });
}

/** Every folder that holds a file or another folder, the outermost included. */
function foldersOf(wheels: readonly Wheel[]): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const file of wheels.flatMap(({ files }) => Object.keys(files)))
    for (let at = dirname(file); !folders.has(at); at = dirname(at)) folders.add(at);
  return folders;
}

function skip({ left, from }: Work, { bytes, unpackedBytes }: Wheel): void {
  if (from === null) left.skip('downloading', bytes);
  left.skip('unpacking', unpackedBytes);
}

/** Whether what an earlier try unpacked is whole: it may have been cut off. */
async function isUnpacked({ folder, begin, tick }: Work, { files }: Wheel): Promise<boolean> {
  const paths = Object.entries(files).map(([name, sha256]) => [join(partsOf(folder).files, name), sha256] as const);
  if (!paths.every(([path]) => existsSync(path))) return false;
  await begin('checking');
  for (const [path, sha256] of paths) if ((await sha256OfFile(path, tick)) !== sha256) return false;
  return true;
}

async function expectRoom({ folder, from }: Installation, missing: readonly Wheel[]): Promise<void> {
  const { neededBytes, unpackedBytes } = await missingOf(folder, missing);
  const needed = from === null ? neededBytes : unpackedBytes;
  const free = await freeBytesAt(dirname(folder));
  if (free === null || free >= needed) return;
  const fault = refusedWrite(folder, 'ENOSPC', needed, free);
  throw new FaultError(fault.code, fault.message, fault.values, fault);
}

async function expectContents({ begin, tick }: Work, { file, sha256 }: Wheel, path: string): Promise<void> {
  await begin('checking');
  if ((await sha256OfFile(path, tick)) !== sha256)
    throw wrongWheel(said`${path} is another file than ${file} of this build, whose SHA-256 is ${sha256}`);
}

/** Gives the path of a wheel that was downloaded and checked. */
async function download(work: Work, wheel: Wheel): Promise<string> {
  const { folder, index, begin, left } = work;
  const { file, bytes, sha256 } = wheel;
  const path = downloadOf(folder, wheel);
  for (;;) {
    await begin('downloading');
    const part = await partBytes(path, bytes);
    left.skip('downloading', part);
    if (part < bytes) await downloadFile(await findWheel(index, wheel, work), path, bytes, work);
    await begin('checking');
    if ((await sha256OfFile(path, work.tick)) === sha256) return path;
    await rm(path);
    // What an earlier try left may have been damaged, or of another file.
    if (part === 0) throw wrongWheel(said`${index.host} has another file under the name ${file}: its SHA-256 differs`);
    left.skip('downloading', -bytes);
  }
}
