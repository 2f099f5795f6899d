/** What watches a training for trouble. Each alarm is a rule over numbers, stated here, that speaks once. */

/** Losses in a row that are not finite before the run goes back to its last checkpoint. */
export const badStepsInARow = 3;
export const mostRollbacks = 3;

/**
 * Collapse: VICReg's variance term asks every dimension of the embedding for a standard deviation of 1, and an encoder
 * that maps everything to one point has 0. Below a tenth of the target at this many recorded points one after the other
 * the run is called suspect. It is not stopped: the ablation without the variance term collapses on purpose.
 */
export const collapsedBelow = 0.1;
export const collapsedPoints = 5;

/** Live tensors at the end of every step; a step that leaves one behind is a leak. Counted from this step on. */
const leakFromStep = 10;
const leakSteps = 100;

export interface Alarms {
  /** The mean embedding std of a recorded point: true when the rule is met for the first time. */
  collapsed(std: number): boolean;
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
    collapsed(std) {
      const below = std < collapsedBelow ? (counters.get('collapsedPoints') ?? 0) + 1 : 0;
      counters.set('collapsedPoints', below);
      if (below < collapsedPoints || counters.get('collapseSaid') === 1) return false;
      counters.set('collapseSaid', 1);
      return true;
    },
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
