/** For tests: annotation files as programs write them. */
import sharp from 'sharp';
import { put } from '../../data/testing/small-datasets.ts';

/** A grey picture that differs by its number. */
export const picture = (number: number, width = 40, height = 30): Promise<Buffer> =>
  sharp(
    Uint8Array.from({ length: width * height }, (_, at) => (at * (number + 3) + number * 31) % 251),
    { raw: { width, height, channels: 1 } },
  )
    .jpeg()
    .toBuffer();

export interface XmlObject {
  readonly name: string;
  readonly box: readonly (number | string)[];
  readonly extra?: string;
}

export function vocXml(objects: readonly XmlObject[], width = 40, height = 30): string {
  const text = objects.map(
    ({ name, box: [left, top, right, bottom], extra = '' }) =>
      `\t<object>\n\t\t<name>${name}</name>\n\t\t<bndbox><xmin>${left}</xmin><ymin>${top}</ymin><xmax>${right}</xmax><ymax>${bottom}</ymax></bndbox>${extra}\n\t</object>\n`,
  );
  return `<annotation>\n\t<size><width>${width}</width><height>${height}</height><depth>3</depth></size>\n${text.join('')}</annotation>\n`;
}

/** A year of PASCAL VOC by the annotation of each picture; a class is in the lists if an object has its name. */
export async function putVoc(
  folder: string,
  split: string,
  annotations: Readonly<Record<string, readonly XmlObject[]>>,
  classes: readonly string[],
  from = 0,
): Promise<void> {
  const ids = Object.keys(annotations);
  const lists = Object.fromEntries(
    classes.map((name) => [
      `ImageSets/Main/${name}_${split}.txt`,
      ids.map((id) => `${id} ${annotations[id]!.some((object) => object.name === name) ? 1 : -1}\n`).join(''),
    ]),
  );
  await put(folder, { [`ImageSets/Main/${split}.txt`]: ids.map((id) => `${id}\n`).join(''), ...lists });
  for (const [at, id] of ids.entries())
    await put(folder, {
      [`Annotations/${id}.xml`]: vocXml(annotations[id]!),
      [`JPEGImages/${id}.jpg`]: await picture(from + at),
    });
}

export type Annotation = Readonly<Record<string, unknown>>;

/** A document of COCO's with pictures 1, 2, … of 40 x 30 called 1.jpg, 2.jpg, …; what is given replaces parts of it. */
export function cocoJson(pictures: number, annotations: readonly Annotation[], parts: Annotation = {}): string {
  return JSON.stringify({
    info: { description: 'a "made" {file}' },
    images: Array.from({ length: pictures }, (_, at) => ({
      id: at + 1,
      file_name: `${at + 1}.jpg`,
      width: 40,
      height: 30,
    })),
    annotations: annotations.map((annotation, at) => ({ id: at + 1, iscrowd: 0, ...annotation })),
    categories: [
      { id: 1, name: 'cat', supercategory: 'animal' },
      { id: 90, name: 'brush', supercategory: 'indoor' },
    ],
    ...parts,
  });
}

export async function putPictures(folder: string, place: string, count: number, from = 0): Promise<void> {
  for (let number = 1; number <= count; number++)
    await put(folder, { [`${place}${number}.jpg`]: await picture(from + number) });
}
