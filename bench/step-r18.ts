/**
 * A VICReg step of ResNet-18 on images of 32 px, compared with PyTorch.
 *
 *   npm run bench -- step-r18 [rounds] [float32|bfloat16] [again] [--device gpu]
 */
import { benchSteps } from './shared/step.ts';

await benchSteps({ encoder: 'resnet-18', stem: 'small', size: 32, batch: 128, expander: [2048, 2048, 2048] });
