/**
 * Writes a small IDX data set (the MNIST layout) that a learner can tell apart: one bright bar per class, with seeded
 * noise.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const side = 28;

function header(kind: 'images' | 'labels', count: number): Buffer {
  const bytes = Buffer.alloc(kind === 'images' ? 16 : 8);
  bytes.writeUInt32BE(kind === 'images' ? 0x00000803 : 0x00000801, 0);
  bytes.writeUInt32BE(count, 4);
  if (kind === 'images') {
    bytes.writeUInt32BE(side, 8);
    bytes.writeUInt32BE(side, 12);
  }
  return bytes;
}

export function writeIdx(folder: string, counts: { readonly train: number; readonly test: number }): void {
  mkdirSync(folder, { recursive: true });
  let state = 12345;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  for (const [prefix, count] of [
    ['train', counts.train],
    ['t10k', counts.test],
  ] as const) {
    const pixels = Buffer.alloc(count * side * side);
    const labels = Buffer.alloc(count);
    for (let image = 0; image < count; image++) {
      const label = image % 10;
      labels[image] = label;
      const shift = Math.floor(random() * 3) - 1;
      for (let y = 0; y < side; y++)
        for (let x = 0; x < side; x++) {
          const along = label < 5 ? y : x;
          const bar = Math.abs(along - (4 + (label % 5) * 5 + shift)) < 2;
          pixels[image * side * side + y * side + x] = Math.floor((bar ? 200 : 20) + random() * 50);
        }
    }
    writeFileSync(join(folder, `${prefix}-images-idx3-ubyte`), Buffer.concat([header('images', count), pixels]));
    writeFileSync(join(folder, `${prefix}-labels-idx1-ubyte`), Buffer.concat([header('labels', count), labels]));
  }
}
