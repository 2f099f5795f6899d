/** Folders of pictures as they lie on people's disks, written at test time: small pictures by formula, no two alike. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

const [width, height] = [16, 12];

/** A JPEG whose colours follow from its class and number. */
export function pictureOf(kind: number, index: number): Promise<Buffer> {
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, at) => {
    const place = Math.floor(at / 3);
    return (place * (kind + 3) + index * 53 + (at % 3) * 80 + ((place * index) % 29)) % 256;
  });
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg()
    .toBuffer();
}

export async function putFile(folder: string, path: string, contents: Uint8Array | string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), contents);
}

let written = 0;
/** Pictures under names of a folder; every call writes new ones. */
export async function putPictures(folder: string, names: readonly string[], kind = 0): Promise<void> {
  for (const name of names) await putFile(folder, name, await pictureOf(kind, written++));
}

/** `where/class/0.jpg` and so on, for every class. */
export async function putClasses(
  folder: string,
  where: string,
  classes: readonly string[],
  each: number,
): Promise<void> {
  for (const [kind, name] of classes.entries())
    await putPictures(
      folder,
      Array.from({ length: each }, (_, index) => `${where}/${name}/${index}.jpg`),
      kind,
    );
}
