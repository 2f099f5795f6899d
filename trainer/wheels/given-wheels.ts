/** Wheels that a user gives, as files or in folders, in place of downloads. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FaultError } from '../durable/fault-error.ts';
import { said } from '../protocol/sentence.ts';
import type { Wheel } from '../protocol/wheels.ts';
import { wrongWheel } from './faults.ts';

/** `nvidia_cudnn_cu12-9.3…` → `nvidia_cudnn_cu12`. */
const projectOf = (file: string): string => file.split('-')[0]!.toLowerCase();

/**
 * Finds each wheel by its name. What else lies in a folder is nobody's business.
 *
 * @returns name of the wheel → path
 * @throws 'wrong-wheel' for a file that is none of them, with the one that is expected
 */
export async function givenWheels(
  paths: readonly string[],
  wheels: readonly Wheel[],
): Promise<ReadonlyMap<string, string>> {
  const expected = new Set(wheels.map(({ file }) => file));
  const found = new Map<string, string>();
  for (const path of paths) {
    const at = await stat(path).catch((cause: unknown) => {
      throw new FaultError('not-found', `There is no file or folder ${path} that can be read.`, { path }, { cause });
    });
    const isFolder = at.isDirectory();
    for (const name of isFolder ? await readdir(path) : [basename(path)]) {
      if (expected.has(name)) found.set(name, await plainFile(isFolder ? join(path, name) : path));
      else if (!isFolder) throw refusal(name, wheels);
    }
  }
  return found;
}

/** A pipe under the name of a wheel would be waited for. */
async function plainFile(path: string): Promise<string> {
  if ((await stat(path)).isFile()) return path;
  throw wrongWheel(said`${path} is not a plain file`);
}

function refusal(name: string, wheels: readonly Wheel[]): Error {
  const meant = wheels.find(({ file }) => projectOf(file) === projectOf(name));
  const reason =
    meant === undefined
      ? said`${name} is not one of the wheels of this build; those are ${wheels.map(({ file }) => file)}`
      : said`${name} is not the wheel of this build; expected is ${meant.file}`;
  return wrongWheel(reason);
}

/** @throws 'wrong-wheel' with the names of those that are neither given nor unpacked already */
export function expectGiven(missing: readonly Wheel[], given: ReadonlyMap<string, string>): void {
  const lacking = missing.filter(({ file }) => !given.has(file)).map(({ file }) => file);
  if (lacking.length > 0) throw wrongWheel(said`these wheels are missing: ${lacking}`);
}
