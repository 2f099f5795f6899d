/**
 * Faster R-CNN on the fourth stage (Ren et al. 2015; detectron2's R50-C4): proposals from res4, regions of 14 x 14 features pass
 * through res5 each. With a batch norm after res5, as MoCo's detector and those after it have (Res5ROIHeadsExtraNorm).
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import { batchNorm } from '../../nn/layers/batch-norm.ts';
import { globalAveragePool } from '../../nn/ops/pool.ts';
import type { Builder, Detector, Encoder, Pictures, StepContext } from '../../recipe.ts';
import { anchorRatios, proposalOverlap, type DetectorShape } from './detector-shape.ts';
import { findings, usualFindings } from './findings.ts';
import { proposalNetwork, type FeatureLevel } from './proposal-network.ts';
import { regionClassifier } from './region-classifier.ts';
import { roiAlign } from './roi-align.ts';
import { sampledRegions, usualSample } from './sampled-regions.ts';

/** detectron2's, for so many proposals in which objects are looked for: 1000 there. */
export const proposalsOfC4 = (count: number) => ({
  training: { before: 12 * count, after: 2 * count },
  finding: { before: 6 * count, after: count },
});
const bins = 14;

export interface FasterRcnnOptions extends DetectorShape {
  /** Batch norm after res5; left out: there is one. */
  readonly extraNorm?: boolean;
}

/** @throws RangeError for an encoder without stages of its own */
export function fasterRcnnC4(builder: Builder, encoder: Encoder, options: FasterRcnnOptions): Detector {
  const { stages } = encoder;
  if (!stages) throw new RangeError('Faster R-CNN C4 needs a residual network: this encoder has no stages.');
  const { classes, sample = usualSample, proposals = proposalsOfC4(1000), extraNorm = true } = options;
  const { strides, upTo, last } = stages;
  const stride = strides[2];
  const network = proposalNetwork(builder.at('proposal_generator/rpn_head'), encoder.res4Outputs, [
    { sizes: options.sizes, ratios: anchorRatios },
  ]);
  const norm = extraNorm ? batchNorm(builder.at('roi_heads/res5/norm'), encoder.outputs) : null;
  const classifier = regionClassifier(builder.at('roi_heads/box_predictor'), encoder.outputs, classes);
  const parts = [encoder, network, ...(norm ? [norm] : []), classifier];

  const levelOf = ({ images }: Pictures, at: StepContext): FeatureLevel => ({
    features: upTo(4, images, at)[2]!,
    stride,
  });

  /** [n * k, outputs] */
  function regionFeatures({ features }: FeatureLevel, boxes: Tensor, at: StepContext): Tensor {
    const [n, k] = boxes.shape as [number, number, number];
    const pooled = roiAlign(features, boxes, tf.ones([n, k]), { bins, scale: 1 / stride, samples: 0 });
    const regions = pooled.reshape([n * k, bins, bins, features.shape[3]!]);
    const res5 = last(regions, at);
    return globalAveragePool(norm ? norm.apply(res5, at) : res5);
  }

  return {
    weights: parts.flatMap(({ weights }) => weights),
    state: parts.flatMap(({ state }) => state),
    losses(pictures, objects, at) {
      const level = levelOf(pictures, at);
      const predictions = network.predict([level]);
      const found = network.propose(predictions, pictures.sizes, { ...proposals.training, threshold: proposalOverlap });
      const { regions, recall } = sampledRegions(found, objects, classes, sample, at);
      const first = network.losses(predictions, pictures.sizes, objects, at);
      const second = classifier.losses(classifier.apply(regionFeatures(level, regions.boxes, at)), regions);
      return {
        losses: {
          objectness: first.objectness,
          location: first.location,
          classes: second.classes,
          boxes: second.boxes,
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
      const level = levelOf(pictures, at);
      const found = network.propose(network.predict([level]), pictures.sizes, {
        ...proposals.finding,
        threshold: proposalOverlap,
      });
      const given = classifier.apply(regionFeatures(level, found.boxes, at));
      return findings(given, found, pictures.sizes, options.findings ?? usualFindings);
    },
  };
}
