/** The learning rate of each weight. */
import type { Variable } from '@tensorflow/tfjs';
import type { Net } from '../../recipe.ts';

/** Derives the learning rate of a weight from the schedule's. */
export interface Rate {
  readonly factor: number;
  /** True if relative to the schedule's peak rather than its current value. */
  readonly constantRate: boolean;
}

/** The weights of nets, in order, and the rate of each; equal rates are one object. */
export function ratesOf(nets: readonly Net[]): ReadonlyMap<Variable, Rate> {
  const known = new Map<string, Rate>();
  return new Map(
    nets.flatMap(({ weights, rate: factor = 1, constantRate = false }) => {
      const key = `${factor} ${constantRate}`;
      const rate = known.get(key) ?? { factor, constantRate };
      known.set(key, rate);
      return weights.map((weight) => [weight, rate] as const);
    }),
  );
}
