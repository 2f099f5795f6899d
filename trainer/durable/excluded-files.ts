/** Images that a person left out of a data set, as both programs read them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { ExcludedFile, excludedFileOf } from '../protocol/left-out.ts';
import { isMissing } from './files.ts';

/** @param folder the workspace's folder of data sets */
export async function readExcludedFiles(folder: string, fingerprint: string): Promise<readonly ExcludedFile[]> {
  try {
    return v.parse(
      v.array(ExcludedFile),
      JSON.parse(await readFile(join(folder, excludedFileOf(fingerprint)), 'utf8')),
    );
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
