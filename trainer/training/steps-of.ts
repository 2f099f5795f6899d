/** Number of steps of a run; a fractional epoch ends partway through. */
export function stepsOf(epochs: number, stepsPerEpoch: number): number {
  return Math.max(1, Math.round(epochs * stepsPerEpoch));
}
