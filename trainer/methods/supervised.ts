/**
 * The control: the same encoder trained with labels, with the same budget and augmentation, as a reference for
 * self-supervised figures.
 */
import * as v from 'valibot';
import { accuracy, crossEntropy } from '../nn/ops/cross-entropy.ts';
import { linear } from '../nn/layers/linear.ts';
import { defineMethod } from '../recipe.ts';

export const method = defineMethod({
  id: 'supervised',
  title: 'Supervised',
  paper: null,
  options: v.object({}),
  branches: 1,
  views: 1,
  labels: true,
  build([encoder], _options, builder, { classes }) {
    const head = linear(builder.at('head'), encoder.outputs, classes);
    return {
      trainable: [encoder, head],
      embed: ({ views: [images] }, at) => ({ scores: head.apply(encoder.forward(images!, at).pooled) }),
      loss: ({ scores }, { label }) => ({
        loss: crossEntropy(scores!, label!),
        metrics: { accuracy: accuracy(scores!, label!) },
      }),
    };
  },
});
