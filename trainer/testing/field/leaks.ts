/** Data sets whose evaluation pictures lie in train too: the same bytes, saved again, resized, mirrored, with other metadata. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { putFile } from './folders.ts';

const [width, height] = [96, 64];

/** Waves of colours whose frequencies and phases follow from class and number, with a fine pattern over them. */
export function waves(kind: number, index: number): Buffer {
  const frequency = 0.15 + 0.11 * kind;
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const grain = ((x * 7 + y * 13 + index * 31) % 17) - 8;
      const colours = [
        Math.sin(frequency * x + 0.7 * index),
        Math.cos(frequency * y * (1 + (kind % 3)) + 0.3 * index),
        Math.sin(0.05 * (x + y) * (kind + 1) + 0.11 * index),
      ];
      for (const colour of colours) pixels[at++] = Math.max(0, Math.min(255, Math.floor(127 + 100 * colour + grain)));
    }
  return pixels;
}

const jpegOf = (kind: number, index: number): Promise<Buffer> =>
  sharp(waves(kind, index), { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 75 })
    .toBuffer();

/** The file with a comment after its first marker: other bytes, the same pixels. */
function withComment(jpeg: Buffer): Buffer {
  const text = Buffer.from('editor');
  const marker = Buffer.from([0xff, 0xfe, 0, text.length + 2]);
  return Buffer.concat([jpeg.subarray(0, 2), marker, text, jpeg.subarray(2)]);
}

/** Copies in train/a of val/a/000.jpg (again, half, mirror), 001.jpg (exact) and 002.jpg (comment). */
export async function writeLeaks(folder: string): Promise<void> {
  for (const [split, first] of [
    ['train', 0],
    ['val', 300],
  ] as const)
    for (const [kind, name] of ['a', 'b'].entries())
      for (let index = 0; index < 40; index++) {
        const file = `${String(index).padStart(3, '0')}.jpg`;
        await putFile(folder, `${split}/${name}/${file}`, await jpegOf(kind, first + index));
      }
  const [leaked, exact, commented] = await Promise.all(
    ['000', '001', '002'].map((name) => readFile(join(folder, 'val', 'a', `${name}.jpg`))),
  );
  const put = (name: string, bytes: Buffer) => putFile(folder, `train/a/${name}.jpg`, bytes);
  await put('exact', exact!);
  await put('comment', withComment(commented!));
  await put('again', await sharp(leaked).jpeg({ quality: 80 }).toBuffer());
  await put('half', await sharp(leaked).resize(48, 32).jpeg({ quality: 75 }).toBuffer());
  await put('mirror', await sharp(leaked).flop().jpeg({ quality: 95 }).toBuffer());
}
