/** What a comparison is made from, and its rows while they are made. */
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Paper } from '../../../trainer/protocol/paper.ts';
import type { Plan } from '../../../trainer/protocol/plan.ts';
import type { Result } from '../../../trainer/protocol/results.ts';
import type { ComparisonRow, Selection } from '../../api/comparison.ts';
import type { Memoize } from './memoize.ts';
import type { StoredDataset, StoredResult, StoredRun } from '../store/store.ts';

export interface ComparisonInput {
  readonly selection: Selection;
  /** Every run of the workspace that is not deleted; the selection picks from them, and finds what an evaluation started from. */
  readonly runs: readonly StoredRun[];
  /** Results of the runs it is of. */
  readonly results: readonly StoredResult[];
  readonly papers: readonly Paper[];
  /** The plan as it stood when it was started; null for a selection of runs. */
  readonly plan: Plan | null;
  readonly datasets: readonly Pick<StoredDataset, 'fingerprint' | 'name'>[];
  /** Defaults of options, so that a spelled-out default is no difference. */
  readonly catalogue: Catalogue;
  /** `Store.meanMetric`: mean of a metric over the kept points from a step on. */
  readonly meanMetric: (run: string, name: string, fromStep: number) => Promise<number | null>;
  /** Bytes of a file that a result names (`perImage`, `ranking`); null where the file is gone. */
  readonly perImage: (run: string, file: string) => Promise<Uint8Array | null>;
  /** Resamplings of the same files are the same. */
  readonly memoize: Memoize;
}

/** What figures and pairs on the same images are resampled from. */
export type Kept = Pick<ComparisonInput, 'perImage' | 'memoize'>;

/** A row while it is made: what the api shows, and what it was made from. */
export interface ComparisonDraft {
  readonly row: ComparisonRow;
  /** One entry a seed: the result that the mean is made of. */
  readonly used: readonly { readonly run: StoredRun; readonly result: Result }[];
}
