import * as v from 'valibot';
import { defineSchedule } from '../../recipe.ts';

/** A constant rate that is multiplied by `factor` when each of the epochs begins: PyTorch's MultiStepLR. */
export const schedule = defineSchedule({
  id: 'steps',
  title: 'Steps',
  options: v.object({
    /** Epochs at which the rate drops, counted from 0. */
    at: v.optional(v.array(v.pipe(v.number(), v.minValue(0))), [60, 80]),
    factor: v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1)), 0.1),
  }),
  rate(step, { peak, stepsPerEpoch }, { at, factor }) {
    const epoch = step / stepsPerEpoch;
    return peak * factor ** at.filter((start) => epoch >= start).length;
  },
});
