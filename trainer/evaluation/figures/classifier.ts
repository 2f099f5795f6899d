/** Shared by evaluators that train a classifier: augmentation, loss and figures. */
import type { Tensor } from '@tensorflow/tfjs';
import type { View } from '../../protocol/run.ts';
import type { EvaluationModel, Initial, Learner, Measure } from '../../recipe.ts';
import { accuracy, crossEntropy } from '../../nn/ops/cross-entropy.ts';
import { guessedIn } from './guesses.ts';
import { accuraciesOf } from './top-k.ts';

/** evaluate.py: RandomResizedCrop at its defaults (area 0.08 to 1, bilinear; the paper has 0.2 to 1) and a flip. */
export const officialAugmentation: Omit<View, 'size'> = {
  cropArea: [0.08, 1],
  cropRatio: [3 / 4, 4 / 3],
  interpolation: 'bilinear',
  flip: 0.5,
  jitter: 0,
  brightness: 0,
  contrast: 0,
  saturation: 0,
  hue: 0,
  grayscale: 0,
  blur: 0,
  blurSigma: [0.1, 2],
  solarize: 0,
  solarizeThreshold: 128,
};

/** evaluate.py: weights of the head from N(0, 0.01), biases 0. */
export const officialInitial = {
  weight: { kind: 'normal', std: 0.01 },
  bias: { kind: 'zeros' },
} as const satisfies Record<string, Initial>;

/** Cross-entropy of `scores`, and the percentage of the batch classified correctly. */
export const classificationLoss: Learner['loss'] = ({ scores }, { label }) => {
  if (scores === undefined || label === undefined) throw new Error('A classifier needs scores and labels.');
  return { loss: crossEntropy(scores, label), metrics: { accuracy: accuracy(scores, label) } };
};

/** The single view a classifier uses. */
export function onlyView(views: readonly Tensor[]): Tensor {
  const [view, ...others] = views;
  if (view === undefined || others.length > 0) throw new Error(`A classifier is shown one view, not ${views.length}.`);
  return view;
}

/** Accuracies at the last epoch and at the best on the test split. */
export async function* headFigures({ heads, test, classes }: EvaluationModel): AsyncGenerator<Measure> {
  if (heads === undefined) throw new Error('A trained head is to be measured, and there is none.');
  for (const [which, scores, epoch] of [
    ['last', heads.last, heads.lastEpoch],
    ['best', heads.best, heads.bestEpoch],
  ] as const) {
    for (const accuracy of accuraciesOf(scores, test.labels, classes))
      yield { ...accuracy, ...guessedIn(accuracy, scores, classes, 'logits'), n: test.rows, which, epoch };
  }
}
