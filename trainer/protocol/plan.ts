/** A plan: the runs that test some claims, in the order their dependencies ask for. */
import * as v from 'valibot';
import { setPath } from './paths.ts';
import { RunConfig, type Execution } from './run.ts';

const Text = v.strictObject({ en: v.string(), zh: v.string() });

/** Evaluate runs of one method without and with a change. */
const Change = v.strictObject({ before: v.string(), after: v.string() });

/**
 * A rule fixed before the run. Keys name runs of the plan; with several seeds all runs that repeat them count. A difference is
 * tested over images by the paired bootstrap, and with two seeds a figure or more over seeds by paired t or Welch: both must show it.
 * p-values are adjusted by Holm over all claims of the plan.
 */
export const Rule = v.variant('kind', [
  /**
   * The run's embedding has no spread left (mean over the last tenth of its steps) and nothing was learned: its linear figure is
   * less than `withinPoints` above the random encoder's, one-sided at 5 %. Below it counts too: a collapsed encoder may lose what
   * random weights keep. It does not hold where the 95 % interval lies above.
   */
  v.strictObject({
    kind: v.literal('collapse'),
    run: v.string(),
    /** The evaluate runs of the collapsed encoder and of the random one. */
    linear: v.string(),
    random: v.string(),
    embeddingStdBelow: v.number(),
    withinPoints: v.number(),
  }),
  /** `better` beats `worse` on the same images: the difference is above 0. Images must have been recorded one by one. */
  v.strictObject({
    kind: v.literal('paired-better'),
    better: v.string(),
    worse: v.string(),
    metric: v.string(),
    confidence: v.number(),
  }),
  /**
   * `one` and `other` are the same on the same images but for `withinPoints`: two one-sided tests at 5 %, that is, the 90 % interval
   * lies within. It does not hold where the 95 % interval lies wholly outside.
   */
  v.strictObject({
    kind: v.literal('paired-same'),
    one: v.string(),
    other: v.string(),
    metric: v.string(),
    withinPoints: v.pipe(v.number(), v.minValue(0)),
  }),
  /** `better` beats `worse` over their seeds, two of each at least; over images too where they were recorded one by one. */
  v.strictObject({
    kind: v.literal('seeds-better'),
    better: v.string(),
    worse: v.string(),
    metric: v.string(),
    confidence: v.number(),
  }),
  /**
   * A change costs `smaller` less than `greater`, on the same images: the drop of the one (before less after) is more than
   * `byPoints` below that of the other. It does not hold where it is shown to be less than that.
   */
  v.strictObject({
    kind: v.literal('drops-less'),
    smaller: Change,
    greater: Change,
    metric: v.string(),
    byPoints: v.pipe(v.number(), v.minValue(0)),
    confidence: v.number(),
  }),
]);
export type Rule = v.InferOutput<typeof Rule>;

export const Claim = v.strictObject({
  id: v.string(),
  text: Text,
  /** Where the paper says it; left out of a yardstick of our own, such as raw pixels. */
  where: v.optional(v.string()),
  rule: Rule,
});
export type Claim = v.InferOutput<typeof Claim>;

/** One run of a plan; in an evaluate run `subject.run` holds the key of another planned run until the plan is started. */
export const PlannedRun = v.strictObject({
  key: v.pipe(v.string(), v.regex(/^[a-z0-9-]+$/)),
  role: v.picklist(['main', 'ablation', 'control']),
  config: RunConfig,
});
export type PlannedRun = v.InferOutput<typeof PlannedRun>;

export const Plan = v.strictObject({
  version: v.literal(1),
  id: v.pipe(v.string(), v.regex(/^[a-z0-9-]+$/)),
  title: Text,
  summary: Text,
  /** Device, precision and threads of its runs are chosen on the machine it is started on, whatever they say. */
  placed: v.optional(v.literal(true)),
  /** How long it took this project with one seed, and on how many processor cores: a first idea before anything is timed here. */
  took: v.optional(v.strictObject({ seconds: v.number(), cores: v.number() })),
  /** What its pretraining took the authors: a plan at the paper's size. */
  cost: v.optional(v.strictObject({ text: Text, where: v.string() })),
  /** Data sets by the name used in the runs' `path` (`$fashion-mnist`), resolved on this machine when the plan is opened. */
  data: v.array(
    v.strictObject({
      name: v.string(),
      dataset: v.string(),
      title: v.string(),
      /** Where the plan was made from runs: nothing but the data they saw will do. */
      fingerprint: v.optional(v.string()),
    }),
  ),
  /** Weights of other programs by the name used in the runs' subjects (`$vicreg`): those of this method and encoder in the workspace. */
  weights: v.optional(
    v.array(v.strictObject({ name: v.string(), method: v.string(), encoder: v.string(), title: v.string() })),
  ),
  claims: v.array(Claim),
  /** Paper cells worth standing beside ours, even where they cannot be compared. */
  papers: v.array(
    v.strictObject({
      paper: v.string(),
      evaluator: v.string(),
      metric: v.string(),
      dataset: v.string(),
      /** Table, where the paper has several such cells; the first entry that fits a row best is shown. */
      where: v.optional(v.string()),
    }),
  ),
  runs: v.array(PlannedRun),
});
export type Plan = v.InferOutput<typeof Plan>;

/** A plan whose runs have the device and precision that the machine gives them, where that is left to it; null: not known yet. */
export function placedPlan(plan: Plan, execution: Execution | null): Plan {
  if (plan.placed !== true || execution === null) return plan;
  return { ...plan, runs: plan.runs.map((run) => ({ ...run, config: { ...run.config, execution } })) };
}

/** A run that is another of the plan's, one written out before it, but for some values: by their paths, `method.options.variance`. */
const LikeRun = v.strictObject({
  ...v.omit(PlannedRun, ['config']).entries,
  like: v.string(),
  change: v.record(v.string(), v.unknown()),
});

/** Of plain data. */
const copyOf = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** A plan as its file has it: an ablation says what it changes, and nothing else. */
export const PlanFile = v.pipe(
  v.strictObject({ ...Plan.entries, runs: v.array(v.union([PlannedRun, LikeRun])) }),
  v.rawTransform(({ dataset: { value: file }, addIssue, NEVER }) => {
    const configs = new Map<string, object>();
    const runs: unknown[] = [];
    for (const { key, role, ...own } of file.runs) {
      const written = 'config' in own ? own.config : configs.get(own.like);
      if (written === undefined) {
        addIssue({
          message: `Run "${key}" is like "${'like' in own ? own.like : ''}", which does not stand before it.`,
        });
        return NEVER;
      }
      const config = copyOf(written);
      for (const [path, value] of 'change' in own ? Object.entries(own.change) : []) {
        const problem = setPath(config as Record<string, unknown>, path.split('.'), copyOf(value));
        if (problem === null) continue;
        addIssue({ message: `Run "${key}": ${problem}` });
        return NEVER;
      }
      configs.set(key, config);
      runs.push({ key, role, config });
    }
    return { ...file, runs };
  }),
  Plan,
);
