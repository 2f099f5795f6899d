/** Values that PyTorch computed once (golden/generate.py), and the formula that both sides make their inputs from. */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { Shape } from '../../recipe.ts';

export interface GoldenConvolution {
  readonly size: number;
  readonly window: number;
  readonly stride: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly shape: Shape;
  readonly y: readonly number[];
  readonly dx: readonly number[];
  readonly dw: readonly number[];
}

export interface GoldenNetwork {
  readonly size: number;
  readonly shape: Shape;
  readonly y: readonly number[];
  /** Norm and projection of each weight's gradient, by PyTorch's name. */
  readonly gradients: Readonly<Record<string, readonly [number, number]>>;
  readonly running: Readonly<Record<string, readonly number[]>>;
  readonly evaluated: readonly number[];
}

export interface Golden {
  readonly convolutions: readonly GoldenConvolution[];
  readonly normalisation: Readonly<
    Record<'y' | 'dx' | 'dw' | 'db' | 'running_mean' | 'running_var' | 'evaluated', readonly number[]>
  >;
  readonly pooling: { readonly shape: Shape; readonly y: readonly number[] };
  readonly basic: GoldenNetwork;
  readonly bottleneck: GoldenNetwork;
}

export const golden = JSON.parse(readFileSync(new URL('../golden/golden.json', import.meta.url), 'utf8')) as Golden;

/** murmur3's finaliser: neighbouring positions give unrelated words. */
function mixed(word: number): number {
  const first = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return (second ^ (second >>> 16)) >>> 0;
}

export function formula(name: string, shape: Shape, scale: number, offset = 0): Float32Array {
  const begin = 1000003 * new TextEncoder().encode(name).reduce((sum, byte) => sum + byte, 0);
  const count = shape.reduce((product, size) => product * size, 1);
  return Float32Array.from({ length: count }, (_, index) => offset + scale * (mixed(begin + index) / 2 ** 31 - 1));
}

export function formulaTensor(name: string, shape: Shape, scale: number): Tensor {
  return tf.tensor(formula(name, shape, scale), [...shape]);
}

/** Gives a weight the value it has on the other side. `path` is its name below the net. */
export function setByFormula(variable: Variable, path: string): void {
  const name = path.replaceAll('/', '.');
  const offset = variable.rank === 1 && name.endsWith('weight') ? 1 : 0;
  tf.tidy(() => variable.assign(tf.tensor(formula(name, variable.shape, 0.5, offset), variable.shape)));
}

/** Largest difference, as a share of the largest expected value. */
export function deviation(actual: ArrayLike<number>, expected: readonly number[] | Float64Array): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  const wanted = Array.from(expected);
  const largest = Math.max(...wanted.map(Math.abs));
  return Math.max(...wanted.map((value, index) => Math.abs(actual[index]! - value))) / largest;
}
