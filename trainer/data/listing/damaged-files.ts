/**
 * The damaged images that an inspection found, all of them, in the workspace's folder of data sets. A data set's
 * fingerprint covers its usable images, so it stands for this list as well: data with other damaged files has another.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { isMissing, writeAtomically } from '../../durable/files.ts';
import { DamagedFile, damagedFilesOf } from '../../protocol/left-out.ts';

const fileOf = (folder: string, fingerprint: string): string => join(folder, damagedFilesOf(fingerprint));

export async function writeDamagedFiles(
  folder: string,
  fingerprint: string,
  damaged: readonly DamagedFile[],
): Promise<void> {
  await writeAtomically(fileOf(folder, fingerprint), [damaged.map((one) => `${JSON.stringify(one)}\n`).join('')]);
}

/** Empty for data that was inspected without any, or before there was such a list. */
export async function readDamagedFiles(folder: string, fingerprint: string): Promise<readonly DamagedFile[]> {
  try {
    const lines = (await readFile(fileOf(folder, fingerprint), 'utf8')).trimEnd().split('\n');
    return lines.filter((line) => line !== '').map((line) => v.parse(DamagedFile, JSON.parse(line)));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
