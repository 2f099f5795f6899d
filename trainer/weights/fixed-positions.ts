/**
 * Recognises position embeddings that were not learned: sines and cosines of the row and the column of a patch. A file
 * with them is MoCo v3's or MAE's, whatever its names are.
 */

export type FixedPositions = 'moco-v3' | 'mae';

const temperature = 10_000;
/** Also holds for a file in half precision. */
const tolerance = 2e-3;

/**
 * Whether rows of values, [side * side, width], are the positions of a program. Half of the width is sines and cosines of
 * the row, half of the column: MoCo v3 has the row's first, MAE the column's.
 */
export function fixedPositionsOf(values: Float32Array, side: number, width: number): FixedPositions | null {
  if (side < 2 || width % 4 !== 0) return null;
  const frequencies = width / 4;
  const isOf = (program: FixedPositions): boolean =>
    values.every((value, index) => {
      const [place, channel] = [Math.floor(index / width), index % width];
      const [row, column] = [Math.floor(place / side), place % side];
      const [first, second] = program === 'moco-v3' ? [row, column] : [column, row];
      const along = channel < 2 * frequencies ? first : second;
      const angle = along / temperature ** ((channel % frequencies) / frequencies);
      const wanted = Math.floor(channel / frequencies) % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
      return Math.abs(value - wanted) < tolerance;
    });
  if (isOf('moco-v3')) return 'moco-v3';
  return isOf('mae') ? 'mae' : null;
}
