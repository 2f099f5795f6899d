/** Statistics of claims: what speaks for one and against it, and the verdicts once Holm has counted how many are made. */
import type { ClaimVerdict } from '../../api/comparison.ts';
import { holm } from './statistics/hypothesis-tests.ts';
import { pAbove, pBelow, type TestedDifference } from './tested-difference.ts';

/** p-values to be compared with `level`: below it the claim holds, or does not hold. */
export interface ClaimTest {
  readonly holds: number;
  readonly fails: number;
  readonly level: number;
}

/** Where no confidence is part of a rule. */
const usualLevel = 0.05;

const twice = (p: number): number => Math.min(1, 2 * p);

type Tests = Pick<TestedDifference, 'seeds' | 'images'>;

function tested(
  tests: Tests,
  level: number,
  of: (above: (limit: number) => number, below: (limit: number) => number) => Omit<ClaimTest, 'level'>,
): ClaimTest | null {
  if (tests.seeds === null && tests.images === null) return null;
  return {
    ...of(
      (limit) => pAbove(tests, limit)!,
      (limit) => pBelow(tests, limit)!,
    ),
    level,
  };
}

/** The difference is above `points`, or below: two-sided at the confidence. */
export function betterTest(tests: Tests, confidence: number, points = 0): ClaimTest | null {
  return tested(tests, 1 - confidence, (above, below) => ({
    holds: twice(above(points)),
    fails: twice(below(points)),
  }));
}

/**
 * The difference lies within ± `points`: two one-sided tests at 5 %, so that the 90 % interval lies within. Against it: the 95 %
 * interval lies wholly outside.
 */
export function sameTest(tests: Tests, points: number): ClaimTest | null {
  return tested(tests, usualLevel, (above, below) => ({
    holds: Math.max(above(-points), below(points)),
    fails: twice(Math.min(above(points), below(-points))),
  }));
}

/** The difference is at most `points`: one-sided at 5 %. Against it: the 95 % interval lies wholly above. */
export function atMostTest(tests: Tests, points: number): ClaimTest | null {
  return tested(tests, usualLevel, (above, below) => ({ holds: below(points), fails: twice(above(points)) }));
}

export interface ClaimDecision {
  readonly verdict: Exclude<ClaimVerdict['verdict'], 'pending'>;
  readonly test: NonNullable<ClaimVerdict['test']>;
}

/**
 * Verdicts on the claims of one plan, by p-values that Holm adjusted: the more claims a plan makes, the more of them would hold by
 * chance. A claim that cannot be tested yet counts too.
 *
 * @param tests one a claim, null where it cannot be tested yet
 */
export function decide(tests: readonly (ClaimTest | null)[]): readonly (ClaimDecision | null)[] {
  const raw = tests.map((test) => (test === null ? 1 : Math.min(test.holds, test.fails)));
  const adjusted = holm(raw);
  return tests.map((test, at) => {
    if (test === null) return null;
    const shown = adjusted[at]! <= test.level;
    const verdict = !shown ? 'inconclusive' : test.holds <= test.fails ? 'holds' : 'does-not-hold';
    return { verdict, test: { pValue: raw[at]!, adjusted: adjusted[at]! } };
  });
}
