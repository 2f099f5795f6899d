import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { leftOutFile, type LeftOutLine } from '../../../trainer/protocol/left-out.ts';
import { readLeftOut } from './left-out-images.ts';

const lineOf = (file: string, reason: string, step: number | null): string =>
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
