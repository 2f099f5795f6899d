/** Data sets: those the user added, and those found on the machine. */
import type { Inspection } from '../../trainer/protocol/dataset.ts';

/** A data set the user added. */
export interface DatasetRow {
  readonly fingerprint: string;
  readonly name: string;
  readonly path: string;
  readonly inspection: Inspection;
  readonly inspectedAt: number;
  /** The folder still stands and its quick signature is unchanged. */
  readonly state: 'ready' | 'missing' | 'changed';
  readonly builtIn: boolean;
  /** Images that a person left out. */
  readonly excluded: number;
  /** Ids of the evaluators that can measure on it. */
  readonly evaluators: readonly string[];
}

/** A data set found without the user choosing a folder. */
export interface KnownData {
  readonly name: string;
  readonly dataset: string;
  readonly path: string | null;
  /** Reason it is missing; null: it is there. */
  readonly missing: string | null;
}
