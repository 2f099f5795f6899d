import * as v from 'valibot';
import { defineSchedule } from '../../recipe.ts';

const step = v.pipe(v.number(), v.integer(), v.minValue(0));

/** A linear warm-up from a share of the rate, then a constant rate with drops, all counted in steps: detectron2's WarmupMultiStepLR. */
export const schedule = defineSchedule({
  id: 'warmup-steps',
  title: 'Warm-up, then drops at steps',
  options: v.object({
    warmup: v.optional(step, 1000),
    /** Share of the rate at the first step. */
    warmupFrom: v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1)), 0.001),
    /** Steps at which the rate drops, counted from 0. */
    drops: v.optional(v.array(step), [60_000, 80_000]),
    factor: v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1)), 0.1),
  }),
  rate(done, { peak }, { warmup, warmupFrom, drops, factor }) {
    const warm = done < warmup ? warmupFrom + (1 - warmupFrom) * (done / warmup) : 1;
    return peak * warm * factor ** drops.filter((begin) => done >= begin).length;
  },
});
