/**
 * What the search for copies adds to an inspection of contents: the signature of a picture beside reading and decoding it,
 * and the search itself among the 70,000 pictures of Fashion-MNIST, if set-up has them. In processor time of the thread, so
 * that other programs count little.
 *
 *   npm run bench -- copies [rounds]
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import sharp from 'sharp';
import { CopySearch } from '../trainer/data/copies/copies.ts';
import { signatureOf } from '../trainer/data/copies/signature.ts';
import { idxItems, readIdxHeader } from '../trainer/data/formats/idx-file.ts';
import { decode } from '../trainer/data/pixels/decode.ts';
import { renderScene } from '../trainer/data/sample/sample-scene.ts';
import { runtimeFolder } from '../trainer/runtime-folder.ts';

const rounds = Number(process.argv[2] ?? 20);
const pictures = 10;
const seconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
const microseconds = (from: number, count: number): string => `${((1e6 * (seconds() - from)) / count).toFixed(0)} µs`;

for (const size of [32, 96, 224, 500]) {
  const files: Buffer[] = [];
  for (let index = 0; index < pictures; index++) {
    const { pixels } = renderScene(1, 'train', index, index % 10, size);
    files.push(
      await sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
        .jpeg({ quality: 90 })
        .toBuffer(),
    );
  }
  const decodeAll = () => Promise.all(files.map((bytes) => decode({ kind: 'encoded', bytes }, 3)));
  const decoded = await decodeAll();
  // The first calls are slow until they are compiled.
  for (let round = 0; round < 50; round++) for (const picture of decoded) signatureOf(picture);
  const began = seconds();
  for (let round = 0; round < rounds; round++) await decodeAll();
  const decoding = microseconds(began, rounds * pictures);
  const then = seconds();
  for (let round = 0; round < rounds; round++) for (const picture of decoded) signatureOf(picture);
  const signing = microseconds(then, rounds * pictures);
  console.log(`${size} x ${size}: decoding a JPEG ${decoding}, its signature ${signing}`);
}

const folder = join(runtimeFolder(), 'data', 'fashion-mnist');
if (existsSync(folder)) {
  const search = new CopySearch();
  let count = 0;
  const began = seconds();
  for (const [split, name] of [
    ['train', 'train-images-idx3-ubyte.gz'],
    ['test', 't10k-images-idx3-ubyte.gz'],
  ] as const) {
    const path = join(folder, name);
    const header = await readIdxHeader(path, 'images');
    const [width, height] = [header.columns, header.rows];
    for await (const pixels of idxItems(path, 'images', header)) {
      const signature = signatureOf({ pixels, width, height, channels: 1 });
      search.add({ split, name: `${name} ${count}`, label: undefined, width, height, content: count++, signature });
    }
  }
  const signed = seconds();
  const found = await search.find([], { due: () => false, pause: () => Promise.resolve() });
  console.log(
    `Fashion-MNIST, ${count} pictures: reading and signatures ${(signed - began).toFixed(1)} s, the search ${(seconds() - signed).toFixed(1)} s; ` +
      `${found?.near.count} pairs, ${found?.near.leaked} test pictures with one in train`,
  );
}
