/** Images that a person left out of a data set, as both programs read them. */
import { join } from 'node:path';
import * as v from 'valibot';
import { ExcludedFile, excludedFileOf } from '../protocol/left-out.ts';
import { readSealedAs, writeSealedJson } from './sealed-json.ts';

const limit = 16 << 20;
/** Older versions wrote the list alone. */
const Stored = v.union([v.strictObject({ excluded: v.array(ExcludedFile) }), v.array(ExcludedFile)]);

/** @param folder the workspace's folder of data sets. @throws FaultError `unreadable-file` if the list is damaged */
export async function readExcludedFiles(folder: string, fingerprint: string): Promise<readonly ExcludedFile[]> {
  const stored = await readSealedAs(join(folder, excludedFileOf(fingerprint)), limit, Stored);
  if (stored === null) return [];
  return 'excluded' in stored ? stored.excluded : stored;
}

export async function writeExcludedFiles(
  folder: string,
  fingerprint: string,
  excluded: readonly ExcludedFile[],
): Promise<void> {
  await writeSealedJson(join(folder, excludedFileOf(fingerprint)), { excluded });
}
