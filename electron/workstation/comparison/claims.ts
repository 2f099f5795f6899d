/** Verdicts on a plan's claims, by the rules stored before its runs. */
import { leadingMetric } from '../../../trainer/protocol/declared-metrics.ts';
import { embeddingStd } from '../../../trainer/protocol/health.ts';
import type { Claim, Plan } from '../../../trainer/protocol/plan.ts';
import type { ClaimVerdict, Interval } from '../../api/comparison.ts';
import type { ComparisonInput, Kept, ComparisonDraft } from './comparison-input.ts';
import { pairedDifference } from './paired-differences.ts';
import { ownKeyOf } from './own-key.ts';
import { seedDifference } from './seed-differences.ts';
import { placeBeside } from './statistics/hypothesis-tests.ts';
import type { StoredRun } from '../store/store.ts';

interface Context {
  readonly members: readonly { readonly key: string | null; readonly stored: StoredRun | null }[];
  readonly rows: readonly ComparisonDraft[];
  readonly input: Pick<ComparisonInput, 'catalogue' | 'meanMetric'> & Kept;
}
type Evidence = ClaimVerdict['evidence'][number];
type RuleOf<K extends Claim['rule']['kind']> = Extract<Claim['rule'], { kind: K }>;
type Judged = Omit<ClaimVerdict, 'claim'>;

const figure = (
  name: string,
  value: number | null,
  limit: number | null,
  interval: Interval | null = null,
): Evidence => ({
  name,
  value,
  limit,
  interval,
});

/** @param metric null: the one that stands for the run */
function rowOf({ members, rows, input }: Context, key: string, metric: string | null): ComparisonDraft | undefined {
  const run = members.find((member) => member.key === key)?.stored;
  return rows.find(
    ({ row, used }) =>
      row.metric === (metric ?? leadingMetric(input.catalogue, row.evaluator)) &&
      used.some((entry) => entry.run.id === run?.id),
  );
}

/** Mean over the last tenth of a run, without the noise of a single step. Null until it is done. */
async function endSpread(run: StoredRun | null, { meanMetric }: Context['input']): Promise<number | null> {
  if (run?.status !== 'done' || run.steps === null) return null;
  return meanMetric(run.id, embeddingStd, Math.floor(0.9 * run.steps));
}

async function judgeCollapse(rule: RuleOf<'collapse'>, context: Context): Promise<Judged> {
  const runs = context.members.filter(({ key }) => key !== null && ownKeyOf(key) === rule.run);
  const spreads = await Promise.all(runs.map(({ stored }) => endSpread(stored, context.input)));
  // With several seeds, use the largest spread: all must collapse.
  const spread = spreads.length > 0 && spreads.every((one) => one !== null) ? Math.max(...spreads) : null;
  const linear = rowOf(context, rule.linear, null);
  const random = rowOf(context, rule.random, null);
  const figures = { linear: linear?.row.ours?.mean ?? null, random: random?.row.ours?.mean ?? null };
  const above = figures.linear === null || figures.random === null ? null : figures.linear - figures.random;
  const paired = linear && random ? await pairedDifference(linear, random, context.input) : null;
  const interval =
    paired === null ? null : { ...paired.interval(0.95), confidence: 0.95, method: 'paired-bootstrap' as const };
  const evidence = [
    figure('embeddingStd', spread, rule.embeddingStdBelow),
    figure('linear', figures.linear, null, linear?.row.ours?.interval ?? null),
    figure('random', figures.random, null, random?.row.ours?.interval ?? null),
    figure('linearAboveRandom', above, rule.withinPoints, interval),
  ];
  if (spread === null || above === null) return { verdict: 'pending', evidence };
  const collapsed = spread < rule.embeddingStdBelow && above <= rule.withinPoints;
  return { verdict: collapsed ? 'holds' : 'does-not-hold', evidence };
}

/** Two evaluations on the same images, and the interval of their difference at a confidence. */
async function pairOf(context: Context, one: string, other: string, metric: string) {
  const rows = [rowOf(context, one, metric), rowOf(context, other, metric)] as const;
  const paired = rows[0] && rows[1] ? await pairedDifference(rows[0], rows[1], context.input) : null;
  const intervalAt = (confidence: number): Interval | null =>
    paired === null ? null : { ...paired.interval(confidence), confidence, method: 'paired-bootstrap' };
  return { rows, difference: paired?.mean ?? null, intervalAt };
}

const rowFigure = (name: string, row: ComparisonDraft | undefined): Evidence =>
  figure(name, row?.row.ours?.mean ?? null, null, row?.row.ours?.interval ?? null);

type Rows = readonly [ComparisonDraft | undefined, ComparisonDraft | undefined];

/** One is above the other if the interval of their difference is above 0. */
function judgedAbove(rows: Rows, difference: number | null, interval: Interval | null): Judged {
  const evidence = [
    rowFigure('better', rows[0]),
    rowFigure('worse', rows[1]),
    figure('difference', difference, 0, interval),
  ];
  if (interval === null) return { verdict: 'pending', evidence };
  const verdict = interval.low > 0 ? 'holds' : interval.high < 0 ? 'does-not-hold' : 'inconclusive';
  return { verdict, evidence };
}

async function judgeBetter(rule: RuleOf<'paired-better'>, context: Context): Promise<Judged> {
  const { rows, difference, intervalAt } = await pairOf(context, rule.better, rule.worse, rule.metric);
  return judgedAbove(rows, difference, intervalAt(rule.confidence));
}

function judgeSeedsBetter({ better, worse, metric, confidence }: RuleOf<'seeds-better'>, context: Context): Judged {
  const rows: Rows = [rowOf(context, better, metric), rowOf(context, worse, metric)];
  const found = rows[0] && rows[1] ? seedDifference(rows[0], rows[1], confidence) : null;
  return judgedAbove(rows, found?.difference ?? null, found?.interval ?? null);
}

async function judgeSame(rule: RuleOf<'paired-same'>, context: Context): Promise<Judged> {
  const { rows, difference, intervalAt } = await pairOf(context, rule.one, rule.other, rule.metric);
  const [narrow, wide] = [intervalAt(0.9), intervalAt(0.95)];
  const evidence = [
    rowFigure('one', rows[0]),
    rowFigure('other', rows[1]),
    figure('apart', difference, rule.withinPoints, narrow),
  ];
  if (narrow === null || wide === null) return { verdict: 'pending', evidence };
  const place = placeBeside(rule.withinPoints, narrow, wide);
  const verdict = ({ inside: 'holds', outside: 'does-not-hold', neither: 'inconclusive' } as const)[place];
  return { verdict, evidence };
}

function judge(rule: Claim['rule'], context: Context): Judged | Promise<Judged> {
  switch (rule.kind) {
    case 'collapse':
      return judgeCollapse(rule, context);
    case 'paired-better':
      return judgeBetter(rule, context);
    case 'paired-same':
      return judgeSame(rule, context);
    case 'seeds-better':
      return judgeSeedsBetter(rule, context);
  }
}

export async function judgeClaims(plan: Plan, context: Context): Promise<readonly ClaimVerdict[]> {
  const verdicts: ClaimVerdict[] = [];
  for (const claim of plan.claims) {
    verdicts.push({ claim, ...(await judge(claim.rule, context)) });
  }
  return verdicts;
}
