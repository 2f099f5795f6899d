/** For tests: a few small pictures with objects, in COCO's form. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { randomBytes } from '../data/testing/small-datasets.ts';

/** Pictures of noise, wide and high ones, each with two bright rectangles of two classes; one without any, one with a crowd. */
export async function writeTinyCoco(folder: string): Promise<void> {
  const polygon = ([x, y, w, h]: readonly number[]) => [[x!, y!, x! + w!, y!, x! + w!, y! + h!, x!, y! + h!]];
  for (const [split, count] of [
    ['train', 12],
    ['val', 6],
  ] as const) {
    const annotations = [];
    const images = [];
    mkdirSync(join(folder, 'annotations'), { recursive: true });
    mkdirSync(join(folder, `${split}2017`), { recursive: true });
    for (let image = 0; image < count; image++) {
      const [width, height] = image % 3 === 0 ? [40, 64] : [64, 40];
      const pixels = randomBytes(width * height * 3, `${split} ${image}`).map((value) => value >> 1);
      const boxes = image === 1 ? [] : [[4 + image, 3, 16, 12], [10, 20, 12 + image, 16]]; // prettier-ignore
      for (const [at, box] of boxes.entries()) {
        const [left, top, wide, high] = box as [number, number, number, number];
        for (let y = top; y < top + high; y++)
          pixels.fill(at === 0 ? 255 : 200, 3 * (y * width + left), 3 * (y * width + left + wide));
        annotations.push({
          id: annotations.length + 1,
          image_id: image + 1,
          category_id: at === 0 ? 3 : 7,
          bbox: box,
          area: wide * high,
          iscrowd: image === 4 && at === 0 ? 1 : 0,
          segmentation: polygon(box),
        });
      }
      const file = `${image}.png`;
      images.push({ id: image + 1, file_name: file, width, height });
      const raw = { width, height, channels: 3 } as const;
      writeFileSync(join(folder, `${split}2017`, file), await sharp(pixels, { raw }).png().toBuffer());
    }
    const categories = [
      { id: 3, name: 'bright' },
      { id: 7, name: 'light' },
    ];
    const text = JSON.stringify({ images, annotations, categories });
    writeFileSync(join(folder, `annotations/instances_${split}2017.json`), text);
  }
}
