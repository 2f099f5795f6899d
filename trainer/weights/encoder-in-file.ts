/** An encoder that was found in a file of weights, of whatever kind. */
import type { DetectorInFile, FoundNetwork, FoundWeights } from '../protocol/weights.ts';
import type { Sentence } from '../protocol/sentence.ts';
import type { Shape } from '../recipe.ts';

/** A variable's values in our layout. */
export interface ReadVariable {
  readonly shape: Shape;
  readonly values: Float32Array;
}

type Described = Pick<
  FoundWeights,
  | 'prefix'
  | 'layout'
  | 'network'
  | 'why'
  | 'encoder'
  | 'channels'
  | 'headsFrom'
  | 'pixelsFrom'
  | 'convention'
  | 'tensors'
>;

/** A detector around the encoder. */
export interface DetectorAround {
  readonly described: DetectorInFile;
  /** Values by path in the detector. @throws 'unreadable-file' for values that no network has */
  read(progress?: (fraction: number) => Promise<void>): Promise<ReadonlyMap<string, ReadVariable>>;
}

export interface EncoderInFile extends Described {
  readonly networks: readonly FoundNetwork[];
  readonly unmatched: readonly string[];
  /** Absent without one like ours; `noDetector` says why where there is another. */
  readonly detector?: DetectorAround;
  readonly noDetector?: Sentence;
  /** Values by path in the encoder. @throws 'unreadable-file' for values that no network has */
  read(progress?: (fraction: number) => Promise<void>): Promise<ReadonlyMap<string, ReadVariable>>;
  /** Doubts about what was read, as sentences. */
  warnings(read: ReadonlyMap<string, ReadVariable>): readonly string[];
}
