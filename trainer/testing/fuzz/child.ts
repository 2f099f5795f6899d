/**
 * A process that reads mutated files by some of the readers, so that one that runs out of memory or never ends is a failed case
 * and not the end of the tests: `child.ts FOLDER SEED CASES NAME…`. Prints a line for each reader.
 */
import { join } from 'node:path';
import process from 'node:process';
import { writeSync } from 'node:fs';
import fc from 'fast-check';
import { FaultError } from '../../durable/fault-error.ts';
import { reasonOf } from '../../data/unusable-image.ts';
import { mutated } from '../mutations.ts';
import { readAs, readers, type FuzzedReader } from './readers.ts';

/** Time of the processor that one file may take. */
const mostSeconds = 2;

/** Whether the file was refused in words; any other error is thrown on. */
function isRefusal(error: unknown): boolean {
  if (error instanceof FaultError) return error.fault.code !== 'internal';
  reasonOf(error);
  return true;
}

async function fuzzed(reader: FuzzedReader, folder: string, seed: number, numRuns: number) {
  const ends = { read: 0, refused: 0 };
  const property = fc.asyncProperty(mutated(await reader.valid()), async (bytes) => {
    const before = process.cpuUsage();
    try {
      await readAs(reader, folder, bytes);
      ends.read++;
    } catch (error) {
      isRefusal(error);
      ends.refused++;
    }
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1e6 > mostSeconds) throw new Error(`It took ${(user + system) / 1e6} s.`);
  });
  await fc.assert(property, { seed, numRuns, endOnFailure: true });
  return ends;
}

const [folder = '', seed = '', cases = '', ...names] = process.argv.slice(2);
for (const reader of readers.filter(({ name }) => names.includes(name))) {
  // Synchronous, so that the parent knows the reader if the process ends in it.
  writeSync(1, `reading ${reader.name}\n`);
  const ends = await fuzzed(reader, join(folder, reader.name), Number(seed), Number(cases));
  const { maxRSS } = process.resourceUsage();
  writeSync(1, `${JSON.stringify({ name: reader.name, ...ends, maxRSS })}\n`);
}
