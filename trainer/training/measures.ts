/**
 * What a run does differently since it went back to a checkpoint. Measures stay once they are taken, and are counters: each
 * checkpoint holds them, so a resumed run goes on with them.
 */
import type { WhenNotFinite } from '../protocol/when-not-finite.ts';
import type { StepPosition } from '../engine/engine.ts';
import type { TrainingTask } from './training-task.ts';

type Counters = TrainingTask['counters'];

const rateHalvings = 'rateHalvings';
const clipNorm = 'clipNorm';
/** How many of the user's choices are among them. */
const choicesTaken = 'choicesTaken';
/** Times it went back; a choice of the user counts them anew. */
export const rollbacks = 'rollbacks';

/** A step's place in the schedule, with the measures taken so far. */
export function positionOf({ counters, rate, peak }: TrainingTask, step: number): StepPosition {
  const factor = rateFactor(counters);
  const norm = counters.get(clipNorm);
  return {
    step,
    lr: factor * rate(step),
    ...(peak !== undefined && { peak: factor * peak }),
    ...(norm !== undefined && { clipNorm: norm }),
  };
}

/** What the schedule's learning rate is multiplied by. */
export function rateFactor(counters: Counters): number {
  return 2 ** -(counters.get(rateHalvings) ?? 0);
}

export function takeMeasure(counters: Counters, chosen: WhenNotFinite): void {
  switch (chosen.policy) {
    case 'skip':
      return;
    case 'lower-rate':
      counters.set(rateHalvings, (counters.get(rateHalvings) ?? 0) + 1);
      return;
    case 'clip':
      counters.set(clipNorm, chosen.norm);
  }
}

/** Replaces the counters by `change`, but for the measures, which are kept. */
export function keepingMeasures(counters: Counters, change: () => void): void {
  const kept = [rateHalvings, clipNorm, choicesTaken].map((name) => [name, counters.get(name)] as const);
  change();
  for (const [name, value] of kept) if (value !== undefined) counters.set(name, value);
}

/** Takes each measure that the user chose at a pause and the counters do not know of; returns those. */
export function takeChoices(counters: Counters, choices: readonly WhenNotFinite[]): readonly WhenNotFinite[] {
  const open = choices.slice(counters.get(choicesTaken) ?? 0);
  if (open.length === 0) return open;
  for (const chosen of open) takeMeasure(counters, chosen);
  counters.set(choicesTaken, choices.length);
  counters.set(rollbacks, 0);
  return open;
}
