import type { Normalization } from './protocol/run.ts';

/** A tensor on the host: float32 or int32, by the type of the array. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

/** Pictures of 8 bits a value, with what the graph that takes them normalises them by: (x / 255 - mean) / std in float32. */
export interface HostPictures {
  /** [n, height, width, channels] */
  readonly shape: readonly number[];
  readonly values: Uint8Array;
  readonly normalization: Normalization;
}

/** What a traced function may be given. */
export type HostInput = HostTensor | HostPictures;

/** A batch of n samples as the loader makes it. */
export interface HostBatch {
  /** [n, size, size, channels], augmented, one entry a view: pictures, or float32 that is normalised already. */
  readonly views: readonly HostInput[];
  /** Positions in the data set, int32 [n]. */
  readonly index: Int32Array;
  /** What is known of the samples, by name, one row each: `label`, int32 [n]. Empty where there are no labels. */
  readonly targets: Readonly<Record<string, HostTensor>>;
}
