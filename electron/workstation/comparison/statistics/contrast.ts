/** Signed sums of figures. A plain difference has one term on each side, a difference of two differences has two. */
export type Contrast<T> = readonly { readonly sign: 1 | -1; readonly of: T }[];

/** One less another. */
export const differenceOf = <T>(one: T, other: T): Contrast<T> => [
  { sign: 1, of: one },
  { sign: -1, of: other },
];

/** One contrast less another. */
export const subtracted = <T>(one: Contrast<T>, other: Contrast<T>): Contrast<T> => [
  ...one,
  ...other.map(({ sign, of }) => ({ sign: sign === 1 ? (-1 as const) : (1 as const), of })),
];

export const mapContrast = <T, U>(contrast: Contrast<T>, to: (one: T) => U): Contrast<U> =>
  contrast.map(({ sign, of }) => ({ sign, of: to(of) }));

/** The contrast where every term is known, else null. */
export function knownContrast<T>(contrast: Contrast<T | null | undefined>): Contrast<T> | null {
  const known = contrast.flatMap(({ sign, of }) => (of == null ? [] : [{ sign, of }]));
  return known.length < contrast.length ? null : known;
}

export const sumOf = (contrast: Contrast<number>): number => contrast.reduce((sum, { sign, of }) => sum + sign * of, 0);
