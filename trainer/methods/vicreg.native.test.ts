/** VICReg's loss against golden values of the official code, and its gradient against finite differences in float64. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../engine/steps/open.ts';
import { Execution } from '../protocol/run.ts';
import { method, vicregLoss } from './vicreg.ts';

beforeAll(() => openEngine(v.parse(Execution, { engine: 'eager', threads: 2 })));

type Shape = readonly [number, number];

const n = 8;
const d = 4;
const grid = (value: (position: number) => number) => Float64Array.from({ length: n * d }, (_, index) => value(index));
const x = grid((position) => Math.sin(1 + position));
const y = grid((position) => 0.5 * Math.cos(0.5 * position));
const tensor = (values: Float64Array, shape: Shape = [n, d]): Tensor =>
  tf.tensor(Float32Array.from(values), [...shape]);
const read = (scalar: Tensor): number => scalar.dataSync()[0]!;

/** Straight from the formulas, one branch. */
function slowSpread(z: Float64Array, eps: number, [n, d]: Shape) {
  const mean = Array.from({ length: d }, (_, j) => sum(n, (i) => z[i * d + j]!) / n);
  const covariance = (a: number, b: number) =>
    sum(n, (i) => (z[i * d + a]! - mean[a]!) * (z[i * d + b]! - mean[b]!)) / (n - 1);
  const variance = sum(d, (j) => Math.max(0, 1 - Math.sqrt(covariance(j, j) + eps))) / d;
  const off = sum(d, (a) => sum(d, (b) => (a === b ? 0 : covariance(a, b) ** 2)));
  return { variance, covariance: off / d };
}
const sum = (count: number, term: (index: number) => number): number =>
  Array.from({ length: count }, (_, index) => term(index)).reduce((total, value) => total + value, 0);

function slowLoss(a: Float64Array, b: Float64Array, shape: Shape): number {
  const [ofA, ofB] = [slowSpread(a, 1e-4, shape), slowSpread(b, 1e-4, shape)];
  const invariance = sum(a.length, (i) => (a[i]! - b[i]!) ** 2) / a.length;
  return 25 * invariance + (25 * (ofA.variance + ofB.variance)) / 2 + ofA.covariance + ofB.covariance;
}

describe('the loss', () => {
  const official = v.parse(method.options, {});

  it('has the golden values', () => {
    const { loss, metrics } = vicregLoss(tensor(x), tensor(y), n, official);
    expect(read(metrics.invariance)).toBeCloseTo(0.5723606628411944, 6);
    expect(read(metrics.variance)).toBeCloseTo((0.24478921823840555 + 0.62065590772198) / 2, 6);
    expect(read(metrics.covariance)).toBeCloseTo(0.3632635271331763 + 0.031874783480580926, 6);
    expect(read(loss)).toBeCloseTo(25.522218956148436, 4);
    const paper = v.parse(method.options, { varianceSum: 'paper-algorithm-1' });
    expect(read(vicregLoss(tensor(x), tensor(y), n, paper).loss)).toBeCloseTo(36.340283030653254, 4);
  });

  it('has the golden values of each branch alone', () => {
    const same = vicregLoss(tensor(x), tensor(x), n, official).metrics;
    expect(read(same.invariance)).toBe(0);
    expect(read(same.variance)).toBeCloseTo(0.24478921823840555, 6);
    expect(read(same.covariance)).toBeCloseTo(2 * 0.3632635271331763, 6);
  });

  it('divides the covariance by the configured batch, not by the actual number of rows', () => {
    const short = vicregLoss(tensor(x), tensor(x), 2 * n, official).metrics;
    expect(read(short.covariance)).toBeCloseTo(2 * 0.3632635271331763 * ((n - 1) / (2 * n - 1)) ** 2, 6);
    expect(read(short.variance)).toBeCloseTo(0.24478921823840555, 6);
  });

  // More rows than dimensions, and fewer: the covariance is summed over one Gram matrix or the other.
  it.each<Shape>([
    [n, d],
    [d, n],
  ])('has the value and the gradient of a float64 version, [%i, %i]', (...shape) => {
    const loss = (a: Tensor): tf.Scalar => vicregLoss(a, tensor(y, shape), shape[0], official).loss;
    const gradient = tf.grad(loss)(tensor(x, shape)).dataSync();
    expect(read(loss(tensor(x, shape)))).toBeCloseTo(slowLoss(x, y, shape), 4);
    for (let index = 0; index < n * d; index++) {
      const step = 1e-5;
      const [above, below] = [x.slice(), x.slice()];
      above[index]! += step;
      below[index]! -= step;
      const slope = (slowLoss(above, y, shape) - slowLoss(below, y, shape)) / (2 * step);
      expect(gradient[index]).toBeCloseTo(slope, 3);
    }
  });

  it('is that of the float64 version at the golden values', () => {
    expect(slowLoss(x, y, [n, d])).toBeCloseTo(25.522218956148436, 9);
  });

  it('describes the embedding', () => {
    const { metrics } = vicregLoss(tensor(x), tensor(x), n, official);
    const deviations = Array.from({ length: d }, (_, j) => {
      const mean = sum(n, (i) => x[i * d + j]!) / n;
      return Math.sqrt(sum(n, (i) => (x[i * d + j]! - mean) ** 2) / (n - 1));
    });
    expect(read(metrics.embeddingStd)).toBeCloseTo(sum(d, (j) => deviations[j]!) / d, 6);
    expect(read(metrics.embeddingStdMin)).toBeCloseTo(Math.min(...deviations), 6);
    const meanSquare = (0.3632635271331763 * d) / (d * (d - 1));
    expect(read(metrics.offDiagonalCovariance)).toBeCloseTo(Math.sqrt(meanSquare), 6);
  });

  it('recognises a collapsed embedding: spread 0, variance term at its maximum', () => {
    const point = tf.ones([n, d]);
    const { metrics } = vicregLoss(point, point, n, official);
    expect(read(metrics.embeddingStd)).toBe(0);
    expect(read(metrics.variance)).toBeCloseTo(0.99, 6);
    expect(read(metrics.offDiagonalCovariance)).toBe(0);
  });
});
