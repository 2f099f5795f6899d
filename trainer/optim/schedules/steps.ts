import * as v from 'valibot';
import { defineSchedule } from '../../recipe.ts';

/**
 * A constant rate that is multiplied by `factor` when each of the epochs begins: PyTorch's MultiStepLR. With a warm-up of W steps,
 * steps before W have (step + 1) / W of it, as in W-MSE's official code (htdt/self-supervised, train.py).
 */
export const schedule = defineSchedule({
  id: 'steps',
  title: 'Steps',
  options: v.object({
    /** Epochs at which the rate drops, counted from 0. */
    at: v.optional(v.array(v.pipe(v.number(), v.minValue(0))), [60, 80]),
    factor: v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1)), 0.1),
    /** Steps of the warm-up; 0 for none. */
    warmup: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  }),
  rate(step, { peak, stepsPerEpoch }, { at, factor, warmup }) {
    const epoch = step / stepsPerEpoch;
    const warm = step < warmup ? (step + 1) / warmup : 1;
    return peak * warm * factor ** at.filter((start) => epoch >= start).length;
  },
});
