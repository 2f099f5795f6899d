/** Reference curves as the window sees them: drawn under a run's own, counted by nothing. */
import type { Said } from '../../trainer/protocol/sentence.ts';
import type { ReferenceKind } from '../../trainer/protocol/reference-curves.ts';

export interface ReferenceCurve {
  /** Its name in the file. */
  readonly source: string;
  /** The metric of ours that it is drawn with; null: none. */
  readonly metric: string | null;
  readonly points: number;
}

export interface ReferenceCurves {
  readonly id: string;
  /** Of a preset that came with the program: the data it was trained on. */
  readonly name: string;
  /** `preset`: a run of a preset that came with the program. */
  readonly kind: ReferenceKind | 'preset';
  /** The file or folder they were read from. */
  readonly file: string;
  /** SHA-256 of what was read. */
  readonly checksum: string;
  readonly addedAt: number;
  /** What positions count. */
  readonly axis: 'step' | 'epoch';
  readonly stepsPerEpoch: number | null;
  /** Images of a step. */
  readonly batch: number | null;
  /** The method with whose runs they are drawn; null: with all. */
  readonly method: string | null;
  /** Drawn with runs of this preset alone; null: with others too. */
  readonly preset: string | null;
  readonly notes: readonly Said[];
  readonly curves: readonly ReferenceCurve[];
}

/** How a person wants curves to be called, and drawn: by the name in the file the metric of ours, or null for none. */
export interface DescribedCurves {
  readonly name: string;
  readonly metrics: Readonly<Record<string, string | null>>;
}

/** What is said at an import beyond the file. */
export interface WantedCurves {
  readonly name?: string | undefined;
  readonly method?: string | undefined;
  readonly metrics?: Readonly<Record<string, string | null>> | undefined;
}
