/** Tells which of the pictures named by a list are there. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { said } from '../../protocol/sentence.ts';

export const notInFolder = said`named in the list, not in the folder`;

/** Names of folders that are kept, in all: beyond, every file is looked up by itself. */
const mostNames = 1_000_000;

/** Reads the names in every folder once, which is much faster than looking a million files up. */
export function presenceIn(root: string): (path: string) => boolean {
  const folders = new Map<string, ReadonlySet<string>>();
  let kept = 0;
  const namesIn = (folder: string): ReadonlySet<string> | null => {
    const known = folders.get(folder);
    if (known !== undefined) return known;
    if (kept >= mostNames) return null;
    let names: ReadonlySet<string>;
    try {
      names = new Set(readdirSync(join(root, folder)));
    } catch {
      names = new Set();
    }
    kept += names.size + 1;
    folders.set(folder, names);
    return names;
  };
  return (path) => {
    const names = namesIn(dirname(path));
    const name = path.slice(path.lastIndexOf('/') + 1);
    return names === null ? existsSync(join(root, path)) : names.has(name);
  };
}
