/** Differences between the rows of a comparison that were measured on the same images. */
import type { Comparison, ComparisonRow } from '../../api/comparison.ts';
import type { ComparisonDraft, Kept } from './comparison-input.ts';
import { sameImages } from './paired-differences.ts';
import { differenceOf } from './statistics/contrast.ts';
import { holm } from './statistics/hypothesis-tests.ts';
import { intervalsAt, pAbove, pBelow, signsIn, testedDifference, type TestedDifference } from './tested-difference.ts';

/** Two-sided p-value of a difference: the larger over seeds and over images. Null where nothing tells its spread. */
function pValueOf(tested: TestedDifference): number | null {
  if (tested.seeds === null && tested.images?.exact != null) return tested.images.exact;
  const [above, below] = [pAbove(tested, 0), pBelow(tested, 0)];
  return above === null || below === null ? null : Math.min(1, 2 * Math.min(above, below));
}

/**
 * Each main figure (or, in a free selection, the highest) against every other one on the same images, the higher less the lower;
 * or every figure less that of the baseline.
 */
export async function pairsOf(
  rows: readonly ComparisonDraft[],
  kept: Kept,
  baseline: string | undefined,
): Promise<Comparison['pairs']> {
  const pairs: (Omit<Comparison['pairs'][number], 'test'> & { readonly pValue: number })[] = [];
  for (const first of rows) {
    const rivals = rows.filter((other) => other !== first && sameImages(first.row, other.row));
    const leading = ({ row: { subject } }: ComparisonDraft): boolean =>
      baseline === undefined ? subject.role === 'main' : isCalled(subject, baseline);
    const mains = [first, ...rivals].filter(leading);
    if (baseline !== undefined && mains.length === 0) continue;
    const leads = mains.length > 0 ? mains.includes(first) : rivals.every((other) => mean(other) <= mean(first));
    if (!leads) continue;
    for (const rival of rivals) {
      // Two main figures: the pair is created once, from the earlier one.
      if (mains.includes(rival) && rows.indexOf(rival) < rows.indexOf(first)) continue;
      const isAhead = baseline === undefined && mean(first) >= mean(rival);
      const [better, worse] = isAhead ? [first, rival] : [rival, first];
      const tested = await testedDifference(differenceOf(better, worse), kept);
      const pValue = tested && pValueOf(tested);
      if (tested === null || pValue === null) continue;
      const { evaluator, metric } = first.row;
      pairs.push({
        better: better.row.subject.label,
        worse: worse.row.subject.label,
        evaluator,
        metric,
        difference: tested.value,
        images: tested.shared,
        ...intervalsAt(tested, 0.95),
        units: [tested.units[0]!, tested.units[1]!],
        signs: signsIn(tested),
        pValue,
      });
    }
  }
  const adjusted = holm(pairs.map(({ pValue }) => pValue));
  return pairs.map(({ pValue, ...rest }, at) => ({ ...rest, test: { pValue, adjusted: adjusted[at]! } }));
}

/** The window names a subject by its id, a person at the terminal by its label. */
export const isCalled = ({ id, label }: ComparisonRow['subject'], baseline: string): boolean =>
  id === baseline || label === baseline;

const mean = ({ row }: ComparisonDraft): number => row.ours?.mean ?? Number.NEGATIVE_INFINITY;
