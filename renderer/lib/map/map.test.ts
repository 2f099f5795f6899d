/** Geometry of maps: views, the lasso, alignment of two maps; points as pixels. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { colourOf, drawPoints, levels } from './draw-points.ts';
import { aligned, pointNear, pointsInside, viewOfAll, zoomed } from './geometry.ts';

const whole = { scale: 1, left: 0, top: 0 };
const positions = fc
  .array(fc.tuple(fc.double({ min: -9, max: 9, noNaN: true }), fc.double({ min: -9, max: 9, noNaN: true })), {
    minLength: 3,
    maxLength: 30,
  })
  .map((points) => Float32Array.from(points.flat()));

describe('views', () => {
  it('show all points, in the middle', () => {
    fc.assert(
      fc.property(positions, (points) => {
        const { scale, left, top } = viewOfAll(points, 400, 300);
        points.forEach((value, at) => {
          const pixel = value * scale + (at % 2 === 0 ? left : top);
          expect(pixel).toBeGreaterThan(0);
          expect(pixel).toBeLessThan(at % 2 === 0 ? 400 : 300);
        });
      }),
    );
  });

  it('keep what is under the pointer where it is', () => {
    const view = zoomed({ scale: 2, left: 10, top: 20 }, 3, 50, 60);
    expect(view).toEqual({ scale: 6, left: -70, top: -60 });
    expect(((50 - 10) / 2) * view.scale + view.left).toBe(50);
  });

  it('find the nearest point, none that is too far', () => {
    const points = Float32Array.of(0, 0, 10, 0, 13, 0);
    expect(pointNear(points, whole, 11, 0, 5)).toBe(1);
    expect(pointNear(points, whole, 12, 0, 5)).toBe(2);
    expect(pointNear(points, whole, 30, 0, 5)).toBeNull();
  });
});

it('takes the points inside a line that is not convex', () => {
  // A U, open at the top.
  const line = [0, 0, 10, 0, 10, 20, 20, 20, 20, 0, 30, 0, 30, 30, 0, 30];
  expect(pointsInside(Float32Array.of(5, 5, 15, 5, 25, 5, 15, 25, 40, 5), whole, line)).toEqual([0, 2, 3]);
});

it('lays a turned, mirrored and moved map back on the one it came from, and leaves its scale', () => {
  fc.assert(
    fc.property(positions, fc.double({ min: -4, max: 4, noNaN: true }), fc.boolean(), (points, angle, isMirrored) => {
      const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
      const moved = points.map((_, at) => {
        const from = at - (at % 2);
        const [x, y] = [points[from]!, (isMirrored ? -1 : 1) * points[from + 1]!];
        return at % 2 === 0 ? cosine * x - sine * y + 3 : sine * x + cosine * y - 5;
      });
      aligned(moved, points).forEach((value, at) => expect(value).toBeCloseTo(points[at]!, 3));
      const half = moved.map((value) => value / 2);
      const size = (map: Float32Array): number => Math.hypot(map[0]! - map[2]!, map[1]! - map[3]!);
      expect(size(aligned(half, points))).toBeCloseTo(size(half), 3);
    }),
  );
});

it('draws points as discs, those before over those behind, and nothing outside', () => {
  const pixels = { width: 9, height: 7, values: new Uint32Array(63) };
  const [ground, red, blue] = [colourOf(255, 255, 255), colourOf(255, 0, 0), colourOf(0, 0, 255)];
  const places = Float32Array.of(3, 3, 4, 3, 100, 100, -1, 0);
  const ranks = Uint8Array.of(levels.before, levels.behind, levels.usual, levels.usual);
  drawPoints(pixels, places, whole, Uint32Array.of(red, blue, red, blue), ranks, ground, 1.5);
  const row = (y: number): string =>
    [...pixels.values.subarray(9 * y, 9 * y + 9)]
      .map((value) => (value === red ? 'r' : value === blue ? 'b' : '.'))
      .join('');
  expect([0, 1, 2, 3, 4, 5, 6].map(row)).toEqual([
    'b........',
    'b........',
    '..rrrb...',
    '..rrrb...',
    '..rrrb...',
    '.........',
    '.........',
  ]);
});
