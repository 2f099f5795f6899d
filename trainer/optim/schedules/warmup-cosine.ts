import * as v from 'valibot';
import { defineSchedule } from '../../recipe.ts';

/**
 * Linear warm-up, then a half cosine, a step at a time; VICReg's official code. With L steps an epoch,
 * W = warmupEpochs * L and T = steps - W:
 *
 *     step < W:  peak * step / W                                  (step 0 has rate 0)
 *     else:      q = 0.5 * (1 + cos(pi * (step - W) / T));  peak * q + finalFactor * peak * (1 - q)
 *
 * SwAV's official code warms up from a rate above 0 and reaches the peak with the last step of the warm-up (NumPy's
 * linspace); OBoW's changes the cosine once an epoch.
 */
export const schedule = defineSchedule({
  id: 'warmup-cosine',
  title: 'Warm-up, cosine',
  options: v.object({
    warmupEpochs: v.optional(v.pipe(v.number(), v.minValue(0)), 10),
    /** Rate of the first step as a fraction of the peak. */
    warmupFrom: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0),
    /** The last step of the warm-up has the peak rate; otherwise the first one after it. */
    warmupToPeak: v.optional(v.boolean(), false),
    /** Rate at the end as a fraction of the peak. */
    finalFactor: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.001),
    /** The cosine holds a rate for an epoch. */
    perEpoch: v.optional(v.boolean(), false),
  }),
  rate(step, { peak, steps, stepsPerEpoch }, options) {
    const { warmupFrom, warmupToPeak, finalFactor, perEpoch } = options;
    const warmup = options.warmupEpochs * stepsPerEpoch;
    if (step < warmup) {
      const last = warmupToPeak ? warmup - 1 : warmup;
      if (last <= 0) return peak;
      return warmupFrom === 0 ? (peak * step) / last : peak * (warmupFrom + (1 - warmupFrom) * (step / last));
    }
    const course = steps - warmup;
    const place = perEpoch ? Math.floor(step / stepsPerEpoch) * stepsPerEpoch : step;
    const q = course > 0 ? 0.5 * (1 + Math.cos((Math.PI * (place - warmup)) / course)) : 1;
    return peak * q + finalFactor * peak * (1 - q);
  },
});
