/** Writes what is found while it is found. */
import { PassThrough } from 'node:stream';
import type { Detection } from '../objects.ts';
import { writeCocoResults } from './coco-results.ts';

export type TellDetections = (image: string, detections: readonly Detection[]) => void;

/** Detections go to a file beside the target as they are told; it takes the target's place once `find` is done. */
export async function writeWhileFound(
  path: string,
  categories: readonly number[],
  find: (tell: TellDetections) => Promise<void>,
): Promise<void> {
  const found = new PassThrough({ objectMode: true });
  // Whoever waits for `written` is told.
  found.on('error', () => undefined);
  const written = writeCocoResults(path, found, categories);
  written.catch(() => undefined);
  try {
    await find((image, detections) => void found.write({ image, detections }));
  } catch (error) {
    found.destroy(error as Error);
    await written.catch(() => undefined);
    throw error;
  }
  found.end();
  await written;
}
