import * as v from 'valibot';
import { defineSchedule } from '../../recipe.ts';

/**
 * Linear warm-up, then a half cosine, a step at a time; VICReg's official code. With L steps an epoch,
 * W = warmupEpochs * L and T = steps - W:
 *
 *     step < W:  peak * step / W                                  (step 0 has rate 0)
 *     else:      q = 0.5 * (1 + cos(pi * (step - W) / T));  peak * q + finalFactor * peak * (1 - q)
 */
export const schedule = defineSchedule({
  id: 'warmup-cosine',
  title: 'Warm-up, cosine',
  options: v.object({
    warmupEpochs: v.optional(v.pipe(v.number(), v.minValue(0)), 10),
    /** Rate at the end as a fraction of the peak. */
    finalFactor: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.001),
  }),
  rate(step, { peak, steps, stepsPerEpoch }, options) {
    const warmup = options.warmupEpochs * stepsPerEpoch;
    if (step < warmup) return (peak * step) / warmup;
    const course = steps - warmup;
    const q = course > 0 ? 0.5 * (1 + Math.cos((Math.PI * (step - warmup)) / course)) : 1;
    return peak * q + options.finalFactor * peak * (1 - q);
  },
});
