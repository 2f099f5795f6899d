/** Lists that lie beside images: read whole, so their size is bounded. */
import { readFile, stat } from 'node:fs/promises';
import { isMissing } from '../files.ts';
import { UnusableImage } from './header.ts';

/** The text of a file, or null where there is none. */
export async function readText(path: string, mostBytes: number): Promise<string | null> {
  try {
    const { size } = await stat(path);
    if (size > mostBytes) throw new UnusableImage(`it has ${size} bytes; such a list has at most ${mostBytes}`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
