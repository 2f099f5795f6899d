/**
 * Does a piece of work once for every call by which it changes the disk, and lets the disk fail there: the process dies,
 * the power is cut, a write is torn, the system refuses. Afterwards the folder must be as before the work or as after it,
 * and the work must succeed once the disk does.
 */
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isRefusedWrite } from '../disk-fault.ts';
import { FaultError } from '../fault-error.ts';
import { faultOf } from '../fault-of.ts';
import { breakDisk, type Call, type Plan, type Refusal } from './broken-disk.ts';
import { makeMemoryFolder } from './memory-folder.ts';
import { isNightly } from './nightly.ts';

export interface Scene {
  readonly name: string;
  /** Makes the folder as it is before the work. */
  readonly prepare: (folder: string) => Promise<void> | void;
  /** The work, by the program's own functions. */
  readonly act: (folder: string) => Promise<void> | void;
  /**
   * Opens the folder as the program would, and returns what it says of it. What is left over and never removed belongs
   * to it; what is damaged is an error.
   */
  readonly read: (folder: string) => unknown;
  /** The work is a record that was acknowledged when it ended: a power cut afterwards must not undo it. Default: true. */
  readonly lasts?: boolean;
  /** Takes long, or is written as another one is: tried in the nightly run. */
  readonly isNightly?: boolean;
  /** A refusal need not be told: what is written is a convenience. */
  readonly isSilent?: boolean;
}

const refusals: readonly Refusal[] = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EROFS'];

interface Way {
  readonly how: Exclude<Plan['how'], 'kill'>;
  readonly torn?: boolean;
  readonly lost?: 'data' | 'all';
}

/** Those that are tried now. */
export const scenesOfThisRun = (scenes: readonly Scene[]): readonly Scene[] =>
  scenes.filter((scene) => isNightly || scene.isNightly !== true);

/** Every way to die: before a call, in the middle of a write, and with what was not flushed. */
export const deaths: readonly Way[] = [
  { how: 'death' },
  { how: 'death', torn: true },
  ...(isNightly ? [{ how: 'death', lost: 'data' } as const] : []),
  { how: 'death', lost: 'all' },
];
/** Every refusal; outside of the nightly run those that differ most. */
export const refused: readonly Way[] = [
  ...(isNightly ? refusals : (['ENOSPC', 'EIO'] as const)).map((how) => ({ how })),
  { how: 'ENOSPC', torn: true },
];
export const refusedInWords = [...new Set(refused.map(({ how }) => how))].join(', ');

export interface Tried {
  readonly cases: number;
  /** What was not kept, a line each. */
  readonly wrong: readonly string[];
  /** Calls by which the work changes the disk. */
  readonly calls: readonly Call[];
}

const never = Number.MAX_SAFE_INTEGER;
const inWords = ({ how, torn, lost }: Way): string =>
  `${how}${torn ? ' in a write' : ''}${lost === undefined ? '' : ` with the loss of ${lost}`}`;

async function attempt(work: () => unknown): Promise<unknown> {
  try {
    await work();
    return null;
  } catch (error) {
    return error ?? new Error('nothing was thrown');
  }
}

/** What the program says of the folder, or why it cannot. */
export async function saying(scene: Scene, folder: string): Promise<string> {
  try {
    return JSON.stringify(await scene.read(folder));
  } catch (error) {
    return `cannot be read: ${faultOf(error).message}`;
  }
}

export async function atEachCall(scene: Scene, ways: readonly Way[]): Promise<Tried> {
  const root = makeMemoryFolder('crash-points-');
  try {
    return await new Trial(scene, root).through(ways);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

class Trial {
  readonly #scene: Scene;
  readonly #before: string;
  readonly #folder: string;
  readonly #wrong: string[] = [];
  #cases = 0;
  #old = '';
  #new = '';
  #calls: readonly Call[] = [];

  constructor(scene: Scene, root: string) {
    this.#scene = scene;
    this.#before = join(root, 'before');
    this.#folder = join(root, 'folder');
  }

  #begin(): void {
    rmSync(this.#folder, { recursive: true, force: true });
    cpSync(this.#before, this.#folder, { recursive: true });
  }

  async through(ways: readonly Way[]): Promise<Tried> {
    mkdirSync(this.#before);
    await this.#scene.prepare(this.#before);
    this.#begin();
    this.#old = await saying(this.#scene, this.#folder);
    this.#begin();
    await this.#scene.act(this.#folder);
    this.#new = await saying(this.#scene, this.#folder);
    if (this.#old === this.#new) throw new Error(`"${this.#scene.name}" changes nothing: ${this.#old}`);
    for (const way of ways) for (let at = 1; await this.#once(way, at); at += 1);
    return { cases: this.#cases, wrong: this.#wrong, calls: this.#calls };
  }

  /** False if the work ended before the call. */
  async #once(way: Way, at: number): Promise<boolean> {
    this.#begin();
    const { how, torn = false, lost } = way;
    const disk = await breakDisk({ below: this.#folder, at, how, torn });
    let error: unknown;
    try {
      error = await attempt(() => this.#scene.act(this.#folder));
    } finally {
      disk.mend();
    }
    if (lost !== undefined) disk.losePower(lost);
    const hit = disk.hit();
    const isOver = hit === null;
    if (isOver && at > 1 && way === deaths[0]) this.#calls = disk.calls;
    if (isOver && (lost === undefined || this.#scene.lasts === false)) return false;
    this.#cases += 1;
    const where = hit === null ? 'the end' : `call ${at} (${hit.name} ${hit.path})`;
    const say = (what: string): void => void this.#wrong.push(`${inWords(way)} at ${where}: ${what}`);
    if (isOver && error !== null) say(`the work failed: ${faultOf(error).message}`);
    const state = await saying(this.#scene, this.#folder);
    if (state !== this.#new && (isOver || state !== this.#old)) say(`neither old nor new: ${state.slice(0, 400)}`);
    if (how !== 'death') this.#expectReason(error, state, how, say);
    if (!isOver && state === this.#old) await this.#expectAgain(say);
    return !isOver && at < never;
  }

  /** A refusal is told with the path and the reason, unless the work came about all the same. */
  #expectReason(error: unknown, state: string, how: string, say: (what: string) => void): void {
    if (error === null) {
      if (state !== this.#new && this.#scene.isSilent !== true) say('the refusal was not told of');
      return;
    }
    const { code, values, message } = faultOf(error);
    const isNamed =
      typeof values['path'] === 'string' && values['path'].startsWith(this.#folder) && message.includes(how);
    if (!isRefusedWrite(error) || !(error instanceof FaultError) || !isNamed)
      say(`told as ${code}: ${message.slice(0, 200)}`);
  }

  /** The disk is whole again: the same work succeeds. */
  async #expectAgain(say: (what: string) => void): Promise<void> {
    const error = await attempt(() => this.#scene.act(this.#folder));
    const state = await saying(this.#scene, this.#folder);
    if (error !== null) say(`cannot be done again: ${faultOf(error).message}`);
    else if (state !== this.#new) say(`done again it is ${state.slice(0, 400)}`);
  }
}
