/** Input of a comparison, and its rows under construction. */
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Paper } from '../../../trainer/protocol/paper.ts';
import type { Plan } from '../../../trainer/protocol/plan.ts';
import type { PresetFile } from '../../../trainer/protocol/preset.ts';
import type { ComparisonRow, Selection } from '../../api/comparison.ts';
import type { Memoize } from './memoize.ts';
import type { Measurement, Replication } from './replication.ts';
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
  readonly presets: readonly PresetFile[];
  /** The plan as it stood when it was started; null for a selection of runs. */
  readonly plan: Plan | null;
  readonly datasets: readonly Pick<StoredDataset, 'fingerprint' | 'name'>[];
  /** Defaults of options, so that an explicit default does not count as a difference. */
  readonly catalogue: Catalogue;
  /** Runs whose training went back to a checkpoint, or was changed at a pause, because losses were not finite. */
  readonly wentBack: ReadonlySet<string>;
  /** `Store.meanMetric`: mean of a metric over the kept points from a step on. */
  readonly meanMetric: (run: string, name: string, fromStep: number) => Promise<number | null>;
  /** What a run was computed by, in a text that is equal for equal devices, threads and versions; null if not recorded. */
  readonly computedBy: (run: string) => Promise<string | null>;
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
  /** The results behind the mean, by unit of replication. */
  readonly replication: Replication;
}

/** The results behind the mean of a row. */
export const usedIn = ({ replication }: ComparisonDraft): readonly Measurement[] =>
  replication.units.flatMap(({ measurements }) => measurements);
