/** Rows of a table by number, through TensorFlow's own operations: tfjs's gather reads the numbers on the host. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import { dtype, outputOf } from './operation.ts';

const type = dtype('Tindices', 'int32');

/** The rows `index`, int32 [n], of a table, as constants: [n, columns]. */
export function rowsOf(table: Tensor, index: Tensor): Tensor {
  const attributes = [dtype('Tparams', 'float32'), type, dtype('Taxis', 'int32')];
  return outputOf('GatherV2', attributes, [table, index, tf.scalar(0, 'int32')]);
}

/** The table with `rows` written at `index`, whose numbers must all differ. */
export function replacedRows(table: Tensor, index: Tensor, rows: Tensor): Tensor {
  return outputOf('TensorScatterUpdate', [dtype('T', 'float32'), type], [table, tf.expandDims(index, 1), rows]);
}
