/**
 * Whitening of embeddings by the Cholesky factor of their covariance, in float32: in half precision a covariance is rarely positive
 * definite. TensorFlow's two operations for it have no gradient in tfjs.
 */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import { dtype, flag, outputOf } from '../ops/operation.ts';

const type = dtype('T', 'float32');

/** 1 below the diagonal, `diagonal` on it and 0 above. */
function lowerTriangle(size: number, diagonal: number): Tensor {
  const values = Float32Array.from({ length: size * size }, (_, place) => {
    const [row, column] = [Math.floor(place / size), place % size];
    return row === column ? diagonal : Number(row > column);
  });
  return tf.tensor(values, [size, size]);
}

/** The solution of `factor` x = `right`, or of its transpose. factor: [..., d, d], lower triangular; right: [..., d, n]. */
function solved(factor: Tensor, right: Tensor, transposed = false): Tensor {
  return outputOf('MatrixTriangularSolve', [type, flag('lower', true), flag('adjoint', transposed)], [factor, right]);
}

/** L^-1 B, with gradients in both: L^-T dY and the lower part of -(L^-T dY) Y^T. */
export function lowerSolve(factor: Tensor, right: Tensor): Tensor {
  return tf.customGrad((...given) => {
    const [l, b] = given as unknown as [Tensor, Tensor];
    const save = given[2] as unknown as tf.GradSaveFunc;
    const value = solved(l, b);
    save([l, value]);
    return {
      value,
      gradFunc: (dy: Tensor, [savedL, savedY]: Tensor[]) => {
        const db = solved(savedL!, dy, true);
        const dl = tf.mul(tf.neg(tf.matMul(db, savedY!, false, true)), lowerTriangle(savedL!.shape.at(-1)!, 1));
        return [dl, db];
      },
    };
  })(factor, right);
}

/**
 * Lower triangular L with L L^T = `matrix`, [..., d, d]; NaN if that is not positive definite. With H the lower part of
 * L^T dL, its diagonal halved, the gradient is the symmetric part of L^-T H L^-1 (Murray, 2016).
 */
export function cholesky(matrix: Tensor): Tensor {
  return tf.customGrad((given, save) => {
    const value = outputOf('Cholesky', [type], [given as Tensor]);
    (save as tf.GradSaveFunc)([value]);
    return {
      value,
      gradFunc: (dy: Tensor, [l]: Tensor[]) => {
        const half = tf.mul(tf.matMul(l!, dy, true), lowerTriangle(l!.shape.at(-1)!, 0.5));
        // (L^-T H)^T = H^T L^-1, so both inverses are solves with L^T.
        const left = turned(solved(l!, half, true));
        const gradient = solved(l!, left, true);
        return tf.mul(tf.add(gradient, turned(gradient)), 0.5);
      },
    };
  })(matrix);
}

/** The transposes of [groups, rows, columns]. */
const turned = (matrices: Tensor): Tensor => tf.transpose(matrices, [0, 2, 1]);

/**
 * Centres and whitens rows in groups of `size` consecutive rows: L^-1 (z - mean), L L^T the group's covariance over
 * size - 1. z: [n, d], `size` a divisor of n and more than d; a group whose covariance is not positive definite becomes
 * NaN.
 */
export function whitened(z: Tensor, size: number): Tensor {
  const [rows, columns] = z.shape as [number, number];
  const groups = z.reshape([rows / size, size, columns]);
  const centred = tf.sub(groups, tf.mean(groups, 1, true));
  const covariance = tf.div(tf.matMul(centred, centred, true), size - 1);
  return turned(lowerSolve(cholesky(covariance), turned(centred))).reshape([rows, columns]);
}
