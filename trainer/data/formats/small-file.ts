/** Reads lists stored next to images: whole, so their size is bounded. */
import { readPlain } from '../../durable/plain-file.ts';
import { isMissing } from '../../durable/files.ts';

/** Null if there is no such file. */
export async function readSmallFile(path: string, mostBytes: number): Promise<Buffer | null> {
  try {
    return await readPlain(path, mostBytes);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
