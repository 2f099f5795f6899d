/** Maps of a representation: images of a split as points. */
import type { MapArrays, MapSummary } from '../../trainer/protocol/maps.ts';

/** `step`: of a checkpoint; 0 for the weights that the run began with. */
export type MappedEncoder =
  | { readonly kind: 'run'; readonly run: string; readonly step: number }
  | { readonly kind: 'weights'; readonly weights: string };

export interface WantedMap {
  readonly of: MappedEncoder;
  readonly fingerprint: string;
  readonly split: string;
  /** As many images at most; of more, a sample that is the same for every encoder. */
  readonly points: number;
}

export interface EmbeddingMap {
  readonly summary: MapSummary;
  readonly arrays: MapArrays;
}

/** A moment of a training that there is a map of, or can be. */
export interface MapMoment {
  readonly step: number;
  readonly epoch: number;
  /** The map is on disk; otherwise its features are computed first. */
  readonly isMade: boolean;
}
