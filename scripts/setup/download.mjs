/** Downloads that can be interrupted at any point. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../files.mjs';
import { locations } from '../runtime.mjs';
import { SetUpError } from './command.mjs';

/**
 * The pinned file in the downloads folder: the existing one if its hash is right, otherwise a new one. It is fetched
 * into a temporary folder and renamed once its hash is verified, so a partial file never has the final name.
 * @param {object} wanted
 * @param {string} wanted.file
 * @param {string} wanted.hash its SHA-256
 * @param {(part: string) => Promise<unknown>} wanted.fetch leaves the file in the folder it is given
 * @param {string} [wanted.folder]
 * @returns {Promise<string>}
 */
export async function obtain({ file, hash, fetch, folder = locations.downloads }) {
  const path = join(folder, file);
  if (existsSync(path)) {
    if ((await sha256(path)) === hash) return path;
    rmSync(path);
  }
  const part = `${path}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  await fetch(part);
  const fetched = join(part, file);
  const found = existsSync(fetched) ? await sha256(fetched) : undefined;
  if (found !== hash) {
    rmSync(part, { recursive: true });
    throw new SetUpError(
      `${file} was downloaded with SHA-256 ${found ?? '(no file)'} instead of ${hash}; nothing of it was kept.`,
    );
  }
  renameSync(fetched, path);
  rmSync(part, { recursive: true });
  return path;
}
