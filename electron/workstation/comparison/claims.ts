/** Verdicts on a plan's claims, by the rules stored before its runs. */
import { leadingMetric } from '../../../trainer/protocol/declared-metrics.ts';
import { embeddingStd } from '../../../trainer/protocol/health.ts';
import type { Claim, Plan } from '../../../trainer/protocol/plan.ts';
import type { ClaimVerdict, Interval } from '../../api/comparison.ts';
import { atMostTest, betterTest, decide, sameTest, type ClaimTest } from './claim-tests.ts';
import { usedIn, type ComparisonInput, type Kept, type ComparisonDraft } from './comparison-input.ts';
import { ownKeyOf } from './own-key.ts';
import { differenceOf, knownContrast, mapContrast, subtracted, type Contrast } from './statistics/contrast.ts';
import { basisOf, intervalsAt, signsIn, testedDifference, type TestedDifference } from './tested-difference.ts';
import type { StoredRun } from '../store/store.ts';

interface Context {
  readonly members: readonly { readonly key: string | null; readonly stored: StoredRun | null }[];
  readonly rows: readonly ComparisonDraft[];
  readonly input: Pick<ComparisonInput, 'catalogue' | 'meanMetric'> & Kept;
}
type Evidence = ClaimVerdict['evidence'][number];
type RuleOf<K extends Claim['rule']['kind']> = Extract<Claim['rule'], { kind: K }>;

/** A claim with all that is known of it, before the number of claims is counted. */
interface Weighed {
  readonly evidence: readonly Evidence[];
  readonly difference: TestedDifference | null;
  /** Null while something it needs is missing. */
  readonly test: ClaimTest | null;
  /** A condition of the rule beside its test is known not to be met. */
  readonly isRefuted?: boolean;
}

const figure = (
  name: string,
  value: number | null,
  limit: number | null,
  interval: Interval | null = null,
  pValue?: number,
): Evidence => ({ name, value, limit, interval, ...(pValue === undefined ? {} : { pValue }) });

const rowFigure = (name: string, row: ComparisonDraft | undefined): Evidence =>
  figure(name, row?.row.ours?.mean ?? null, null, row?.row.ours?.interval ?? null);

/** @param metric null: the one that stands for the run */
function rowOf({ members, rows, input }: Context, key: string, metric: string | null): ComparisonDraft | undefined {
  const run = members.find((member) => member.key === key)?.stored;
  return rows.find(
    (draft) =>
      draft.row.metric === (metric ?? leadingMetric(input.catalogue, draft.row.evaluator)) &&
      usedIn(draft).some((one) => one.run.id === run?.id),
  );
}

type Rows = Contrast<ComparisonDraft | undefined>;

const tested = async (rows: Rows, { input }: Context): Promise<TestedDifference | null> => {
  const known = knownContrast(rows);
  return known && testedDifference(known, input);
};

/** A difference of rows with its evidence: over seeds and over images, each with its own p-value. */
async function weighDifference(
  context: Context,
  rows: Rows,
  {
    limit,
    confidence,
    test,
  }: {
    readonly limit: number;
    readonly confidence: number;
    readonly test: (tests: Pick<TestedDifference, 'seeds' | 'images'>) => ClaimTest | null;
  },
): Promise<{ readonly difference: TestedDifference | null; readonly evidence: readonly Evidence[] }> {
  const difference = await tested(rows, context);
  if (difference === null || basisOf(difference) === null)
    return { difference, evidence: [figure('difference', difference?.value ?? null, limit)] };
  const { value, seeds, images } = difference;
  const { overSeeds, overImages } = intervalsAt(difference, confidence);
  const smaller = (found: ClaimTest | null): number | undefined =>
    found === null ? undefined : Math.min(found.holds, found.fails);
  return {
    difference,
    evidence: [
      ...(seeds === null ? [] : [figure('overSeeds', value, limit, overSeeds, smaller(test({ seeds, images: null })))]),
      ...(images === null
        ? []
        : [figure('overImages', value, limit, overImages, smaller(test({ seeds: null, images })))]),
    ],
  };
}

/** Mean over the last tenth of a run, without the noise of a single step. Null until it is done. */
async function endSpread(run: StoredRun | null, { meanMetric }: Context['input']): Promise<number | null> {
  if (run?.status !== 'done' || run.steps === null) return null;
  return meanMetric(run.id, embeddingStd, Math.floor(0.9 * run.steps));
}

