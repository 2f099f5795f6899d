/** Masks as SVG paths, in pixels of the picture. */
import type { RunLengths, Segmentation } from '../../detection/objects.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Finer than a screen shows. */
const inTenths = (value: number): number => Math.round(value * 10) / 10;

/** To be filled by the rule that counts windings, by which parts that overlap are one area. Null if longer than `most` characters. */
export function maskPath(mask: Segmentation, picture: Size, most: number): string | null {
  let path = '';
  for (const part of mask.kind === 'polygons' ? rings(mask.rings) : rectangles(mask, picture)) {
    path += part;
    if (path.length > most) return null;
  }
  return path;
}

function* rings(all: readonly (readonly number[])[]): Generator<string> {
  for (const ring of all) yield `M${ring.map(inTenths).join(' ')}z`;
}

/** A rectangle for each run of a column; whole columns beside each other are one. */
function* rectangles({ width, height, counts }: RunLengths, picture: Size): Generator<string> {
  const [across, down] = [picture.width / width, picture.height / height];
  let end = 0;
  for (const [run, count] of counts.entries()) {
    let at = end;
    end += count;
    while (run % 2 === 1 && at < end) {
      const [column, line] = [Math.floor(at / height), at % height];
      const columns = line === 0 ? Math.max(1, Math.floor((end - at) / height)) : 1;
      const lines = Math.min(height - line, end - at);
      const [left, top] = [inTenths(column * across), inTenths(line * down)];
      const [right, bottom] = [inTenths((column + columns) * across), inTenths((line + lines) * down)];
      yield `M${left} ${top}V${bottom}H${right}V${top}z`;
      at += columns > 1 ? columns * height : lines;
    }
  }
}
