/** An encoder that was found in a file of weights, of whatever kind. */
import type { FoundNetwork, FoundWeights } from '../protocol/weights.ts';
import type { Shape } from '../recipe.ts';

/** A variable's values in our layout. */
export interface ReadVariable {
  readonly shape: Shape;
  readonly values: Float32Array;
}

type Described = Pick<
  FoundWeights,
  'prefix' | 'layout' | 'network' | 'why' | 'encoder' | 'channels' | 'headsFrom' | 'pixelsFrom' | 'tensors'
>;

export interface EncoderInFile extends Described {
  readonly networks: readonly FoundNetwork[];
  readonly unmatched: readonly string[];
  /** Values by path in the encoder. @throws 'unreadable-file' for values that no network has */
  read(progress?: (fraction: number) => Promise<void>): Promise<ReadonlyMap<string, ReadVariable>>;
  /** Doubts about what was read, as sentences. */
  warnings(read: ReadonlyMap<string, ReadVariable>): readonly string[];
}
