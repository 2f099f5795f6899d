/**
 * Spectrum of a representation, as a probe records it: singular values of the covariance of the features, largest first, at
 * powers of two, each as a share of the first. One curve a rank, of figures that are drawn together and listed nowhere alone.
 */

/** Ranks that are recorded, as far as there are so many directions: a logarithmic axis needs no others. */
export const spectrumRanks = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048] as const;

const prefix = 'spectrum-';

/** Name under which the singular value of a rank is recorded. */
export const spectrumName = (rank: number): string => `${prefix}${rank}`;

/** The rank of such a figure; null for another. */
export const spectrumRank = (name: string): number | null =>
  name.startsWith(prefix) ? Number(name.slice(prefix.length)) : null;

/** Mean absolute covariance of two different features, as a share of the mean variance of one. */
export const featureCovariance = 'featureCovariance';
