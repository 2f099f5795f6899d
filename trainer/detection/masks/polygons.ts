/**
 * Rasterisation of polygons, pixel for pixel that of pycocotools (`rleFrPoly`): the boundary is drawn at five times the
 * size, and where it crosses the middle of a column the mask changes between outside and inside. A ring that crosses
 * itself is therefore outside where it lies over itself an even number of times.
 */
import type { RunLengths, Segmentation } from '../objects.ts';
import { emptyMask, mergeMasks } from './run-lengths.ts';

const upsampling = 5;

/** Far beyond any picture; a boundary is followed pixel by pixel, so its length must be bounded. */
const farthest = 1_000_000;

/** Why a ring encloses nothing; null for one that can be drawn. */
export function problemOfRing(ring: readonly number[]): 'too-few-points' | 'odd' | 'not-finite' | 'too-far' | null {
  if (ring.length % 2 === 1) return 'odd';
  if (ring.length < 6) return 'too-few-points';
  if (!ring.every(Number.isFinite)) return 'not-finite';
  return ring.every((value) => Math.abs(value) <= farthest) ? null : 'too-far';
}

interface Boundary {
  /** Column and row at five times the size, along the whole ring. */
  readonly column: Int32Array;
  readonly row: Int32Array;
}

function boundaryOf(ring: readonly number[]): Boundary {
  const points = ring.length / 2;
  // Truncated, not rounded down: so C converts to int.
  const place = (at: number): number => Math.trunc(upsampling * ring[at % ring.length]! + 0.5);
  const sizes = Array.from({ length: points }, (_, at) =>
    Math.max(Math.abs(place(2 * at) - place(2 * at + 2)), Math.abs(place(2 * at + 1) - place(2 * at + 3))),
  );
  const length = sizes.reduce((sum, size) => sum + size + 1, 0);
  const column = new Int32Array(length);
  const row = new Int32Array(length);
  let at = 0;
  for (let point = 0; point < points; point++) {
    const from = [place(2 * point), place(2 * point + 1)] as const;
    const to = [place(2 * point + 2), place(2 * point + 3)] as const;
    const [across, down] = [Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1])];
    const isFlat = across >= down;
    // Every edge is drawn in the direction of growing coordinates, so that both neighbours share its pixels.
    const isFlipped = isFlat ? from[0] > to[0] : from[1] > to[1];
    const [begin, end] = isFlipped ? [to, from] : [from, to];
    const slope = isFlat ? (end[1] - begin[1]) / across : (end[0] - begin[0]) / down;
    const steps = isFlat ? across : down;
    for (let step = 0; step <= steps; step++, at++) {
      const t = isFlipped ? steps - step : step;
      column[at] = isFlat ? t + begin[0] : Math.trunc(begin[0] + slope * t + 0.5);
      row[at] = isFlat ? Math.trunc(begin[1] + slope * t + 0.5) : t + begin[1];
    }
  }
  return { column, row };
}

/** Places, in pixels column by column, where the boundary crosses the middle of a column. */
function crossings({ column, row }: Boundary, height: number, width: number): Int32Array {
  const places: number[] = [];
  for (let at = 1; at < column.length; at++) {
    const [before, now] = [column[at - 1]!, column[at]!];
    if (before === now) continue;
    const x = ((now < before ? now : now - 1) + 0.5) / upsampling - 0.5;
    if (Math.floor(x) !== x || x < 0 || x > width - 1) continue;
    const y = (Math.min(row[at - 1]!, row[at]!) + 0.5) / upsampling - 0.5;
    places.push(x * height + Math.ceil(Math.min(Math.max(y, 0), height)));
  }
  return Int32Array.from(places).sort();
}

/** One ring, flat x, y, … in pixels; one that encloses nothing by `problemOfRing` gives an empty mask. */
export function rasteriseRing(ring: readonly number[], height: number, width: number): RunLengths {
  if (problemOfRing(ring) !== null) return emptyMask(height, width);
  const places = [...crossings(boundaryOf(ring), height, width), height * width];
  const lengths = places.map((place, at) => place - (places[at - 1] ?? 0));
  const counts = [lengths[0]!];
  // A length of 0 joins the run before it with the one after it.
  for (let at = 1; at < lengths.length; at++) {
    if (lengths[at]! > 0) counts.push(lengths[at]!);
    else if (++at < lengths.length) counts[counts.length - 1]! += lengths[at]!;
  }
  return { height, width, counts };
}

/** The mask of an object: the union of its rings, or the run lengths that it has. */
export function maskOf(segmentation: Segmentation, height: number, width: number): RunLengths {
  if (segmentation.kind === 'run-lengths') return segmentation;
  const rings = segmentation.rings.map((ring) => rasteriseRing(ring, height, width));
  return rings.length === 0 ? emptyMask(height, width) : mergeMasks(rings, 'union');
}
