/** Steps of a run; a fraction of an epoch stops inside it. */
export function stepsOf(epochs: number, stepsPerEpoch: number): number {
  return Math.max(1, Math.round(epochs * stepsPerEpoch));
}
