/** Spectra of a representation, from the curves of its singular values. */
import type { Series } from '../../../electron/api/curves.ts';

export interface SpectrumAt {
  readonly step: number;
  /** Singular values by rank, each as a share of the first. */
  readonly values: readonly { readonly rank: number; readonly value: number }[];
}

/** One spectrum for every step at which a rank has a value, the first step first. */
export function spectraOf(
  ranks: readonly { readonly rank: number; readonly series: Series | undefined }[],
): readonly SpectrumAt[] {
  const found = new Map<number, { rank: number; value: number }[]>();
  for (const { rank, series } of ranks) {
    series?.steps.forEach((step, at) => {
      const value = series.mean[at] ?? null;
      if (value !== null) found.set(step, [...(found.get(step) ?? []), { rank, value }]);
    });
  }
  return [...found].sort(([one], [other]) => one - other).map(([step, values]) => ({ step, values }));
}
