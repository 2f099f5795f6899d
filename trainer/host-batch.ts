/** A tensor on the host: float32 or int32, by the type of the array. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

/** A batch of n samples as the loader makes it. */
export interface HostBatch {
  /** float32 [n, size, size, channels], augmented and normalised; one entry a view. */
  readonly views: readonly HostTensor[];
  /** Positions in the data set, int32 [n]. */
  readonly index: Int32Array;
  /** What is known of the samples, by name, one row each: `label`, int32 [n]. Empty where there are no labels. */
  readonly targets: Readonly<Record<string, HostTensor>>;
}
