/** A cheap signature of a data set's folder or archive, to notice changes without hashing contents: names, sizes and times. */
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Folders beyond these limits are skipped: the signature must stay cheap for a million files. */
const deepest = 4;
const mostFolders = 5_000;

interface Limits {
  /** Files sampled in a folder, evenly spaced over the sorted names, */
  readonly inFolder: number;
  /** and in total, divided evenly among the subfolders, with at least one in each. */
  readonly inAll: number;
}

/** A tenth of a second on a local disk; a data set below the limit has every file looked at. */
const present: Limits = { inFolder: 20_000, inAll: 20_000 };
/** Of signatures from before there was a version in them. */
const past: Limits = { inFolder: 32, inAll: 2_048 };
const prefix = '2:';

/** `like`: a signature to compare with, whose version counts. Null if there is neither a folder nor an archive of that name. */
export async function signatureOf(folder: string, like = prefix): Promise<string | null> {
  if (!like.startsWith(prefix)) return signatureWithin(folder, past);
  const found = await signatureWithin(folder, present);
  return found && prefix + found;
}

async function signatureWithin(folder: string, limits: Limits): Promise<string | null> {
  const hash = createHash('sha256');
  const archive = await stat(folder).catch(() => null);
  if (archive?.isFile() === true) return hash.update(`${archive.size}\0${Math.round(archive.mtimeMs)}`).digest('hex');
  let folders = 0;
  async function look(path: string, name: string, depth: number, share: number): Promise<boolean> {
    const entries = await readdir(path, { withFileTypes: true }).catch(() => null);
    if (entries === null) return false;
    folders += 1;
    const names = entries.map((entry) => entry.name).sort();
    hash.update(`${name}\0${names.length}\0`);
    const looked = Math.max(1, Math.min(limits.inFolder, share));
    const stride = Math.max(1, Math.ceil(names.length / looked));
    for (let index = 0; index < names.length; index += stride) {
      const child = names[index] ?? '';
      const found = await stat(join(path, child)).catch(() => null);
      // A folder's own size and time depend on the file system; its entries are what counts.
      if (found?.isFile() === true) hash.update(`${child}\0${found.size}\0${Math.round(found.mtimeMs)}\0`);
      else hash.update(`${child}\0`);
    }
    const below = entries.filter((entry) => entry.isDirectory()).sort((one, other) => (one.name < other.name ? -1 : 1));
    for (const entry of below) {
      if (depth >= deepest || folders >= mostFolders) break;
      await look(join(path, entry.name), `${name}/${entry.name}`, depth + 1, Math.floor(share / below.length));
    }
    return true;
  }
  return (await look(folder, '', 0, limits.inAll)) ? hash.digest('hex') : null;
}
