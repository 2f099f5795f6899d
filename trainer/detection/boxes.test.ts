import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Box, boxArea, clipBox, intersectionOverUnion, overlapWithCrowd } from './boxes.ts';

const edge = fc.double({ min: -50, max: 50, noNaN: true });
const anyBox = fc.tuple(edge, edge, edge, edge);

describe('the overlap of two boxes', () => {
  it('is the same both ways, between 0 and 1, and 1 with itself', () => {
    fc.assert(
      fc.property(anyBox, anyBox, (one, other) => {
        const overlap = intersectionOverUnion(one, other);
        expect(overlap).toBe(intersectionOverUnion(other, one));
        expect(overlap >= 0 && overlap <= 1 + 1e-12).toBe(true);
        if (boxArea(one) > 1e-6) expect(intersectionOverUnion(one, one)).toBe(1);
      }),
    );
  });

  it('is counted in areas', () => {
    const [one, other]: readonly [Box, Box] = [
      [0, 0, 4, 4],
      [2, 0, 6, 4],
    ];
    expect(intersectionOverUnion(one, other)).toBeCloseTo(8 / 24, 15);
    expect(overlapWithCrowd(one, other)).toBe(0.5);
    expect(overlapWithCrowd([2, 1, 3, 2], other)).toBe(1);
  });

  it('with a box that is empty or reversed is 0', () => {
    for (const empty of [
      [1, 1, 1, 3],
      [3, 3, 1, 1],
      [3, 0, 1, 4],
    ] as const) {
      expect(boxArea(empty)).toBe(0);
      expect(intersectionOverUnion(empty, [0, 0, 4, 4])).toBe(0);
      expect(overlapWithCrowd(empty, [0, 0, 4, 4])).toBe(0);
    }
  });
});

it('a clipped box lies in the picture', () => {
  expect(clipBox([-5, 2, 30, 99], 20, 10)).toEqual([0, 2, 20, 10]);
  expect(clipBox([25, 2, 30, 9], 20, 10)).toEqual([20, 2, 20, 9]);
});
