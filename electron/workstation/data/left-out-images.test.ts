import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { said, type Said } from '../../../trainer/protocol/sentence.ts';
import { leftOutFile, type LeftOutLine } from '../../../trainer/protocol/left-out.ts';
import { readLeftOut } from './left-out-images.ts';

const lineOf = (file: string, reason: Said, step: number | null): string =>
  `${JSON.stringify({
    kind: 'image',
    foundBy: 'run',
    contents: 'f',
    split: 'train',
    file,
    reason,
    sha256: null,
    step,
  } satisfies LeftOutLine)}\n`;

test('each image counts once, reasons come by their numbers, and a torn last line is passed over', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'reprise-test-'));
  try {
    expect(await readLeftOut(folder)).toEqual({ images: 0, reasons: [] });
    const path = join(folder, leftOutFile);
    for (let image = 0; image < 30; image++) await appendFile(path, lineOf(`${image}.jpg`, 'cut off', image));
    await appendFile(path, lineOf('page.jpg', 'a web page', 3) + lineOf('7.jpg', 'cut off', 5) + '{"kind":"im');
    const { images, reasons } = await readLeftOut(folder);
    expect(images).toBe(31);
    expect(reasons.map(({ reason, images: count, files }) => [reason, count, files.length])).toEqual([
      ['cut off', 30, 20],
      ['a web page', 1, 1],
    ]);
    // The record grows while the run is looked at.
    await appendFile(path, `age"}\n${lineOf('last.jpg', 'a web page', 9)}`);
    expect((await readLeftOut(folder)).images).toBe(32);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('reasons that differ in numbers alone are one; those of older records stay texts', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'reprise-test-'));
  try {
    const missing = (at: number) => said`a JPEG file with a missing marker at byte ${at}`;
    const lines = [lineOf('0.jpg', missing(20), 1), lineOf('1.jpg', missing(70), 2), lineOf('2.jpg', 'cut off', 3)];
    await appendFile(join(folder, leftOutFile), lines.join(''));
    expect((await readLeftOut(folder)).reasons).toEqual([
      { reason: { ...missing(0), with: ['…'] }, images: 2, files: ['0.jpg', '1.jpg'] },
      { reason: 'cut off', images: 1, files: ['2.jpg'] },
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
