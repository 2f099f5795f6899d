/** Files that a run kept beside its results: which images it got right, scores. */
import { readFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { isMissing } from '../../../trainer/durable/files.ts';

const unpacked = promisify(gunzip);

/** Path of a file named in a run's record; rejects a name that leads out of the run's folder. */
function inFolder(folder: string, file: string): string {
  const path = resolve(folder, file);
  if (!path.startsWith(resolve(folder) + sep)) {
    throw new FaultError('bad-argument', `"${file}" leads out of the run's folder.`, { path: file });
  }
  return path;
}

/** Enough for scores of a thousand classes and 200,000 images; a larger file was not written by this program. */
const mostUnpacked = 2 ** 30;

/** A run's per-image file, unpacked; null if it is missing. Older runs stored it uncompressed. */
export async function readKept(folder: string, file: string, most = mostUnpacked): Promise<Uint8Array | null> {
  try {
    const bytes = await readFile(inFolder(folder, file));
    return file.endsWith('.gz') ? await unpacked(bytes, { maxOutputLength: most }) : bytes;
  } catch (error) {
    if (isMissing(error)) return null;
    if (error instanceof Error && 'code' in error && /^Z_|^ERR_BUFFER_TOO_LARGE$/.test(String(error.code)))
      throw new FaultError(
        'unreadable-file',
        `${join(folder, file)} cannot be unpacked (${error.message}). Evaluate again, or remove the file.`,
        { path: join(folder, file) },
      );
    throw error;
  }
}
