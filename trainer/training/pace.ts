/** Speed of the steps and remaining time: medians of the last steps, so that a single outlier has no effect. */

export interface PaceReport {
  readonly samplesPerSecond: number | null;
  readonly waitShare: number | null;
  readonly secondsLeft: number | null;
  readonly secondsLeftSpread: number | null;
}

export interface Pace {
  step(seconds: number, waitedSeconds: number, samples: number): void;
  /** Median seconds per step; null until there are enough steps. */
  readonly median: () => number | null;
  /** Records work between epochs other than steps, such as DeepCluster's clustering. */
  between(seconds: number): void;
  /** `epochsLeft`: epochs that have not begun. */
  report(stepsLeft: number, epochsLeft: number): PaceReport;
}

/** The first steps include kernel selection and cold caches. */
const warmUpSteps = 3;
const window = 64;
const betweenWindow = 5;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median absolute deviation: the spread that goes with a median. */
export function deviation(values: readonly number[], centre: number): number {
  return median(values.map((value) => Math.abs(value - centre)));
}

export function createPace(): Pace {
  let seen = 0;
  const steps: { readonly seconds: number; readonly waited: number; readonly samples: number }[] = [];
  const betweens: number[] = [];
  const seconds = (): number[] => steps.map((step) => step.seconds);
  const sum = (of: (step: (typeof steps)[number]) => number): number =>
    steps.reduce((total, step) => total + of(step), 0);
  return {
    step(secondsTaken, waited, samples) {
      seen += 1;
      if (seen <= warmUpSteps) return;
      steps.push({ seconds: secondsTaken, waited, samples });
      if (steps.length > window) steps.shift();
    },
    between(secondsTaken) {
      betweens.push(secondsTaken);
      if (betweens.length > betweenWindow) betweens.shift();
    },
    median: () => (steps.length < warmUpSteps ? null : median(seconds())),
    report(stepsLeft, epochsLeft) {
      if (steps.length < warmUpSteps) {
        return { samplesPerSecond: null, waitShare: null, secondsLeft: null, secondsLeftSpread: null };
      }
      const total = sum((step) => step.seconds);
      const typical = median(seconds());
      return {
        samplesPerSecond: sum((step) => step.samples) / total,
        waitShare: sum((step) => step.waited) / total,
        secondsLeft: typical * stepsLeft + (betweens.length === 0 ? 0 : median(betweens) * epochsLeft),
        secondsLeftSpread: deviation(seconds(), typical) * stepsLeft,
      };
    },
  };
}
