/** All copies that an inspection found, in the workspace's folder of data sets: its record lists the first of them. */
import { join } from 'node:path';
import { writeSealedLines } from '../../durable/sealed-lines.ts';
import { copiesFile, type CopyPair } from '../../protocol/copies.ts';

export async function writeCopies(folder: string, fingerprint: string, pairs: readonly CopyPair[]): Promise<void> {
  await writeSealedLines(join(folder, copiesFile(fingerprint)), pairs);
}
