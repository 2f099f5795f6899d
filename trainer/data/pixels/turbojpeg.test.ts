/** libjpeg-turbo gives the same pixels and the same verdict on damage as sharp, which agrees with Pillow. */
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { keyed } from '../../random.ts';
import { decode, decodeBySharp } from './decode.ts';
import { imageHeader } from './image-header.ts';
import { decodeByTurboJpeg, hasTurboJpeg } from './turbojpeg.ts';

interface Kind {
  readonly width: number;
  readonly height: number;
  readonly quality: number;
  readonly progressive: boolean;
  readonly chromaSubsampling: string;
  readonly grey: boolean;
}

const kinds = fc.record<Kind>({
  width: fc.integer({ min: 1, max: 90 }),
  height: fc.integer({ min: 1, max: 90 }),
  quality: fc.integer({ min: 20, max: 100 }),
  progressive: fc.boolean(),
  chromaSubsampling: fc.constantFrom('4:2:0', '4:4:4'),
  grey: fc.boolean(),
});

/** Noise over a slope, so that every coefficient of a block is used. */
function jpeg(seed: number, { width, height, grey, ...options }: Kind): Promise<Buffer> {
  const stream = keyed(seed, 'jpeg');
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, at) => ((at / 7) & 127) + (stream.word() >>> 25));
  const image = sharp(pixels, { raw: { width, height, channels: 3 } });
  return (grey ? image.grayscale() : image).jpeg(options).toBuffer();
}

describe.runIf(hasTurboJpeg)('libjpeg-turbo', () => {
  it('gives the pixels sharp gives', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1000), kinds, async (seed, kind) => {
        const bytes = await jpeg(seed, kind);
        const { pixels } = await decodeBySharp(bytes, imageHeader(bytes));
        expect(decodeByTurboJpeg(bytes, kind.width, kind.height)).toEqual(pixels);
      }),
    );
  });

  it('leaves the verdict on a damaged file to sharp', async () => {
    const whole = await jpeg(1, {
      width: 60,
      height: 44,
      quality: 90,
      progressive: false,
      chromaSubsampling: '4:2:0',
      grey: false,
    });
    const outcome = (decoding: Promise<{ readonly pixels: Uint8Array }>) =>
      decoding.then(({ pixels }) => Buffer.from(pixels).toString('base64'), String);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 2, max: whole.length - 1 }), fc.nat(255)), { maxLength: 3 }),
        fc.nat(40),
        async (changes, cut) => {
          const bytes = Buffer.from(whole.subarray(0, whole.length - cut));
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          let header;
          try {
            header = imageHeader(bytes);
          } catch {
            // Known to be damaged before anything is decoded.
            return;
          }
          const found = await outcome(decode({ kind: 'encoded', bytes }, 3));
          expect(found).toBe(await outcome(decodeBySharp(bytes, header)));
        },
      ),
      { numRuns: 300 },
    );
  });
});
