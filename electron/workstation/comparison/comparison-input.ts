/** Input of a comparison, and its rows under construction. */
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Paper } from '../../../trainer/protocol/paper.ts';
import type { Plan } from '../../../trainer/protocol/plan.ts';
import type { Preset } from '../../../trainer/protocol/preset.ts';
import type { Result } from '../../../trainer/protocol/results.ts';
import type { ComparisonRow, Selection } from '../../api/comparison.ts';
import type { Memoize } from './memoize.ts';
import type { StoredDataset, StoredResult, StoredRun } from '../store/store.ts';

export interface ComparisonInput {
  readonly selection: Selection;
  /**
   * Every run of the workspace that is not deleted; the selection picks from them and finds the source of an
   * evaluation.
   */
  readonly runs: readonly StoredRun[];
  /** Results of the compared runs. */
  readonly results: readonly StoredResult[];
  readonly papers: readonly Paper[];
  /** The recipes that the papers' cells name. */
  readonly presets: readonly Preset[];
  /** The plan as it stood when it was started; null for a selection of runs. */
  readonly plan: Plan | null;
  readonly datasets: readonly Pick<StoredDataset, 'fingerprint' | 'name'>[];
  /** Defaults of options, so that an explicit default does not count as a difference. */
  readonly catalogue: Catalogue;
  /** Runs whose training went back to a checkpoint, or was changed at a pause, because losses were not finite. */
  readonly wentBack: ReadonlySet<string>;
  /** `Store.meanMetric`: mean of a metric over the kept points from a step on. */
  readonly meanMetric: (run: string, name: string, fromStep: number) => Promise<number | null>;
  /** Bytes of a file that a result names (`perImage`, `ranking`); null where the file is gone. */
  readonly perImage: (run: string, file: string) => Promise<Uint8Array | null>;
  /** Caches resamplings, which are equal for equal files. */
  readonly memoize: Memoize;
}

/** Sources for resampling figures and pairs on the same images. */
export type Kept = Pick<ComparisonInput, 'perImage' | 'memoize'>;

/** A row under construction: its API form, and its sources. */
export interface ComparisonDraft {
  readonly row: ComparisonRow;
  /** One entry per seed: the results behind the mean. */
  readonly used: readonly { readonly run: StoredRun; readonly result: Result }[];
}
