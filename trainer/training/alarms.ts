/** What watches a training for trouble. Each alarm is a rule over numbers, stated here, that speaks once. */
import { isTroubled, signs, type Sign } from '../protocol/health.ts';

/** Losses in a row that are not finite before the run goes back to its last checkpoint. */
export const badStepsInARow = 3;
export const mostRollbacks = 3;

/**
 * Beyond a sign's limit at this many recorded points one after the other a run is called suspect. It is not stopped: the
 * ablation without the variance term collapses on purpose.
 */
export const troubledPoints = 5;

/** Live tensors at the end of every step; a step that leaves one behind is a leak. Counted from this step on. */
const leakFromStep = 10;
const leakSteps = 100;

export interface Alarms {
  /** The figures of a recorded point: the signs whose rule is met for the first time. */
  troubled(figures: Readonly<Record<string, number>>): readonly Sign[];
  /** The growth over the last 100 steps, if there was any, the first time. */
  leaked(tensors: number): number | null;
}

/** `counters` is saved with every checkpoint, so that a resumed run says nothing twice and forgets nothing. */
export function createAlarms(counters: Map<string, number>): Alarms {
  let steps = 0;
  let smallest = Infinity;
  let leakSaid = false;
  let before: number | null = null;
  return {
    troubled: (figures) =>
      signs.filter((sign) => {
        const value = figures[sign.metric];
        if (value === undefined) return false;
        const [inARow, said] = [`${sign.code}/points`, `${sign.code}/said`];
        const points = isTroubled(sign, value) ? (counters.get(inARow) ?? 0) + 1 : 0;
        counters.set(inARow, points);
        if (points < troubledPoints || counters.get(said) === 1) return false;
        counters.set(said, 1);
        return true;
      }),
    leaked(tensors) {
      steps += 1;
      if (steps <= leakFromStep) return null;
      smallest = Math.min(smallest, tensors);
      if ((steps - leakFromStep) % leakSteps !== 0) return null;
      // A checkpoint or a probe holds tensors for a moment; a leak raises the least there is.
      const growth = before === null ? 0 : smallest - before;
      before = smallest;
      smallest = Infinity;
      if (growth <= 0 || leakSaid) return null;
      leakSaid = true;
      return growth;
    },
  };
}
