/** A plan: the runs that test some claims, in the order their dependencies ask for. */
import * as v from 'valibot';
import { RunConfig } from './run.ts';

const Text = v.strictObject({ en: v.string(), zh: v.string() });

/** A rule fixed before the run. Keys name runs of the plan. */
export const Rule = v.variant('kind', [
  /**
   * The run's embedding has no spread left (mean over the last tenth of its steps) and nothing was learned: its linear figure is
   * at most `withinPoints` above the random encoder's. Below it counts too: a collapsed encoder may lose what random weights keep.
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
  /** `better` beats `worse` on the same images: paired bootstrap, lower bound of the interval above 0. */
  v.strictObject({
    kind: v.literal('paired-better'),
    better: v.string(),
    worse: v.string(),
    metric: v.string(),
    confidence: v.number(),
  }),
]);
export type Rule = v.InferOutput<typeof Rule>;

export const Claim = v.strictObject({
  id: v.string(),
  text: Text,
  /** Where the paper says it. */
  where: v.string(),
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
  /** Data sets by the name used in the runs' `path` (`$fashion-mnist`), resolved on this machine when the plan is opened. */
  data: v.array(v.strictObject({ name: v.string(), dataset: v.string(), title: v.string() })),
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
