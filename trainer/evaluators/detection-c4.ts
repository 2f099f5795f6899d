import * as v from 'valibot';
import { detectionRules } from '../detection/figures/rules.ts';
import {
  detectionOptions,
  encoderOf,
  protocolOf,
  sampleOf,
  trainingOf,
  withBatch,
} from '../detection/nets/detection-options.ts';
import { fasterRcnnC4, proposalsOfC4 } from '../detection/nets/faster-rcnn-c4.ts';
import { defineDetection } from '../recipe.ts';

const sides = Array.from({ length: 11 }, (_, at) => 480 + 32 * at);

/**
 * Faster R-CNN on the fourth stage, fine-tuned as a whole. The defaults are the paper's recipe for VOC07+12 (appendix C.3):
 * 24,000 steps of 16 pictures, SGD at 0.1 with drops at 18,000 and 22,000, a warm-up of 1,000 steps from a third of the rate,
 * losses of the proposal network by 0.2; what it does not say is that of MoCo's detector (facebookresearch/moco,
 * detection/configs): batch norm by the batch and one more after res5, short sides of 480 to 800.
 */
export const evaluator = defineDetection({
  id: 'detection-c4',
  title: 'Object detection, Faster R-CNN C4',
  options: v.object({
    ...detectionOptions({
      rate: 0.1,
      steps: 24_000,
      drops: [18_000, 22_000],
      warmup: 1000,
      warmupFrom: 0.333,
      proposalWeight: 0.2,
      shortSides: sides,
    }),
    /** Batch norm after res5. */
    extraNorm: v.optional(v.boolean(), true),
    /** Rules by which average precision is counted. */
    rules: v.optional(v.picklist(detectionRules), 'voc-2007'),
  }),
  metrics: [
    { name: 'ap50', unit: 'percent' },
    { name: 'ap', unit: 'percent', secondary: true },
    { name: 'ap75', unit: 'percent', secondary: true },
  ],
  margin: { points: 0.7 },
  targets: 'objects',
  withBatch,
  // Every figure from before there was a choice has the norm after res5.
  protocol: ({ extraNorm, rules, ...options }) => ({
    detector: 'faster-rcnn-c4',
    optimizer: 'sgd',
    ...protocolOf(options),
    rules,
    ...(extraNorm ? {} : { extraNorm }),
  }),
  detection: {
    masks: false,
    rules: ({ rules }) => rules,
    build(options, builder, { encoder, classes }) {
      const sizes = [32, 64, 128, 256, 512].map((size) => size * options.anchorScale);
      const proposals = proposalsOfC4(options.proposals);
      const detector = fasterRcnnC4(builder, encoderOf(encoder, options), {
        classes,
        sizes,
        proposals,
        extraNorm: options.extraNorm,
        sample: sampleOf(options),
      });
      return { ...trainingOf(options), detector };
    },
  },
});
