/**
 * Cuts a file at every offset and flips its bits, and holds what its reader says of each against what it said of the whole
 * file: a part of it, with the damage named.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { faultOf } from '../fault-of.ts';
import { isNightly } from './nightly.ts';

/** What a reader found in a file. */
export interface Reading {
  /** Everything that is believed, a line each. */
  readonly said: readonly string[];
  /** What is told of damage. */
  readonly named: readonly string[];
}

export interface DamagedKind {
  readonly name: string;
  readonly file: string;
  /** Opens the file as the program does. An error counts as damage that is named. May write: every case begins anew. */
  readonly read: () => Reading | Promise<Reading>;
  /** Makes what surrounds the file as it was. */
  readonly restore?: () => void;
  /** Lines are appended to it, and nothing else knows how many: what a cut takes at its end is not missed. */
  readonly isAppended?: boolean;
  /** An older version wrote an empty one where there was nothing to write. */
  readonly mayBeEmpty?: boolean;
  /** Places where a cut is likely to look whole. Of a large file they are tried, and others in a sample. */
  readonly boundaries?: (bytes: Buffer) => readonly number[];
}

export interface DamageCount {
  readonly cases: number;
  readonly cuts: number;
  readonly flips: number;
  readonly wrong: readonly string[];
}

const flipsEach = isNightly ? 1000 : 60;
/** Up to here a file is cut at every offset; outside of the nightly run at every eleventh. */
const smallFile = 64 * 1024;
const stride = isNightly ? 1 : 11;
const sampledCuts = isNightly ? 2000 : 60;

function cutsOf(bytes: Buffer, boundaries: readonly number[], integer: (below: number) => number): readonly number[] {
  const all = bytes.length <= smallFile;
  const plain = all
    ? Array.from({ length: Math.ceil(bytes.length / stride) }, (_, at) => at * stride)
    : Array.from({ length: sampledCuts }, () => integer(bytes.length));
  const edges = boundaries.flatMap((at) => [at - 1, at, at + 1]).filter((at) => at >= 0 && at < bytes.length);
  return [...new Set([...edges, ...plain])];
}

/** Said of an error, whatever it is: a program that tells a person has to have words for it. */
async function reading(kind: DamagedKind): Promise<Reading> {
  try {
    return await kind.read();
  } catch (error) {
    const { code, message } = faultOf(error);
    return { said: code === 'internal' ? [`internal error: ${message}`] : [], named: [message] };
  }
}

const seed = process.env['REPRISE_PROPERTY_SEED'] ?? '29';

/** The same numbers for the same seed and name. */
function drawing(name: string): (below: number) => number {
  let drawn = 0;
  return (below) => createHash('sha256').update(`${seed} ${name} ${drawn++}`).digest().readUIntBE(0, 6) % below;
}

export async function damageEverywhere(kind: DamagedKind): Promise<DamageCount> {
  const integer = drawing(kind.name);
  const bytes = readFileSync(kind.file);
  const whole = await reading(kind);
  if (whole.said.length === 0 || whole.named.length > 0)
    throw new Error(`${kind.name} is not whole: ${whole.named.join()}`);
  const wrong: string[] = [];
  const attempt = async (damaged: Buffer, what: string, mayMiss: boolean): Promise<void> => {
    kind.restore?.();
    writeFileSync(kind.file, damaged);
    const { said, named } = await reading(kind);
    const invented = said.filter((line) => !whole.said.includes(line));
    if (invented.length > 0) wrong.push(`${what}: believed ${invented[0]!.slice(0, 200)}`);
    else if (said.length < whole.said.length && named.length === 0 && !mayMiss)
      wrong.push(`${what}: something is missing, and nothing is said`);
  };
  const cuts = cutsOf(bytes, kind.boundaries?.(bytes) ?? [], integer);
  for (const at of cuts) {
    const mayMiss = kind.isAppended === true || (kind.mayBeEmpty === true && at === 0);
    await attempt(bytes.subarray(0, at), `cut at ${at} of ${bytes.length}`, mayMiss);
  }
  for (let flip = 0; flip < flipsEach; flip += 1) {
    const bit = integer(bytes.length * 8);
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    // Without its end the last line looks as if a power cut had taken it.
    const isEnd = kind.isAppended === true && bit >> 3 === bytes.length - 1;
    await attempt(flipped, `bit ${bit & 7} of byte ${bit >> 3} flipped`, isEnd);
  }
  kind.restore?.();
  writeFileSync(kind.file, bytes);
  return { cases: cuts.length + flipsEach, cuts: cuts.length, flips: flipsEach, wrong };
}
