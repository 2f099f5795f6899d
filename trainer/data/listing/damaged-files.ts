/**
 * The damaged images that an inspection found, all of them, in the workspace's folder of data sets. A data set's
 * fingerprint covers its usable images, so it stands for this list as well: data with other damaged files has another.
 */
import { join } from 'node:path';
import { readSealedLines, writeSealedLines } from '../../durable/sealed-lines.ts';
import { DamagedFile, damagedFilesOf } from '../../protocol/left-out.ts';

const fileOf = (folder: string, fingerprint: string): string => join(folder, damagedFilesOf(fingerprint));
const advice = 'Remove the file, and check the contents of the data set again.';

export async function writeDamagedFiles(
  folder: string,
  fingerprint: string,
  damaged: readonly DamagedFile[],
): Promise<void> {
  await writeSealedLines(fileOf(folder, fingerprint), damaged);
}

/**
 * Empty for data that was inspected without any, or before there was such a list.
 *
 * @throws FaultError `unreadable-file` if the list is damaged
 */
export async function readDamagedFiles(folder: string, fingerprint: string): Promise<readonly DamagedFile[]> {
  return (await readSealedLines(fileOf(folder, fingerprint), DamagedFile, advice)) ?? [];
}
