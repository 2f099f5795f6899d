/** Deviations that a verdict is reached with: counted alike in the window, in reports and in the terminal. */
import type { Reason, Verdict } from '../api/comparison.ts';

export const deviationsOf = (reasons: readonly Reason[]): readonly Reason[] =>
  reasons.filter(({ kind }) => kind === 'deviation');

/** A verdict on two figures that could be compared. */
export const isJudged = (verdict: Verdict): boolean =>
  verdict === 'reproduced' || verdict === 'not-reproduced' || verdict === 'inconclusive';
