/**
 * Writes the built-in sample set: photograph-like pictures of ten things as an ordinary image folder, with VOC-style
 * boxes, masks of classes and of single objects beside it, for a machine that has no data yet. Every byte follows from the seed; nothing in it was
 * drawn or photographed by anyone, so it is free of rights (CC0).
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { sha256, syncFolder, writeAtomically } from '../../durable/files.ts';
import { sampleManifestName, type SampleManifest } from './sample-manifest.ts';
import { sampleClasses } from './sample-objects.ts';
import { renderScene, type Scene } from './sample-scene.ts';

export interface SampleSetOptions {
  readonly folder: string;
  readonly seed: number;
  /** Total number of pictures, assigned to the classes in turn. */
  readonly train: number;
  readonly val: number;
  /** Width and height of a picture. */
  readonly size?: number;
  readonly progress?: (fraction: number) => void | Promise<void>;
}

const jpeg = { quality: 92, chromaSubsampling: '4:2:0', mozjpeg: false, optimiseCoding: true } as const;

function annotation(name: string, className: string, size: number, { boxes }: Scene): string {
  const objects = boxes.map(
    ({ left, top, right, bottom, truncated }) => `	<object>
		<name>${className}</name>
		<truncated>${truncated ? 1 : 0}</truncated>
		<difficult>0</difficult>
		<bndbox>
			<xmin>${left + 1}</xmin>
			<ymin>${top + 1}</ymin>
			<xmax>${right}</xmax>
			<ymax>${bottom}</ymax>
		</bndbox>
	</object>
`,
  );
  return `<annotation>
	<folder>${className}</folder>
	<filename>${name}.jpg</filename>
	<size>
		<width>${size}</width>
		<height>${size}</height>
		<depth>3</depth>
	</size>
	<segmented>1</segmented>
${objects.join('')}</annotation>
`;
}

/** The four files of one picture: path and bytes. */
async function renderFiles(
  seed: number,
  split: string,
  index: number,
  size: number,
): Promise<readonly (readonly [path: string, bytes: Buffer])[]> {
  const label = index % sampleClasses.length;
  const className = sampleClasses[label]!.name;
  const name = String(Math.floor(index / sampleClasses.length) + 1).padStart(4, '0');
  const scene = renderScene(seed, split, index, label, size);
  const raw = (channels: 1 | 3) => ({ raw: { width: size, height: size, channels } });
  const png = (values: Uint8Array) =>
    sharp(values, raw(1)).toColourspace('b-w').png({ compressionLevel: 9 }).toBuffer();
  return [
    [`${split}/${className}/${name}.jpg`, await sharp(scene.pixels, raw(3)).jpeg(jpeg).toBuffer()],
    [`annotations/${split}/${className}/${name}.xml`, Buffer.from(annotation(name, className, size, scene))],
    [`masks/${split}/${className}/${name}.png`, await png(scene.mask)],
    [`objects/${split}/${className}/${name}.png`, await png(scene.objects)],
  ];
}

/** Writes to a temporary folder and renames it when complete: a set is whole or absent. */
export async function writeSampleSet(options: SampleSetOptions): Promise<SampleManifest> {
  const { folder, seed, train, val, size = 96, progress } = options;
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  const files: Record<string, string> = {};
  let done = 0;
  try {
    for (const [split, count] of [
      ['train', train],
      ['val', val],
    ] as const) {
      for (let index = 0; index < count; index++) {
        for (const [path, bytes] of await renderFiles(seed, split, index, size)) {
          await mkdir(dirname(join(partial, path)), { recursive: true });
          await writeFile(join(partial, path), bytes);
          files[path] = sha256(bytes);
        }
        done++;
        await progress?.(done / (train + val));
      }
    }
    const manifest: SampleManifest = {
      format: 1,
      generator: 'reprise-sample-set',
      title: 'Built-in sample set',
      licence: 'CC0-1.0',
      seed,
      size,
      classes: sampleClasses.map((each) => each.name),
      files,
    };
    await writeAtomically(join(partial, sampleManifestName), [Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`)]);
    await rm(folder, { recursive: true, force: true });
    await rename(partial, folder);
    await syncFolder(dirname(folder));
    return manifest;
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}
