/** The objects of a picture as a detector is shown them, pixel for pixel by their definitions. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { maskOf } from '../masks/polygons.ts';
import { decodeMask, encodeMask } from '../masks/run-lengths.ts';
import type { AnnotatedObject, Segmentation } from '../objects.ts';
import { canvasOf, type Size } from './fit.ts';
import { objectRows, shownBox, writeObjects, type Shown } from './shown-objects.ts';

/** True for the pixels that the object covers in a picture that is not mirrored. */
function covered({ mask, box }: AnnotatedObject, from: Size, to: Size): (x: number, y: number) => boolean {
  if (mask === null) {
    const [left = 0, top = 0, right = 0, bottom = 0] = shownBox(box, from, { ...to, mirrored: false }).map(Math.round);
    return (x, y) => x >= left && x < right && y >= top && y < bottom;
  }
  if (mask.kind === 'run-lengths') {
    const pixels = decodeMask(mask);
    const nearest = (at: number, shown: number, own: number) => Math.floor(((at + 0.5) * own) / shown);
    return (x, y) => pixels[nearest(x, to.width, mask.width) * mask.height + nearest(y, to.height, mask.height)] === 1;
  }
  const rings = mask.rings.map((ring) =>
    ring.map((value, at) => value * (at % 2 === 0 ? to.width / from.width : to.height / from.height)),
  );
  const pixels = decodeMask(maskOf({ kind: 'polygons', rings }, to.height, to.width));
  return (x, y) => pixels[x * to.height + y] === 1;
}

const side = fc.integer({ min: 1, max: 70 });
const size = fc.record({ width: side, height: side });

const masksOf = ({ width, height }: Size): fc.Arbitrary<Segmentation | null> => {
  const coordinate = (most: number) => fc.double({ min: -3, max: most + 3, noNaN: true });
  const point = fc.tuple(coordinate(width), coordinate(height));
  const ring = fc.array(point, { minLength: 3, maxLength: 7 }).map((points) => points.flat());
  return fc.oneof(
    fc.constant(null),
    fc.array(ring, { minLength: 1, maxLength: 3 }).map((rings) => ({ kind: 'polygons' as const, rings })),
    fc
      .uint8Array({ minLength: width * height, maxLength: width * height, max: 1 })
      .map((pixels) => ({ kind: 'run-lengths' as const, ...encodeMask(pixels, height, width) })),
  );
};

const scene = size.chain((from) =>
  fc.record({
    from: fc.constant(from),
    to: size,
    mirrored: fc.boolean(),
    masks: fc.array(masksOf(from), { minLength: 1, maxLength: 3 }),
  }),
);

it('masks have a bit for each pixel that an object covers, mirrored with the picture', () => {
  fc.assert(
    fc.property(scene, ({ from, to, mirrored, masks }) => {
      const shown: Shown = { ...to, mirrored };
      // Whole edges: how half a pixel of a mirrored box is rounded is no matter here.
      const box = [0, 0, from.width, from.height] as const;
      const objects = masks.map((mask): AnnotatedObject => ({
        class: 0,
        box,
        area: 1,
        crowd: false,
        difficult: false,
        mask,
      }));
      // The picture is not the largest on its canvas.
      const canvas = canvasOf([to, { width: 40, height: 40 }]);
      const rows = objectRows(2, 4, canvas, true);
      const image = { file: 'a.jpg', id: 'a', ...from, objects };
      expect(writeObjects(rows, 1, image, from, shown, canvas)).toBe(objects.length);
      const words = canvas.width / 32;
      objects.forEach((object, place) => {
        const isCovered = covered(object, from, to);
        for (let y = 0; y < canvas.height; y++)
          for (let x = 0; x < canvas.width; x++) {
            const word = rows.masks![((4 + place) * canvas.height + y) * words + (x >> 5)]!;
            const own = mirrored ? to.width - 1 - x : x;
            const expected = x < to.width && y < to.height && isCovered(own, y);
            if (((word >>> (x & 31)) & 1) !== Number(expected)) expect.fail(`pixel ${x}, ${y} of object ${place}`);
          }
      });
      expect(rows.masks!.subarray(0, 4 * canvas.height * words).every((word) => word === 0)).toBe(true);
    }),
    { numRuns: 150 },
  );
});
