/** Mask R-CNN on a feature pyramid (He et al. 2017, Lin et al. 2017; detectron2's R50-FPN). */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import { linear, type Linear } from '../../nn/layers/linear.ts';
import { relu } from '../../nn/ops/relu.ts';
import type { Builder, Detector, Encoder, Initial, Objects, Pictures, StepContext } from '../../recipe.ts';
import { anchorRatios, proposalOverlap, type DetectorShape } from './detector-shape.ts';
import { featurePyramid } from './feature-pyramid.ts';
import { findings, usualFindings } from './findings.ts';
import { inOrderOfLevels, levelFeatures } from './level-features.ts';
import { maskHead } from './mask-head.ts';
import { proposalNetwork, type FeatureLevel } from './proposal-network.ts';
import { partOf } from './region-parts.ts';
import { regionClassifier } from './region-classifier.ts';
import { sampledRegions, usualSample, type RegionSample } from './sampled-regions.ts';

export interface MaskRcnnOptions extends DetectorShape {
  /** Channels of the pyramid, and of the layers of the two heads. */
  readonly channels: number;
  readonly boxWidth: number;
  readonly maskWidth: number;
  /** Batch norm in the pyramid. */
  readonly norm: boolean;
}

/** detectron2's, for so many proposals in which objects are looked for: 1000 there. */
export const proposalsOfFpn = (count: number) => ({
  training: { before: 2 * count, after: count },
  finding: { before: count, after: count },
});
const boxBins = 7;
const maskBins = 14;

const xavier = (inputs: number): { readonly weight: Initial; readonly bias: Initial } => ({
  weight: { kind: 'uniform', bound: Math.sqrt(3 / inputs) },
  bias: { kind: 'zeros' },
});

/** @throws RangeError for an encoder without stages of its own */
export function maskRcnnFpn(builder: Builder, encoder: Encoder, options: MaskRcnnOptions): Detector {
  const { stages } = encoder;
  if (!stages) throw new RangeError('Mask R-CNN needs a residual network: this encoder has no stages.');
  const { classes, channels, boxWidth, sample = usualSample, proposals = proposalsOfFpn(1000) } = options;
  const pyramid = featurePyramid(builder.at('backbone'), stages.channels, channels, options.norm);
  const anchors = options.sizes.map((size) => ({ sizes: [size], ratios: anchorRatios }));
  const network = proposalNetwork(builder.at('proposal_generator/rpn_head'), channels, anchors);
  const pooledWidth = boxBins ** 2 * channels;
  const heads = builder.at('roi_heads');
  const hidden: readonly Linear[] = [
    linear(heads.at('box_head/fc1'), pooledWidth, boxWidth, { initial: xavier(pooledWidth) }),
    linear(heads.at('box_head/fc2'), boxWidth, boxWidth, { initial: xavier(boxWidth) }),
  ];
  const classifier = regionClassifier(heads.at('box_predictor'), boxWidth, classes);
  const mask = maskHead(heads.at('mask_head'), channels, classes, options.maskWidth);
  const parts = [encoder, pyramid, network, ...hidden, classifier, mask];

  function levelsOf({ images }: Pictures, at: StepContext): readonly FeatureLevel[] {
    const features = stages!.upTo(5, images, at);
    return pyramid.apply(
      features.map((stage, index) => ({ features: stage, stride: stages!.strides[index]! })),
      at,
    );
  }

  function classified(levels: readonly FeatureLevel[], boxes: Tensor, at: StepContext) {
    const pooled = levelFeatures(levels, boxes, tf.ones(boxes.shape.slice(0, 2)), boxBins, at);
    const flat = pooled.reshape([boxes.shape[0] * boxes.shape[1]!, pooledWidth]);
    return classifier.apply(hidden.reduce((x, layer) => relu(layer.apply(x)), flat));
  }

  const maskFeaturesOf = (levels: readonly FeatureLevel[], at: StepContext) => (boxes: Tensor, wanted: Tensor) =>
    levelFeatures(levels, boxes, wanted, maskBins, at);

  return {
    weights: parts.flatMap(({ weights }) => weights),
    state: parts.flatMap(({ state }) => state),
    losses(pictures, objects, at) {
      const { masks } = objects;
      if (!masks) throw new RangeError('Mask R-CNN learns masks, but the objects have none.');
      const levels = levelsOf(pictures, at);
      const predictions = network.predict(levels);
      const found = network.propose(predictions, pictures.sizes, { ...proposals.training, threshold: proposalOverlap });
      const { regions, recall } = sampledRegions(found, objects, classes, sample, at);
      const first = network.losses(predictions, pictures.sizes, objects, at);
      const ordered = inOrderOfLevels(levels, regions);
      const second = classifier.losses(classified(levels, ordered.boxes, at), ordered);
      const features = maskFeaturesOf(levels, at)(firstOf(regions.boxes, sample), firstOf(regions.positive, sample));
      const third = mask.loss(features, regions, { ...objects, masks } satisfies Required<Objects>, at);
      return {
        losses: {
          objectness: first.objectness,
          location: first.location,
          classes: second.classes,
          boxes: second.boxes,
          masks: third.loss,
        },
        health: {
          anchors: first.positives,
          recall,
          foreground: second.foreground,
          accuracy: second.accuracy,
        },
      };
    },
    find(pictures, at) {
      const levels = levelsOf(pictures, at);
      const unordered = network.propose(network.predict(levels), pictures.sizes, {
        ...proposals.finding,
        threshold: proposalOverlap,
      });
      const proposed = inOrderOfLevels(levels, unordered);
      const given = classified(levels, proposed.boxes, at);
      const found = findings(given, proposed, pictures.sizes, options.findings ?? usualFindings);
      return { ...found, masks: mask.find(maskFeaturesOf(levels, at), found, at) };
    },
  };
}

/** Of the regions that may stand for objects, which come first. */
const firstOf = (table: Tensor, { mostPositive, count }: RegionSample): Tensor =>
  partOf(table, { from: 0, count: Math.min(mostPositive, count) });
