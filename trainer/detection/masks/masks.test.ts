/** Masks against pycocotools' (golden/coco.py, golden/pasting.py), and what must hold for any. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measuredHere, readGoldenCoco } from '../testing/golden-coco.ts';
import { compressRuns, expandRuns } from './compressed-runs.ts';
import { pasteMask } from './pasting.ts';
import { maskOf, problemOfRing, rasteriseRing } from './polygons.ts';
import {
  checkRunLengths,
  decodeMask,
  emptyMask,
  encodeMask,
  maskArea,
  maskBox,
  maskOverlap,
  measureMask,
  mergeMasks,
} from './run-lengths.ts';

const golden = readGoldenCoco(new URL('../golden/coco.json', import.meta.url));

it('polygons, unions, intersections, boxes and overlaps are those of pycocotools, to the bit', () => {
  for (const each of golden.masks) {
    const { rings, ...expected } = each;
    expect(measuredHere(each), JSON.stringify(rings)).toEqual(expected);
  }
});

interface GoldenPasting {
  readonly side: number;
  /** Of 2 x 2 equal cells each, in 256ths. */
  readonly mask: readonly number[];
  readonly box: readonly [number, number, number, number];
  readonly height: number;
  readonly width: number;
  readonly counts: string;
}

it('a pasted mask is the one of the definition', () => {
  const cases = JSON.parse(
    readFileSync(new URL('../golden/pasting.json', import.meta.url), 'utf8'),
  ) as readonly GoldenPasting[];
  for (const { side, mask, box, height, width, counts } of cases) {
    const cells = Float32Array.from(
      { length: side * side },
      (_, at) => mask[(Math.floor(at / side) >> 1) * (side / 2) + ((at % side) >> 1)]! / 256,
    );
    const pasted = pasteMask(cells, side, box, { height, width });
    checkRunLengths(pasted);
    expect(compressRuns(pasted.counts), JSON.stringify(box)).toBe(counts);
  }
});

it('a mask pasted into a box without area, or beyond the picture, is empty', () => {
  const ones = new Float32Array(16).fill(1);
  const size = { height: 5, width: 4 };
  for (const box of [
    [2, 2, 2, 4],
    [3, 2, 1, 4],
    [9, 9, 12, 12],
    [-9, -9, -4, -4],
    [0, Number.NaN, 4, 4],
  ] as const)
    expect(pasteMask(ones, 4, box, size)).toEqual(emptyMask(5, 4));
  expect(maskArea(pasteMask(ones, 4, [-20, -20, 20, 20], size))).toBe(20);
});

const drawnMask = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
  .chain(([height, width]) =>
    fc
      .uint8Array({ minLength: height * width, maxLength: height * width, max: 1 })
      .map((pixels) => ({ height, width, pixels, runs: encodeMask(pixels, height, width) })),
  );
const twoMasks = drawnMask.chain((one) =>
  fc
    .uint8Array({ minLength: one.pixels.length, maxLength: one.pixels.length, max: 1 })
    .map((pixels) => [one, { ...one, pixels, runs: encodeMask(pixels, one.height, one.width) }] as const),
);

