/** Noise as data: the values affect neither the duration of a step nor its memory. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keyed } from '../random.ts';

/** The training split of an IDX data set, laid out as Fashion-MNIST is, without labels. */
export async function writeNoise(folder: string, count: number, size: number): Promise<void> {
  const stream = keyed(1, 'bench');
  const images = Buffer.alloc(16 + count * size * size);
  images.set([0, 0, 8, 3]);
  images.writeUInt32BE(count, 4);
  images.writeUInt32BE(size, 8);
  images.writeUInt32BE(size, 12);
  for (let at = 16; at < images.length; at++) images[at] = stream.word() >>> 24;
  await writeFile(join(folder, 'train-images-idx3-ubyte'), images);
}
