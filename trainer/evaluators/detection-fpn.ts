import * as v from 'valibot';
import {
  detectionOptions,
  encoderOf,
  protocolOf,
  sampleOf,
  trainingOf,
  withBatch,
} from '../detection/nets/detection-options.ts';
import { maskRcnnFpn, proposalsOfFpn } from '../detection/nets/mask-rcnn-fpn.ts';
import { defineDetection } from '../recipe.ts';

const sides = Array.from({ length: 6 }, (_, at) => 640 + 32 * at);
const width = v.pipe(v.number(), v.integer(), v.minValue(4), v.maxValue(4096));

/**
 * Mask R-CNN on a feature pyramid, fine-tuned as a whole. The defaults are the paper's recipe for COCO (appendix C.3): 90,000
 * steps of 16 pictures, SGD at 0.04 with drops at 60,000 and 80,000, a warm-up of 50 steps; what it does not say is detectron2's
 * (mask_rcnn_R_50_FPN_1x) with batch norm by the batch, as VISSL's configuration for self-supervised weights.
 */
export const evaluator = defineDetection({
  id: 'detection-fpn',
  title: 'Detection and segmentation, Mask R-CNN FPN',
  options: v.object({
    ...detectionOptions({
      rate: 0.04,
      steps: 90_000,
      drops: [60_000, 80_000],
      warmup: 50,
      warmupFrom: 0.001,
      proposalWeight: 1,
      shortSides: sides,
    }),
    /** Batch norm in the pyramid too. */
    pyramidNorm: v.optional(v.boolean(), true),
    /** Channels of the pyramid and of the mask's layers. */
    channels: v.optional(width, 256),
    /** Width of the layers that classify regions. */
    boxWidth: v.optional(width, 1024),
  }),
  metrics: [
    { name: 'box-ap', unit: 'percent' },
    { name: 'mask-ap', unit: 'percent' },
    ...(['box-ap50', 'box-ap75', 'box-ap-small', 'box-ap-medium', 'box-ap-large'] as const).map(secondary),
    ...(['mask-ap50', 'mask-ap75', 'mask-ap-small', 'mask-ap-medium', 'mask-ap-large'] as const).map(secondary),
  ],
  margin: { points: 0.5 },
  targets: 'objects',
  withBatch,
  protocol: ({ pyramidNorm, channels, boxWidth, ...options }) => ({
    detector: 'mask-rcnn-fpn',
    optimizer: 'sgd',
    rules: 'coco',
    ...protocolOf(options),
    pyramidNorm,
    channels,
    boxWidth,
  }),
  detection: {
    masks: true,
    rules: () => 'coco',
    build(options, builder, { encoder, classes }) {
      const { channels, boxWidth, pyramidNorm, anchorScale } = options;
      const sizes = [32, 64, 128, 256, 512].map((size) => size * anchorScale);
      const detector = maskRcnnFpn(builder, encoderOf(encoder, options), {
        classes,
        sizes,
        channels,
        boxWidth,
        maskWidth: channels,
        norm: pyramidNorm,
        sample: sampleOf(options),
        proposals: proposalsOfFpn(options.proposals),
      });
      return { ...trainingOf(options), detector };
    },
  },
});

function secondary(name: string) {
  return { name, unit: 'percent', secondary: true } as const;
}
