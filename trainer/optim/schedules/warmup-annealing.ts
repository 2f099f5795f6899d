import * as v from 'valibot';
import { defineSchedule } from '../../recipe.ts';

const rate = v.pipe(v.number(), v.minValue(0));

/**
 * Linear warm-up from one rate, then a half cosine to another, a step at a time: solo-learn's LinearWarmupCosineAnnealingLR
 * (solo/utils/lr_scheduler.py). Both ends are rates of their own, whatever the peak. With W = warmupEpochs * steps an epoch:
 *
 *     step < W:  start + (peak - start) * step / (W - 1)          (the last step of the warm-up has the peak)
 *     else:      end + (peak - end) * (1 + cos(pi * (step - W) / (steps - W))) / 2
 */
export const schedule = defineSchedule({
  id: 'warmup-annealing',
  title: 'Warm-up and cosine between rates',
  options: v.object({
    warmupEpochs: v.optional(v.pipe(v.number(), v.minValue(0)), 10),
    start: v.optional(rate, 3e-5),
    end: v.optional(rate, 0),
  }),
  rate(step, { peak, steps, stepsPerEpoch }, { warmupEpochs, start, end }) {
    const warmup = warmupEpochs * stepsPerEpoch;
    if (step < warmup) return start + ((peak - start) * step) / Math.max(warmup - 1, 1);
    const course = steps - warmup;
    const q = course > 0 ? (1 + Math.cos((Math.PI * (step - warmup)) / course)) / 2 : 1;
    return end + (peak - end) * q;
  },
});
