/** A tensor on the host. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

/** A batch as the loader gives it. */
export interface HostBatch {
  /** float32 [n, size, size, channels], augmented and normalised; one entry a view. */
  readonly views: readonly HostTensor[];
  readonly index: Int32Array;
  readonly labels: Int32Array | null;
}
