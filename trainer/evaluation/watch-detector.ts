/** What a detector's training shows, and what is said when it learns nothing. */
import { causesOf, type DetectorCause, type DetectorFacts } from '../detection/diagnosis.ts';
import type { DetectionFigure } from '../detection/figures/rules.ts';
import type { Stepper } from '../engine/engine.ts';
import type { EvaluationScope } from './evaluation-scope.ts';

/** The leading figure after the first examination, in percent, below which nothing has been learned. */
const learnsNothingBelow = 0.5;

const causeTexts: Readonly<Record<DetectorCause, (classes: string) => string>> = {
  'detector-boxes-below-pixel': () =>
    'Most boxes are smaller than a pixel: their numbers may be shares of the picture. Multiply them by its width and height.',
  'detector-boxes-misplaced': () =>
    'Many boxes are empty or outside their pictures: their numbers may be in another order (two corners, or a corner with width and height).',
  'detector-classes-unseen': (classes) =>
    `Classes to be found that no training picture has: ${classes}. The two splits may number their classes differently.`,
  'detector-rate': () => 'The loss does not fall: lower the learning rate, or lengthen the warm-up.',
  'detector-proposals': () =>
    'Hardly any object is proposed: the anchors may not have the sizes of the objects. Change the scale of the anchors.',
};
const causeUnknown = 'None of the known causes holds: it may need more steps.';

type Seen = Pick<DetectorFacts, 'lossFirst' | 'lossLast' | 'recall'>;

/** Keeps of a training what tells whether it learns. */
export function watched(stepper: Stepper): { readonly run: Stepper['run']; readonly seen: () => Seen } {
  let seen: Seen = { lossFirst: null, lossLast: null, recall: null };
  return {
    async run(...step) {
      const result = await stepper.run(...step);
      const { loss, metrics } = result;
      seen = { lossFirst: seen.lossFirst ?? loss, lossLast: loss, recall: metrics['recall'] ?? seen.recall };
      return result;
    },
    seen: () => seen,
  };
}

/** Says, if a figure shows that nothing was learned, which of the known causes hold. */
export function tellIfNothingLearned(
  { context: { port } }: EvaluationScope,
  step: number,
  figure: DetectionFigure,
  facts: DetectorFacts,
): void {
  if ((figure.value ?? 0) >= learnsNothingBelow) return;
  const value = (figure.value ?? 0).toFixed(2);
  const text = `The detector has learned nothing by step ${step}: ${figure.metric} is ${value} %. What was checked:`;
  port.log('attention', 'detector-learns-nothing', text, { step, metric: figure.metric, value });
  const classes = facts.unseenClasses.slice(0, 5).join(', ');
  const causes = causesOf(facts);
  for (const cause of causes) port.log('attention', cause, causeTexts[cause](classes), { step, classes });
  if (causes.length === 0) port.log('attention', 'detector-cause-unknown', causeUnknown, { step });
}
