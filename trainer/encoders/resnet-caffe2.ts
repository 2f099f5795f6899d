/**
 * Residual networks as MSRA published them for Caffe (He et al. 2016) and detectron2's detectors have them: the stride of a
 * bottleneck is on its first 1x1. Variables are those of torchvision's networks of the same depth.
 */
import * as v from 'valibot';
import { resnet } from '../nn/networks/resnet.ts';
import { defineEncoder } from '../recipe.ts';

const depths = { '50': [3, 4, 6, 3], '101': [3, 4, 23, 3], '200': [3, 24, 36, 3] } as const;

export const encoder = defineEncoder({
  id: 'resnet-caffe2',
  title: 'ResNet',
  options: v.object({
    /** By which the network is called. */
    layers: v.optional(v.picklist(['50', '101', '200']), '50'),
    /** Channels after the stem. */
    width: v.optional(v.pipe(v.number(), v.integer(), v.minValue(4), v.maxValue(512)), 64),
  }),
  evaluationOnly: true,
  build: (builder, { layers, width }, { channels }) =>
    resnet(builder, {
      block: 'bottleneck',
      depths: depths[layers],
      width,
      stem: { kind: 'imagenet' },
      channels,
      zeroInitResidual: false,
      strideIn: '1x1',
    }),
});
