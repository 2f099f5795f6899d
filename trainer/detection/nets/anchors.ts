/** Anchors: boxes of a few sizes and shapes at every place of a feature map (Ren et al. 2015; placed as detectron2 places them). */

export interface AnchorShapes {
  /** Side of the square of the same area, in pixels. */
  readonly sizes: readonly number[];
  /** Height over width. */
  readonly ratios: readonly number[];
}

export interface FeatureGrid {
  readonly rows: number;
  readonly columns: number;
  /** Pixels between two places. */
  readonly stride: number;
}

/** Anchors at one place, around (0, 0): for each size, for each ratio, [left, top, right, bottom] in float32. */
export function anchorsOfPlace({ sizes, ratios }: AnchorShapes): Float32Array {
  return Float32Array.from(
    sizes.flatMap((size) =>
      ratios.flatMap((ratio) => {
        const width = Math.sqrt(size ** 2 / ratio);
        const height = ratio * width;
        return [-width / 2, -height / 2, width / 2, height / 2];
      }),
    ),
  );
}

/**
 * All anchors of a feature map, row by row, place by place: [rows * columns * anchors, 4]. The first place is at pixel (0, 0),
 * as with detectron2's offset of 0. Sums are in float32, as there.
 */
export function anchorsOf({ rows, columns, stride }: FeatureGrid, shapes: AnchorShapes): Float32Array {
  const place = anchorsOfPlace(shapes);
  const anchors = new Float32Array(rows * columns * place.length);
  let at = 0;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      for (let side = 0; side < place.length; side++) {
        anchors[at] = place[side]! + stride * (side % 2 === 0 ? column : row);
        at++;
      }
  return anchors;
}
