/** Errors of a detector, as the window asks for them. */
import type { ErrorKind, KeptError } from '../../trainer/protocol/detections.ts';

export interface ErrorChoice {
  readonly kind: ErrorKind;
  /** By its place in the summary; null: every class. */
  readonly class: number | null;
}

export interface ErrorRange {
  /** How many of them were kept. */
  readonly total: number;
  readonly errors: readonly KeptError[];
}
