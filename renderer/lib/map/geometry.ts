/** Points of a map in the plane: where they are on a canvas, which lie inside a drawn line, and how two maps lie on each other. */

/** Pixels of a canvas from a position: x · scale + left, y · scale + top. */
export interface MapView {
  readonly scale: number;
  readonly left: number;
  readonly top: number;
}

/** Share of a canvas that points fill at first. */
const filled = 0.9;

/** Shows all points in the middle. @param positions [points, 2] */
export function viewOfAll(positions: Float32Array, width: number, height: number): MapView {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let at = 0; at < positions.length; at += 2) {
    left = Math.min(left, positions[at]!);
    right = Math.max(right, positions[at]!);
    top = Math.min(top, positions[at + 1]!);
    bottom = Math.max(bottom, positions[at + 1]!);
  }
  // Points that all lie in one place are shown at no larger scale than their rounding errors deserve.
  const widest = Math.max((right - left) / width, (bottom - top) / height, 1e-5 / width);
  const scale = filled / widest;
  return { scale, left: width / 2 - (scale * (left + right)) / 2, top: height / 2 - (scale * (top + bottom)) / 2 };
}

/** The same view closer by a factor, where what is at a place of the canvas stays there. */
export function zoomed(view: MapView, factor: number, x: number, y: number): MapView {
  return {
    scale: view.scale * factor,
    left: x - (x - view.left) * factor,
    top: y - (y - view.top) * factor,
  };
}

/** The point nearest to a place of the canvas, within so many pixels; null if there is none. */
export function pointNear(
  positions: Float32Array,
  { scale, left, top }: MapView,
  x: number,
  y: number,
  within: number,
): number | null {
  let nearest: number | null = null;
  let least = within * within;
  for (let point = 0; 2 * point < positions.length; point++) {
    const across = positions[2 * point]! * scale + left - x;
    const down = positions[2 * point + 1]! * scale + top - y;
    const far = across * across + down * down;
    if (far > least) continue;
    least = far;
    nearest = point;
  }
  return nearest;
}

/** The points inside a closed line on the canvas, by the parity of the edges to their right. @param line x and y in turn */
export function pointsInside(
  positions: Float32Array,
  { scale, left, top }: MapView,
  line: readonly number[],
): readonly number[] {
  const inside: number[] = [];
  for (let point = 0; 2 * point < positions.length; point++) {
    const x = positions[2 * point]! * scale + left;
    const y = positions[2 * point + 1]! * scale + top;
    let isInside = false;
    for (let at = 0, before = line.length - 2; at < line.length; before = at, at += 2) {
      const [fromY, toY] = [line[before + 1]!, line[at + 1]!];
      if (fromY > y === toY > y) continue;
      if (x < line[before]! + ((y - fromY) / (toY - fromY)) * (line[at]! - line[before]!)) isInside = !isInside;
    }
    if (isInside) inside.push(point);
  }
  return inside;
}

/**
 * The same points turned, mirrored where that fits better, and moved so that they lie on another map of the same images as well as
 * they can (orthogonal Procrustes). Their scale stays: a map that has shrunk is shown shrunk. Maps of other images stay as they are.
 */
export function aligned(positions: Float32Array, onto: Float32Array): Float32Array {
  if (positions.length !== onto.length) return positions;
  const points = positions.length / 2;
  const [x, y, toX, toY] = [0, 0, 0, 0];
  const middle = { x, y, toX, toY };
  for (let at = 0; at < positions.length; at += 2) {
    middle.x += positions[at]! / points;
    middle.y += positions[at + 1]! / points;
    middle.toX += onto[at]! / points;
    middle.toY += onto[at + 1]! / points;
  }
  // Sums of products of both maps' coordinates.
  let [xx, xy, yx, yy] = [0, 0, 0, 0];
  for (let at = 0; at < positions.length; at += 2) {
    const across = positions[at]! - middle.x;
    const down = positions[at + 1]! - middle.y;
    const toAcross = onto[at]! - middle.toX;
    const toDown = onto[at + 1]! - middle.toY;
    xx += across * toAcross;
    xy += across * toDown;
    yx += down * toAcross;
    yy += down * toDown;
  }
  const turns = Math.hypot(xx + yy, xy - yx) >= Math.hypot(xx - yy, xy + yx);
  const flip = turns ? 1 : -1;
  const angle = Math.atan2(xy - flip * yx, xx + flip * yy);
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const moved = new Float32Array(positions.length);
  for (let at = 0; at < positions.length; at += 2) {
    const across = positions[at]! - middle.x;
    const down = flip * (positions[at + 1]! - middle.y);
    moved[at] = cosine * across - sine * down + middle.toX;
    moved[at + 1] = sine * across + cosine * down + middle.toY;
  }
  return moved;
}
