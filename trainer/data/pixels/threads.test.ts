/** Threads that decode pictures at once share one library: a thread that starts changes nothing for the others. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { decode } from './decode.ts';

// Loaders were once blocked and allowed anew by every thread: one in fifteen starts cost a picture of another thread.
const starts = 40;

it('a picture is decoded while another thread starts', async () => {
  const raw = { width: 16, height: 14, channels: 3 } as const;
  const pixels = Buffer.from(Array.from({ length: 16 * 14 * 3 }, (_, at) => (at * 37) % 256));
  const bytes = await sharp(pixels, { raw }).png().toBuffer();
  let started = 0;
  const starting = (async () => {
    for (; started < starts; started++) {
      const [code] = (await once(new Worker(new URL('./decode.ts', import.meta.url)), 'exit')) as [number];
      expect(code).toBe(0);
    }
  })();
  while (started < starts) expect(pixels.equals((await decode({ kind: 'encoded', bytes }, 3)).pixels)).toBe(true);
  await starting;
});
