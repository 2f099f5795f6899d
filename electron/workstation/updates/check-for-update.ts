/** One look for a newer version. Nothing is downloaded but its description, and nothing is ever run. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { inEnglish, said } from '../../../trainer/protocol/sentence.ts';
import type { Version } from '../../api/updates.ts';
import { compareVersions, readSignedVersion, updateFault, type UpdateSource } from './signed-version.ts';
import { readSmallFile } from './small-file.ts';

const patienceMs = 10_000;
const unnamed = said`This build names no address where newer versions are announced`;

export interface Looking {
  /** Null: the build names none. */
  readonly source: UpdateSource | null;
  /** Of this program. */
  readonly version: string;
  /** Until the host is given up; shorter in tests. */
  readonly patienceMs?: number;
}

/** @returns null if this is the newest version */
export async function checkForUpdate({ source, version, ...more }: Looking): Promise<Version | null> {
  if (source === null) throw new FaultError('not-available', `${inEnglish(unnamed)}.`, {}, { reason: unnamed });
  const bytes = await readSmallFile(source.address, more.patienceMs ?? patienceMs);
  const found = readSignedVersion(bytes, source, `${process.platform}-${process.arch}`);
  const order = compareVersions(found.version, version);
  if (order < 0)
    throw updateFault(
      said`${source.address} describes version ${found.version}, which is older than this one, ${version}. It is an old copy`,
    );
  return order === 0 ? null : found;
}
