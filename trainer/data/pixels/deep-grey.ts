/** Grey samples of more than 8 bits, as 8 bits. */
import type { Reading } from '../../protocol/dataset.ts';

/** What becomes of them: see `Reading`. */
export type DeepGrey = NonNullable<Reading['deepGrey']>;

/** A value of the range `low` to `high` on the scale 0 to 255, rounded; 0 where the range is one value. */
export const scaledGrey = (value: number, low: number, high: number): number =>
  high === low ? 0 : Math.min(255, Math.max(0, Math.round(((value - low) * 255) / (high - low))));

/** Values of 0 to 65,535 as 8 bits. */
export function asBytes(words: Uint16Array, deepGrey: DeepGrey): Uint8Array {
  // As PIL converts them.
  if (deepGrey === 'cut-off') return Uint8Array.from(words, (word) => Math.min(255, word));
  const own = deepGrey === 'own-range';
  const low = own ? words.reduce((least, word) => Math.min(least, word), 65535) : 0;
  const high = own ? words.reduce((most, word) => Math.max(most, word), 0) : 65535;
  return Uint8Array.from(words, (word) => scaledGrey(word, low, high));
}
