/** ResNet-101, He et al. 2016, torchvision's layout v1.5. 42.5 million weights at width 64. */
import { bottleneckNetwork, bottleneckOptions } from '../nn/networks/bottleneck-network.ts';
import { defineEncoder } from '../recipe.ts';

export const encoder = defineEncoder({
  id: 'resnet-101',
  title: 'ResNet-101',
  options: bottleneckOptions,
  build: bottleneckNetwork([3, 4, 23, 3]),
});
