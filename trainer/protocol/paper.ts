/** Numbers of papers and of earlier reproductions, as data. */
import * as v from 'valibot';
import { Options } from './options.ts';

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
  /** The preset that the encoder was trained by, compared field by field with ours; null where there is none for this figure. */
  preset: v.nullable(v.string()),
  /** Values of the preset that this figure has otherwise, where `setting` does not say so. */
  change: v.optional(v.array(v.strictObject({ path: v.string(), value: v.unknown(), source: v.string() }))),
  /** What the paper says was trained: over the preset. */
  setting: v.strictObject({
    encoder: v.string(),
    pretrainedOn: v.string(),
    epochs: v.optional(v.number()),
    batch: v.optional(v.number()),
    /** Views of an image, where another figure of the method has more of them or fewer. */
    views: v.optional(v.number()),
    /** Options of the method where the cell is about them (an ablation); over the paper's `recipes`. */
    options: v.optional(Options),
  }),
  /**
   * How it was measured, as far as it is known: options of the evaluator, and what is stated without an option. `epochRule`: which
   * epoch of a head the figure is of, `last-epoch` or `best-epoch`, the best on the images it was measured on, which VICReg's
   * evaluate.py reports (facebookresearch/vicreg at 4e12602, lines 280 to 287).
   */
  protocol: v.optional(Options, {}),
  /** What else must be known of the number (a collapse, a broken run, why it is no like for like), as a code the window words. */
  remark: v.optional(v.string()),
});
export type Cell = v.InferOutput<typeof Cell>;

export const Paper = v.strictObject({
  id: v.string(),
  title: v.string(),
  authors: v.string(),
  year: v.nullable(v.number()),
  /** paper: what is to be reproduced; earlier: somebody's attempt before ours. */
  role: v.picklist(['paper', 'earlier']),
  source: v.string(),
  /** The paper's own recipe of a method: what a cell was made with where its setting does not say otherwise. */
  recipes: v.optional(v.record(v.string(), Options), {}),
  cells: v.array(Cell),
  /** Cells whose (evaluator, metric) this program cannot measure yet: `evaluator/metric`. */
  notImplemented: v.optional(v.array(v.string()), []),
});
export type Paper = v.InferOutput<typeof Paper>;
