/** Euclidean distance between vectors. */

export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at]! - b[at]!) ** 2;
  return Math.sqrt(sum);
}

/** The same relative to the length of the second. */
export const relativeDistance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  distance(a, b) / distance(b, new Float64Array(b.length));
