/** ResNet-50, He et al. 2016, torchvision's layout v1.5: the paper's encoder. 23.5 million weights at width 64. */
import { bottleneckNetwork, bottleneckOptions } from '../nn/networks/bottleneck-network.ts';
import { defineEncoder } from '../recipe.ts';

export const encoder = defineEncoder({
  id: 'resnet-50',
  title: 'ResNet-50',
  options: bottleneckOptions,
  build: bottleneckNetwork([3, 4, 6, 3]),
});
