/**
 * The runs of a report as a plan that can be reproduced elsewhere, with the figures they gave. Created from records
 * only: the same records give the same bundle.
 */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import * as v from 'valibot';
import { canonicalJson } from '../../../trainer/durable/canonical-json.ts';
import { Plan, type PlannedRun } from '../../../trainer/protocol/plan.ts';
import { Result } from '../../../trainer/protocol/results.ts';
import type { DataSource, RunConfig } from '../../../trainer/protocol/run.ts';
import type { ReportModel } from './model.ts';
import { moment } from './format.ts';
import { sourcesOf } from '../../../trainer/protocol/sources.ts';
import { withSources } from '../data/sources.ts';

export const Bundle = v.strictObject({
  format: v.literal('reprise-bundle'),
  version: v.literal(1),
  plan: Plan,
  /** Figures by the key of the plan's run that gave them. */
  results: v.array(
    v.strictObject({
      run: v.string(),
      ...v.pick(Result, ['evaluator', 'dataset', 'split', 'metric', 'value', 'which', 'n']).entries,
    }),
  ),
  /** The environment of the figures: other versions and processors may give other last digits. */
  environment: v.strictObject({
    version: v.string(),
    platform: v.string(),
    versions: v.record(v.string(), v.string()),
    instructionSets: v.array(v.string()),
  }),
});
export type Bundle = v.InferOutput<typeof Bundle>;

type Data = Plan['data'][number];

/** Runs of a plan keep their keys, and the newest of a key counts; other runs are numbered. */
function keyedRuns({ plan, runs }: ReportModel): ReadonlyMap<string, ReportModel['runs'][number]> {
  if (plan === null) return new Map(runs.map((entry, at) => [`run-${at + 1}`, entry]));
  const own = runs.filter(({ run }) => run.plan === plan.id && run.planKey !== null);
  return new Map(own.map((entry) => [entry.run.planKey!, entry]));
}

/** A name for each data set, used by the runs: equal for equal contents. */
function namedData({ plan, datasets }: ReportModel, configs: readonly RunConfig[]) {
  const byContents = new Map<string, Data>();
  const contentsOf = ({ path, fingerprint }: DataSource): string => fingerprint ?? path;
  for (const source of configs.flatMap(sourcesOf)) {
    const contents = contentsOf(source);
    if (byContents.has(contents)) continue;
    const title = datasets.find(({ fingerprint }) => fingerprint === contents)?.name ?? basename(source.path);
    const planned = plan?.data.find((data) => data.dataset === source.dataset && data.title === title);
    const wanted =
      planned?.name ??
      (title
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, '-')
        .replaceAll(/^-|-$/g, '') ||
        'data');
    const taken = [...byContents.values()].filter(({ name }) => name === wanted || name.startsWith(`${wanted}-`));
    byContents.set(contents, {
      name: taken.length === 0 ? wanted : `${wanted}-${taken.length + 1}`,
      dataset: source.dataset,
      title,
      ...(source.fingerprint === undefined ? {} : { fingerprint: source.fingerprint }),
    });
  }
  const place = (source: DataSource): DataSource => {
    const { fingerprint: _fingerprint, ...rest } = source;
    return { ...rest, path: `$${byContents.get(contentsOf(source))!.name}` };
  };
  return { data: [...byContents.values()], place };
}

function withKeys(config: RunConfig, keys: ReadonlyMap<string, string>): RunConfig {
  if (config.kind !== 'evaluate' || config.subject.kind !== 'run') return config;
  const run = keys.get(config.subject.run);
  if (run === undefined) throw new Error(`The report evaluates the run ${config.subject.run}, which it does not hold.`);
  return { ...config, subject: { ...config.subject, run } };
}

export function bundleOf(model: ReportModel): Bundle {
  const keyed = keyedRuns(model);
  const keys = new Map([...keyed].map(([key, { run }]) => [run.id, key]));
  const { data, place } = namedData(
    model,
    [...keyed.values()].map(({ run }) => run.config),
  );
  const runs = [...keyed].map(([key, { run }]): PlannedRun => {
    const role = model.plan?.runs.find((planned) => planned.key === key)?.role ?? 'main';
    return { key, role, config: withSources(withKeys(run.config, keys), place) };
  });
  const at = moment(model.recordedAt);
  const plan = {
    version: 1 as const,
    title: model.title,
    summary: {
      en: `Again what a report of ${at} was made from.`,
      zh: `重新执行 ${at} 的报告所依据的全部运行。`,
    },
    data,
    claims: model.plan?.claims ?? [],
    papers: model.plan?.papers ?? [],
    runs,
  };
  const id = `replay-${createHash('sha256').update(canonicalJson(plan)).digest('hex').slice(0, 12)}`;
  const { version, edition, platform, versions } = model.environment;
  const hellos = [...keyed.values()].flatMap(({ hello }) => hello ?? []);
  return {
    format: 'reprise-bundle',
    version: 1,
    plan: { ...plan, id },
    results: [...keyed].flatMap(([key, { results }]) =>
      results.map(({ result: { evaluator, dataset, split, metric, value, which, n } }) => ({
        run: key,
        evaluator,
        dataset,
        split,
        metric,
        value,
        which,
        n,
      })),
    ),
    environment: {
      version: `${version}${edition}`,
      platform,
      versions: Object.assign({}, versions, ...hellos.map((hello) => hello.versions)) as Record<string, string>,
      instructionSets: [...new Set(hellos.map(({ instructionSet }) => instructionSet))].sort(),
    },
  };
}
