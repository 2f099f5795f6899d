/**
 * A VICReg step of ResNet-50 on images of 224 px, compared with PyTorch.
 *
 *   npm run bench -- step-r50 [rounds] [float32|bfloat16] [again] [--device gpu]
 */
import { benchSteps } from './shared/step.ts';

await benchSteps({
  encoder: 'resnet-50',
  stem: 'imagenet',
  size: 224,
  batch: 16,
  expander: [8192, 8192, 8192],
  withoutEager: true,
});