async function weighCollapse(rule: RuleOf<'collapse'>, context: Context): Promise<Weighed> {
  const runs = context.members.filter(({ key }) => key !== null && ownKeyOf(key) === rule.run);
  const spreads = await Promise.all(runs.map(({ stored }) => endSpread(stored, context.input)));
  // With several seeds, use the largest spread: all must collapse.
  const spread = spreads.length > 0 && spreads.every((one) => one !== null) ? Math.max(...spreads) : null;
  const test = (tests: Parameters<typeof atMostTest>[0]) => atMostTest(tests, rule.withinPoints);
  const [linear, random] = [rule.linear, rule.random].map((key) => rowOf(context, key, null));
  const { difference, evidence } = await weighDifference(context, differenceOf(linear, random), {
    limit: rule.withinPoints,
    confidence: 0.9,
    test,
  });
  return {
    evidence: [
      figure('embeddingStd', spread, rule.embeddingStdBelow),
      rowFigure('linear', linear),
      rowFigure('random', random),
      ...evidence,
    ],
    difference,
    test: spread === null || difference === null ? null : test(difference),
    isRefuted: spread !== null && spread >= rule.embeddingStdBelow,
  };
}

async function weighBetter(rule: RuleOf<'paired-better' | 'seeds-better'>, context: Context): Promise<Weighed> {
  const [better, worse] = [rule.better, rule.worse].map((key) => rowOf(context, key, rule.metric));
  const test = (tests: Parameters<typeof betterTest>[0]) => betterTest(tests, rule.confidence);
  const { difference, evidence } = await weighDifference(context, differenceOf(better, worse), {
    limit: 0,
    confidence: rule.confidence,
    test,
  });
  const needed = rule.kind === 'paired-better' ? difference?.images : difference?.seeds;
  return {
    evidence: [rowFigure('better', better), rowFigure('worse', worse), ...evidence],
    difference,
    test: difference === null || needed == null ? null : test(difference),
  };
}

async function weighSame(rule: RuleOf<'paired-same'>, context: Context): Promise<Weighed> {
  const [one, other] = [rule.one, rule.other].map((key) => rowOf(context, key, rule.metric));
  const test = (tests: Parameters<typeof sameTest>[0]) => sameTest(tests, rule.withinPoints);
  const { difference, evidence } = await weighDifference(context, differenceOf(one, other), {
    limit: rule.withinPoints,
    confidence: 0.9,
    test,
  });
  return {
    evidence: [rowFigure('one', one), rowFigure('other', other), ...evidence],
    difference,
    test: difference?.images == null ? null : test(difference),
  };
}

/** What the change costs, with its interval over seeds, or over images where the spread of seeds is unknown. */
async function dropFigure(name: string, drop: Rows, confidence: number, context: Context): Promise<Evidence> {
  const difference = await tested(drop, context);
  if (difference === null) return figure(name, null, null);
  const { overSeeds, overImages } = intervalsAt(difference, confidence);
  return figure(name, difference.value, null, overSeeds ?? overImages);
}

async function weighDropsLess(rule: RuleOf<'drops-less'>, context: Context): Promise<Weighed> {
  const { metric, byPoints, confidence } = rule;
  const dropOf = ({ before, after }: typeof rule.smaller): Rows =>
    mapContrast(differenceOf(before, after), (key) => rowOf(context, key, metric));
  const [smaller, greater] = [dropOf(rule.smaller), dropOf(rule.greater)];
  const test = (tests: Parameters<typeof betterTest>[0]) => betterTest(tests, confidence, byPoints);
  const { difference, evidence } = await weighDifference(context, subtracted(greater, smaller), {
    limit: byPoints,
    confidence,
    test,
  });
  return {
    evidence: [
      await dropFigure('smallerDrop', smaller, confidence, context),
      await dropFigure('greaterDrop', greater, confidence, context),
      ...evidence,
    ],
    difference,
    test: difference?.images == null ? null : test(difference),
  };
}

function weigh(rule: Claim['rule'], context: Context): Promise<Weighed> {
  switch (rule.kind) {
    case 'collapse':
      return weighCollapse(rule, context);
    case 'paired-better':
    case 'seeds-better':
      return weighBetter(rule, context);
    case 'paired-same':
      return weighSame(rule, context);
    case 'drops-less':
      return weighDropsLess(rule, context);
  }
}

export async function judgeClaims(plan: Plan, context: Context): Promise<readonly ClaimVerdict[]> {
  const weighed: Weighed[] = [];
  for (const { rule } of plan.claims) weighed.push(await weigh(rule, context));
  const decided = decide(weighed.map(({ test }) => test));
  return plan.claims.map((claim, at) => {
    const { evidence, difference, isRefuted } = weighed[at]!;
    const decision = decided[at] ?? null;
    const verdict = isRefuted === true ? 'does-not-hold' : (decision?.verdict ?? 'pending');
    const isTested = decision !== null && difference !== null;
    return {
      claim,
      verdict,
      evidence,
      basis: isTested ? basisOf(difference) : null,
      units: isTested ? difference.units : null,
      signs: isTested ? signsIn(difference) : null,
      test: decision?.test ?? null,
    };
  });
}
