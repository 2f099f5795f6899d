/** Size of a folder on disk, cached for a while: the list of runs is requested several times a second. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A file that vanishes during the walk (a pruned checkpoint) counts as gone. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return folderBytes(path);
      return lstat(path).then(
        (found) => found.size,
        () => 0,
      );
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

export interface FolderSizes {
  /**
   * The cached size, at most `withinMs` old and measured after `since` (Unix time in ms), when the folder last changed.
   */
  readonly of: (folder: string, withinMs: number, since: number) => Promise<number>;
}

export function createFolderSizes(now: () => number): FolderSizes {
  const known = new Map<string, { readonly at: number; readonly bytes: Promise<number> }>();
  return {
    of: (folder, withinMs, since) => {
      const found = known.get(folder);
      if (found !== undefined && now() - found.at <= withinMs && found.at >= since) return found.bytes;
      const bytes = folderBytes(folder);
      known.set(folder, { at: now(), bytes });
      return bytes;
    },
  };
}
