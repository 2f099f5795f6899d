/** Verdicts on a plan's claims, by the rules stored before its runs. */
import type { Claim, Plan } from '../../trainer/protocol/plan.ts';
import type { ClaimVerdict, Interval } from '../api.ts';
import type { CompareInput, Row } from './rows.ts';
import { pair } from './pairs.ts';
import type { StoredRun } from './store/store.ts';

interface Context {
  readonly members: readonly { readonly key: string | null; readonly stored: StoredRun | null }[];
  readonly rows: readonly Row[];
  readonly input: Pick<CompareInput, 'meanMetric' | 'perImage'>;
}
type Evidence = ClaimVerdict['evidence'][number];
type RuleOf<K extends Claim['rule']['kind']> = Extract<Claim['rule'], { kind: K }>;
type Judged = Omit<ClaimVerdict, 'claim'>;

/** Name under which a method logs the mean standard deviation of its embedding. */
export const embeddingStd = 'embeddingStd';

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

function rowOf(context: Context, key: string, metric: string): Row | undefined {
  const run = context.members.find((member) => member.key === key)?.stored;
  return context.rows.find(({ row, used }) => row.metric === metric && used.some((entry) => entry.run.id === run?.id));
}

async function judgeCollapse(rule: RuleOf<'collapse'>, context: Context): Promise<Judged> {
  const run = context.members.find((member) => member.key === rule.run)?.stored ?? null;
  // The last tenth: what the run ended as, without the noise of a single step.
  const from = run?.steps === null || run === null ? null : Math.floor(0.9 * run.steps);
  const spread = run === null || from === null ? null : await context.input.meanMetric(run.id, embeddingStd, from);
  const linear = rowOf(context, rule.linear, 'top1');
  const random = rowOf(context, rule.random, 'top1');
  const figures = { linear: linear?.row.ours?.mean ?? null, random: random?.row.ours?.mean ?? null };
  const above = figures.linear === null || figures.random === null ? null : figures.linear - figures.random;
  const paired = linear && random ? await pair(linear, random, context.input.perImage) : null;
  const interval =
    paired === null ? null : { ...paired.interval(0.95), confidence: 0.95, method: 'paired-bootstrap' as const };
  const evidence = [
    figure('embeddingStd', spread, rule.embeddingStdBelow),
    figure('linear', figures.linear, null, linear?.row.ours?.interval ?? null),
    figure('random', figures.random, null, random?.row.ours?.interval ?? null),
    figure('linearAboveRandom', above, rule.withinPoints, interval),
  ];
  if (run?.status !== 'done' || spread === null || above === null) return { verdict: 'pending', evidence };
  const collapsed = spread < rule.embeddingStdBelow && above <= rule.withinPoints;
  return { verdict: collapsed ? 'holds' : 'does-not-hold', evidence };
}

async function judgePaired(rule: RuleOf<'paired-better'>, context: Context): Promise<Judged> {
  const better = rowOf(context, rule.better, rule.metric);
  const worse = rowOf(context, rule.worse, rule.metric);
  const paired = better && worse ? await pair(better, worse, context.input.perImage) : null;
  const interval =
    paired === null
      ? null
      : { ...paired.interval(rule.confidence), confidence: rule.confidence, method: 'paired-bootstrap' as const };
  const evidence = [
    figure('better', better?.row.ours?.mean ?? null, null, better?.row.ours?.interval ?? null),
    figure('worse', worse?.row.ours?.mean ?? null, null, worse?.row.ours?.interval ?? null),
    figure('difference', paired?.mean ?? null, 0, interval),
  ];
  if (interval === null) return { verdict: 'pending', evidence };
  const verdict = interval.low > 0 ? 'holds' : interval.high < 0 ? 'does-not-hold' : 'inconclusive';
  return { verdict, evidence };
}

export async function judgeClaims(plan: Plan, context: Context): Promise<readonly ClaimVerdict[]> {
  const verdicts: ClaimVerdict[] = [];
  for (const claim of plan.claims) {
    const { rule } = claim;
    const judged = rule.kind === 'collapse' ? await judgeCollapse(rule, context) : await judgePaired(rule, context);
    verdicts.push({ claim, ...judged });
  }
  return verdicts;
}
