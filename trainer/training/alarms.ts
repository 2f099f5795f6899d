/** Monitors a training for problems. Each alarm is a numeric rule, stated here, that fires once. */
import { isTroubled, signs, type Sign } from '../protocol/health.ts';

/** Consecutive steps whose loss or gradient is not finite before the run rolls back to its last checkpoint. */
export const badStepsInARow = 3;
export const mostRollbacks = 3;

/**
 * A run is flagged after this many consecutive recorded points beyond a sign's limit. It is not stopped: the ablation
 * without the variance term collapses on purpose.
 */
export const troubledPoints = 5;

/** First step from which live tensors are counted; a step that leaves one behind leaks. */
const leakFromStep = 10;
const leakSteps = 100;

export interface Alarms {
  /** Checks the figures of a recorded point; returns the signs whose rule is met for the first time. */
  troubled(figures: Readonly<Record<string, number>>): readonly Sign[];
  /** The growth over the last 100 steps, reported once; otherwise null. */
  leaked(tensors: number): number | null;
}

/** `counters` is saved with every checkpoint, so that a resumed run neither repeats nor loses an alarm. */
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
      // A checkpoint or a probe holds tensors briefly; a leak raises the minimum.
      const growth = before === null ? 0 : smallest - before;
      before = smallest;
      smallest = Infinity;
      if (growth <= 0 || leakSaid) return null;
      leakSaid = true;
      return growth;
    },
  };
}
