import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../durable/files.ts';
import { dataset as sample } from '../../datasets/sample.ts';
import { inspectFolder } from '../listing/inspect.ts';
import { renderScene } from './sample-scene.ts';
import { readSampleManifest } from './sample-manifest.ts';
import { sampleClasses } from './sample-objects.ts';
import { writeSampleSet } from './sample-set.ts';
import { inTemporaryFolder } from '../testing/small-datasets.ts';
import { spelledOut } from '../testing/spelled-out.ts';

const quiet = () => undefined;
const never = new AbortController().signal;

describe('the sample set', () => {
  test('has the same bytes every time, and those recorded when it was made', () =>
    inTemporaryFolder(async (folder) => {
      const first = await writeSampleSet({ folder: join(folder, 'a'), seed: 1, train: 10, val: 10 });
      const second = await writeSampleSet({ folder: join(folder, 'b'), seed: 1, train: 10, val: 10 });
      expect(second).toEqual(first);
      const other = await writeSampleSet({ folder: join(folder, 'c'), seed: 2, train: 10, val: 10 });
      expect(Object.keys(other.files)).toEqual(Object.keys(first.files));
      expect(other.files).not.toEqual(first.files);
      for (const [path, hash] of Object.entries(first.files)) {
        expect(sha256(await readFile(join(folder, 'b', path)))).toBe(hash);
      }
      const all = sha256(
        Object.entries(first.files)
          .map((entry) => entry.join(' '))
          .join('\n'),
      );
      expect(all).toMatchInlineSnapshot(`"33ffea1429b08f696b8b7f4f494e997b8edb3aff4fd1731f235470d7ef7228d7"`);
    }));

  test('is an image folder that inspection finds nothing wrong with', () =>
    inTemporaryFolder(async (folder) => {
      const path = join(folder, 'set');
      const fractions: number[] = [];
      await writeSampleSet({
        folder: path,
        seed: 3,
        train: 20,
        val: 10,
        progress: (done) => void fractions.push(done),
      });
      expect(fractions).toHaveLength(30);
      expect(fractions.at(-1)).toBe(1);
      expect(await readdir(folder)).toEqual(['set']);
      const inspection = await inspectFolder(path, null, quiet, never);
      expect(inspection).toMatchObject({
        dataset: 'sample',
        licence: 'CC0-1.0',
        rejects: [],
        leakCount: 0,
        duplicateCount: 0,
        smallest: [96, 96],
        largest: [96, 96],
        classes: sampleClasses.map((each) => each.name),
      });
      expect(inspection).toMatchObject({ unused: [], warnings: [] });
      expect(inspection.splits).toMatchObject([
        {
          split: 'train',
          images: 20,
          perClass: new Array(10).fill(2),
          objects: { imagesWithout: 0, imagesPerClass: new Array(10).fill(2) },
        },
        { split: 'val', images: 10, perClass: new Array(10).fill(1) },
      ]);
      // Dropping the train folder means the set it belongs to.
      const dropped = await inspectFolder(join(path, 'train'), null, quiet, never);
      expect(dropped).toMatchObject({ path, fingerprint: inspection.fingerprint });
    }));

  test('notices a file that is not the one it wrote', () =>
    inTemporaryFolder(async (folder) => {
      await writeSampleSet({ folder, seed: 3, train: 10, val: 10 });
      const stranger = await readFile(join(folder, 'train/ball/0001.jpg'));
      await writeFile(join(folder, 'train/cone/0001.jpg'), stranger);
      await writeFile(join(folder, 'val/cone/extra.jpg'), stranger);
      const inspection = spelledOut(await inspectFolder(folder, 'sample', quiet, never));
      expect(inspection.rejects).toEqual([
        { file: 'train/cone/0001.jpg', reason: 'its contents differ from manifest.json' },
        { file: 'val/cone/extra.jpg', reason: 'not listed in manifest.json' },
      ]);
    }));

  test('a set cut off while it is written leaves nothing behind', () =>
    inTemporaryFolder(async (folder) => {
      const path = join(folder, 'set');
      const progress = (fraction: number) => {
        if (fraction > 0.4) throw new Error('stopped');
      };
      await expect(writeSampleSet({ folder: path, seed: 1, train: 10, val: 0, progress })).rejects.toThrow('stopped');
      expect(await readdir(folder)).toEqual([]);
    }));

  test('boxes and masks locate the objects', () =>
    inTemporaryFolder(async (folder) => {
      await writeSampleSet({ folder, seed: 5, train: 10, val: 10 });
      for (const [label, { name }] of sampleClasses.entries()) {
        const mask = await sharp(join(folder, `masks/train/${name}/0001.png`))
          .toColourspace('b-w')
          .raw()
          .toBuffer({ resolveWithObject: true });
        expect([mask.info.width, mask.info.height, mask.info.channels]).toEqual([96, 96, 1]);
        expect(new Set(mask.data)).toEqual(new Set([0, label + 1]));
        const xml = await readFile(join(folder, `annotations/train/${name}/0001.xml`), 'utf8');
        const values = (tag: string) =>
          [...xml.matchAll(new RegExp(`<${tag}>(\\d+)</${tag}>`, 'g'))].map(([, n]) => Number(n));
        const boxes = values('xmin').map((left, i) => [
          left,
          values('ymin')[i]!,
          values('xmax')[i]!,
          values('ymax')[i]!,
        ]);
        expect(xml).toContain(`<name>${name}</name>`);
        for (let i = 0; i < mask.data.length; i++) {
          if (mask.data[i] === 0) continue;
          const [x, y] = [(i % 96) + 1, Math.floor(i / 96) + 1];
          expect(
            boxes.some(([left, top, right, bottom]) => x >= left! && x <= right! && y >= top! && y <= bottom!),
          ).toBe(true);
        }
      }
      expect(await readSampleManifest(join(folder, 'train'))).toBe(null);
    }));

  test('each object has the mask of what is seen of it, inside its box; together they are the mask of the class', () =>
    inTemporaryFolder(async (folder) => {
      await writeSampleSet({ folder, seed: 5, train: 40, val: 0 });
      const opened = await sample.open(folder, 'train');
      let several = 0;
      for (let index = 0; index < opened.count; index++) {
        const { file, objects, width, height } = await opened.objects!(index);
        expect([width, height]).toEqual([96, 96]);
        if (objects.length > 1) several++;
        const seen = new Uint8Array(96 * 96);
        for (const { mask, box, class: label } of objects) {
          expect(file).toContain(`/${opened.classes[label]}/`);
          if (mask?.kind !== 'run-lengths') throw new Error(`${file} has no mask.`);
          let at = 0;
          mask.counts.forEach((count, run) => {
            for (const end = at + count; at < end; at++) {
              if (run % 2 === 0) continue;
              const [x, y] = [Math.floor(at / 96), at % 96];
              seen[y * 96 + x]! += 1;
              expect(x >= box[0] && x < box[2] && y >= box[1] && y < box[3]).toBe(true);
            }
          });
        }
        const whole = await sharp(join(folder, 'masks', file.replace('.jpg', '.png')))
          .toColourspace('b-w')
          .raw()
          .toBuffer();
        expect(seen).toEqual(Uint8Array.from(whole, (value) => Number(value > 0)));
      }
      expect(several).toBeGreaterThan(3);
    }));

  test('a set from before masks of objects were written has boxes', () =>
    inTemporaryFolder(async (folder) => {
      await writeSampleSet({ folder, seed: 5, train: 10, val: 0 });
      await rm(join(folder, 'objects'), { recursive: true });
      const { objects } = await (await sample.open(folder, 'train')).objects!(0);
      expect(objects[0]).toMatchObject({ class: 0, mask: null });
    }));

  test('every class is large enough to be seen in every picture', () => {
    for (let index = 0; index < 30; index++) {
      const { mask, boxes } = renderScene(9, 'train', index, index % 10, 96);
      const covered = mask.filter((value) => value > 0).length / mask.length;
      expect(covered, `picture ${index}`).toBeGreaterThan(0.01);
      expect(boxes.length).toBeGreaterThan(0);
    }
  });
});
