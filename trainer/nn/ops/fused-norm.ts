/** TensorFlow's fused batch norm and its gradient: what both are given besides tensors. */
import { dtype, flag, number, text } from './operation.ts';

/** PyTorch's default. */
export const epsilon = 1e-5;

/** @param isTraining the statistics are those of the batch, not given ones */
export const normAttributes = (isTraining: boolean) => [
  dtype('T', 'float32'),
  dtype('U', 'float32'),
  number('epsilon', epsilon),
  text('data_format', 'NHWC'),
  flag('is_training', isTraining),
];
