/** Steps of an epoch, from points that name both. */

/** Bounds that pairs of step and whole epoch leave, where the first epoch has a given number. */
class Bounds {
  readonly #first: number;
  #low = 0;
  #high = Infinity;
  constructor(first: number) {
    this.#first = first;
  }
  add(step: number, epoch: number): void {
    const whole = epoch - this.#first;
    if (whole < 0) this.#low = Infinity;
    else {
      this.#low = Math.max(this.#low, step / (whole + 1));
      if (whole > 0) this.#high = Math.min(this.#high, step / whole);
    }
  }
  /** @returns `guess` between the bounds; null if they exclude each other, or one is missing */
  within(guess: number): number | null {
    if (this.#low > this.#high || this.#high === Infinity) return null;
    return Math.min(this.#high, Math.max(this.#low, guess));
  }
}

/**
 * Programs count epochs from 0 or from 1, whole or as a fraction, and steps from either. Between the first point of one epoch
 * and the first point of a later one lie their epochs in steps, up to the distance between two points.
 */
export class EpochLength {
  readonly #fromZero = new Bounds(0);
  readonly #fromOne = new Bounds(1);
  #ratio: number | null = null;
  #first: { readonly step: number; readonly epoch: number } | null = null;
  #latest: { readonly step: number; readonly epoch: number } | null = null;

  add(step: number, epoch: number): void {
    if (!Number.isInteger(epoch) && epoch > 0 && step > 0) this.#ratio = step / epoch;
    this.#fromZero.add(step, epoch);
    this.#fromOne.add(step, epoch);
    this.#first ??= { step, epoch };
    if (this.#latest === null || epoch > this.#latest.epoch) this.#latest = { step, epoch };
  }

  /** Null if the points do not tell. */
  steps(): number | null {
    if (this.#ratio !== null) return this.#ratio;
    if (this.#first === null || this.#latest === null || this.#latest.epoch <= this.#first.epoch) return null;
    const slope = (this.#latest.step - this.#first.step) / (this.#latest.epoch - this.#first.epoch);
    const found = this.#fromZero.within(slope) ?? this.#fromOne.within(slope);
    if (found === null || found <= 0) return null;
    return Math.max(1, Math.round(found));
  }
}
