/**
 * ResNet-200: ResNet-152's stages with 16 blocks more in the second, after He et al., "Identity mappings in deep residual networks"
 * (2016); its blocks are ResNet-50's, as in BYOL. 62.6 million weights at width 64.
 */
import { bottleneckNetwork, bottleneckOptions } from '../nn/networks/bottleneck-network.ts';
import { defineEncoder } from '../recipe.ts';

export const encoder = defineEncoder({
  id: 'resnet-200',
  title: 'ResNet-200',
  options: bottleneckOptions,
  build: bottleneckNetwork([3, 24, 36, 3]),
});
