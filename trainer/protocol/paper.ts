/** Numbers of papers and of earlier reproductions, as data. */
import * as v from 'valibot';
import { Protocol } from './results.ts';

export const Cell = v.strictObject({
  method: v.string(),
  evaluator: v.string(),
  dataset: v.string(),
  split: v.string(),
  metric: v.string(),
  value: v.nullable(v.number()),
  /** Table or figure, and what the row is called there. */
  where: v.string(),
  row: v.optional(v.string()),
  /** Seeds the value is the mean of, and worst-to-best range, where the paper says so. */
  runs: v.optional(v.number()),
  range: v.optional(v.number()),
  /** What was trained: compared field by field with ours. */
  setting: v.strictObject({
    encoder: v.string(),
    pretrainedOn: v.string(),
    epochs: v.optional(v.number()),
    batch: v.optional(v.number()),
  }),
  protocol: v.optional(Protocol, {}),
  /** For an earlier reproduction: why its number is no like for like, as a code the window words. */
  remark: v.optional(v.string()),
});
export type Cell = v.InferOutput<typeof Cell>;

export const Paper = v.strictObject({
  id: v.string(),
  title: v.string(),
  authors: v.string(),
  year: v.number(),
  /** paper: what is to be reproduced; earlier: somebody's attempt before ours. */
  role: v.picklist(['paper', 'earlier']),
  source: v.string(),
  cells: v.array(Cell),
  /** Cells whose (evaluator, metric) this program cannot measure yet: `evaluator/metric`. */
  notImplemented: v.optional(v.array(v.string()), []),
});
export type Paper = v.InferOutput<typeof Paper>;