describe('run lengths', () => {
  it('give back the pixels they were made of, as numbers and as text', () => {
    fc.assert(
      fc.property(drawnMask, ({ height, width, pixels, runs }) => {
        expect(decodeMask(runs)).toEqual(pixels);
        expect(expandRuns(compressRuns(runs.counts), height, width)).toEqual(runs);
        expect(maskArea(runs)).toBe(pixels.reduce((sum, pixel) => sum + pixel, 0));
      }),
    );
  });

  it('carry counts of any size through text', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 24 }), { minLength: 1, maxLength: 9 }), (counts) => {
        const height = counts.reduce((sum, count) => sum + count, 0);
        fc.pre(height > 0);
        expect(expandRuns(compressRuns(counts), height, 1).counts).toEqual(counts);
      }),
    );
  });

  it('overlap and merge as their pixels do, whichever comes first', () => {
    fc.assert(
      fc.property(twoMasks, ([one, other]) => {
        const count = (is: (a: number, b: number) => boolean): number =>
          one.pixels.filter((pixel, at) => is(pixel, other.pixels[at]!)).length;
        const shared = count((a, b) => a + b === 2);
        const either = count((a, b) => a + b > 0);
        const [first, second] = [measureMask(one.runs), measureMask(other.runs)];
        expect(maskOverlap(first, second, false)).toBe(shared === 0 ? 0 : shared / either);
        expect(maskOverlap(second, first, false)).toBe(maskOverlap(first, second, false));
        expect(maskOverlap(first, second, true)).toBe(shared === 0 ? 0 : shared / first.area);
        expect(maskArea(mergeMasks([one.runs, other.runs], 'union'))).toBe(either);
        expect(maskArea(mergeMasks([one.runs, other.runs], 'intersection'))).toBe(shared);
      }),
    );
  });

  it('that do not fill the picture, or whose text is damaged, are refused with the place', () => {
    expect(() => expandRuns('5', 2, 2)).toThrow('have 5 pixels, but 2 x 2 are 4 pixels');
    expect(() => expandRuns('4~', 2, 2)).toThrow('character 2 of a mask\'s counts is "~"');
    expect(() => expandRuns('P', 2, 2)).toThrow('end in the middle of a run');
    expect(() => expandRuns('PPPPPPPPPPPPP', 2, 2)).toThrow('too long');
    expect(() => expandRuns('O5', 2, 2)).toThrow('run 1 of a mask is -1 pixels long');
    expect(() => checkRunLengths({ height: 0, width: 2, counts: [] })).toThrow("a mask's height is 0");
    const one = measureMask(emptyMask(2, 3));
    expect(() => maskOverlap(one, measureMask(emptyMask(3, 2)), false)).toThrow('masks of 3 x 2 and 2 x 3 pixels');
    expect(() => mergeMasks([], 'union')).toThrow('no masks');
  });

  it('of an empty mask have no box', () => {
    expect(maskBox(emptyMask(4, 5))).toEqual([0, 0, 0, 0]);
  });
});

/** Twice the area of a ring by the shoelace formula. */
function twiceArea(ring: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < ring.length; at += 2) {
    const [x, y, nextX, nextY] = [0, 1, 2, 3].map((more) => ring[(at + more) % ring.length]!);
    sum += x! * nextY! - nextX! * y!;
  }
  return Math.abs(sum);
}

describe('a polygon', () => {
  it('has about the area of its ring, however it is turned', () => {
    const corner = fc.double({ min: 0, max: 60, noNaN: true });
    fc.assert(
      fc.property(fc.tuple(corner, corner, corner, corner, corner, corner), (ring) => {
        const area = maskArea(rasteriseRing(ring, 60, 60));
        const sides = [0, 2, 4].map((at) =>
          Math.hypot(ring[at]! - ring[(at + 2) % 6]!, ring[at + 1]! - ring[(at + 3) % 6]!),
        );
        const length = sides.reduce((sum, side) => sum + side, 0);
        // A pixel is in or out as a whole, along the whole boundary.
        expect(Math.abs(area - twiceArea(ring) / 2)).toBeLessThanOrEqual(length + 1);
      }),
    );
  });

  it('of whole pixels has exactly theirs', () => {
    expect(decodeMask(rasteriseRing([1, 1, 3, 1, 3, 4, 1, 4], 5, 4))).toEqual(
      Uint8Array.from([0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]),
    );
  });

  it.each([
    ['too-few-points', [1, 1, 4, 4]],
    ['too-few-points', []],
    ['odd', [1, 1, 4, 4, 2, 9, 3]],
    ['not-finite', [1, 1, 4, Number.NaN, 2, 9]],
    ['not-finite', [1, 1, Number.POSITIVE_INFINITY, 4, 2, 9]],
    ['too-far', [1, 1, 1e7, 4, 2, 9]],
  ])('with the problem %s encloses nothing: %j', (problem, ring) => {
    expect(problemOfRing(ring)).toBe(problem);
    expect(rasteriseRing(ring, 5, 6)).toEqual(emptyMask(5, 6));
    const square = [1, 1, 3, 1, 3, 3, 1, 3];
    expect(maskArea(maskOf({ kind: 'polygons', rings: [ring, square] }, 5, 6))).toBe(4);
  });

  it('that crosses itself is outside where it lies over itself twice', () => {
    // Two squares drawn in one line, one over the corner of the other.
    const ring = [0, 0, 8, 0, 8, 8, 0, 8, 0, 0, 4, 4, 12, 4, 12, 12, 4, 12, 4, 4];
    const pixels = decodeMask(rasteriseRing(ring, 12, 12));
    const at = (column: number, row: number): number => pixels[column * 12 + row]!;
    expect([at(1, 1), at(6, 6), at(10, 10), at(10, 1)]).toEqual([1, 0, 1, 0]);
  });

  it('without rings is empty', () => {
    expect(maskOf({ kind: 'polygons', rings: [] }, 2, 3)).toEqual(emptyMask(2, 3));
  });
});
