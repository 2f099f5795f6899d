import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inTemporaryFolder, matArrays } from '../data/testing/small-datasets.ts';
import { dataset } from './svhn.ts';
import { spelledOut } from '../data/testing/spelled-out.ts';

const side = 32;
const pixelBytes = 3 * side * side;
/** Any byte, told by its place alone. */
const byteAt = (index: number, row: number, column: number, channel: number): number =>
  (7 * index + 3 * row + 5 * column + 11 * channel) % 256;

/** As MATLAB lays arrays out: rows change fastest, then columns, channels, images. */
function svhn(digits: readonly number[]): Buffer {
  const bytes = new Uint8Array(digits.length * pixelBytes);
  let at = 0;
  for (let index = 0; index < digits.length; index++)
    for (let channel = 0; channel < 3; channel++)
      for (let column = 0; column < side; column++)
        for (let row = 0; row < side; row++) bytes[at++] = byteAt(index, row, column, channel);
  return matArrays({
    X: { dimensions: [side, side, 3, digits.length], bytes },
    y: { dimensions: [digits.length, 1], bytes: Uint8Array.from(digits) },
  });
}
const inspected = async (folder: string) =>
  spelledOut(await dataset.inspect(folder, () => undefined, new AbortController().signal, { contents: true }));

test('pixels stand row by row, and a ten is a zero', () =>
  inTemporaryFolder(async (folder) => {
    await writeFile(join(folder, 'train_32x32.mat'), svhn([1, 10, 9, 10]));
    await writeFile(join(folder, 'test_32x32.mat'), svhn([3]));
    expect(await dataset.recognises(folder)).toBe(true);
    expect((await inspected(folder)).splits).toEqual([
      { split: 'train', images: 4, perClass: [2, 1, 0, 0, 0, 0, 0, 0, 0, 1] },
      { split: 'test', images: 1, perClass: [0, 0, 0, 1, 0, 0, 0, 0, 0, 0] },
    ]);
    const opened = await dataset.open(folder, 'train');
    expect([...(await opened.labels())!]).toEqual([1, 0, 9, 0]);
    const { image, target, name } = await opened.sample(2);
    expect({ target, name }).toEqual({ target: { kind: 'class', class: 9 }, name: 'train_32x32.mat image 2' });
    if (image.kind !== 'raw') throw new Error('These pictures are raw.');
    for (const [row, column, channel] of [
      [0, 0, 0],
      [31, 0, 1],
      [0, 31, 2],
      [17, 5, 1],
    ] as const)
      expect(image.pixels[3 * (row * side + column) + channel]).toBe(byteAt(2, row, column, channel));
    await expect(dataset.open(folder, 'extra')).rejects.toThrow('It has: train, test.');
  }));

test.each([
  ['no MATLAB file', () => Buffer.from('digits'), 'not a little-endian MATLAB 5 file'],
  ['cut short', () => svhn([1, 2]).subarray(0, 400), 'truncated'],
  ['other arrays', () => matArrays({ Z: { dimensions: [1, 1], bytes: Uint8Array.of(1) } }), 'no arrays "X" and "y"'],
  ['a digit of 11', () => svhn([1, 11]), 'image 1 has class 11'],
  [
    'images of another size',
    () =>
      matArrays({
        X: { dimensions: [2, 2, 3, 1], bytes: new Uint8Array(12) },
        y: { dimensions: [1, 1], bytes: Uint8Array.of(1) },
      }),
    '2 x 2 x 3 x 1',
  ],
  [
    'fewer values than stated',
    () => matArrays({ X: { dimensions: [32, 32, 3, 9], bytes: new Uint8Array(12) } }),
    'has 12 values, which do not fill 32 x 32 x 3 x 9',
  ],
])('%s is named with its reason', (_, make, reason) =>
  inTemporaryFolder(async (folder) => {
    await writeFile(join(folder, 'train_32x32.mat'), make());
    const { rejects, splits } = await inspected(folder);
    expect(splits).toEqual([]);
    expect(rejects).toEqual([{ file: 'train_32x32.mat', reason: expect.stringContaining(reason) as string }]);
    await expect(dataset.open(folder, 'train')).rejects.toThrow(reason);
    expect(await readFile(join(folder, 'train_32x32.mat'))).toEqual(make());
  }),
);
