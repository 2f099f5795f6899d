/** Reads the lists of a file of annotations element by element, with what Python writes where a number is none. */
import { printable } from '../../data/rejects.ts';
import { UnusableImage } from '../../data/unusable-image.ts';
import { quoted, said } from '../../protocol/sentence.ts';
import { readElements as readTexts, WrongDocument, type Pace } from '../json-elements.ts';

export type { Pace };

/** Python writes these where a number is none; JSON has no such words. */
const notNumbers = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    try {
      return JSON.parse(text.replace(notNumbers, (found) => (found.startsWith('"') ? found : 'null')));
    } catch {
      throw new UnusableImage(said`not JSON at "${quoted(printable(text.trim().slice(0, 60)))}"`, error);
    }
  }
}

/**
 * @param lists what to do with each element of these lists of the document, in the order of the file
 * @returns the lists that are there
 * @throws UnusableImage
 */
export async function readElements(
  path: string,
  lists: Readonly<Record<string, (element: unknown) => void>>,
  pace: Pace,
): Promise<ReadonlySet<string>> {
  const takers = Object.entries(lists).map(([key, take]) => [key, (text: string) => take(parsed(text))] as const);
  try {
    return await readTexts(path, new Map(takers), pace);
  } catch (error) {
    throw error instanceof WrongDocument ? new UnusableImage(error.reason, error) : error;
  }
}
