/** Reads lists stored next to images: whole, so their size is bounded. */
import { readFile, stat } from 'node:fs/promises';
import { isMissing } from '../../durable/files.ts';
import { UnusableImage } from '../unusable-image.ts';
import { said } from '../../protocol/sentence.ts';

/** Null if there is no such file. */
export async function readSmallFile(path: string, mostBytes: number): Promise<Buffer | null> {
  try {
    const { size } = await stat(path);
    if (size > mostBytes) throw new UnusableImage(said`it has ${size} bytes; a list may have at most ${mostBytes}`);
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
