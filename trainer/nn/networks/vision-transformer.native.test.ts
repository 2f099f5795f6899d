/** A vision transformer and its parts against PyTorch in float64 (golden/transformer.py). */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Variable } from '@tensorflow/tfjs';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../engine/engine.ts';
import { createStepContext } from '../../engine/steps/step-context.ts';
import { openEngine } from '../../engine/steps/open.ts';
import { Execution } from '../../protocol/run.ts';
import type { Shape } from '../../recipe.ts';
import { gelu } from '../ops/gelu.ts';
import { deviation, formulaTensor, setByFormula } from '../testing/golden.ts';
import { layerNorm } from '../layers/layer-norm.ts';
import { cubicWeights, resizedPositions } from './resize-positions.ts';
import { visionTransformer, type VisionTransformerShape } from './vision-transformer.ts';

type Numbers = readonly number[];
interface GoldenPart {
  readonly y: Numbers;
  readonly dx: Numbers;
  readonly gradients: readonly Numbers[];
}
interface GoldenTransformer {
  readonly height: number;
  readonly width: number;
  readonly pooled: Numbers;
  readonly res5: Numbers;
  /** Norm and projection of each weight's gradient, by name. */
  readonly gradients: Readonly<Record<string, readonly [number, number]>>;
}
interface Golden {
  readonly shape: VisionTransformerShape;
  readonly norm: GoldenPart;
  readonly gelu: GoldenPart;
  readonly positions: readonly { readonly rows: number; readonly columns: number; readonly y: Numbers }[];
  readonly networks: readonly GoldenTransformer[];
}
const golden = JSON.parse(readFileSync(new URL('../golden/transformer.json', import.meta.url), 'utf8')) as Golden;

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(v.parse(Execution, { engine: 'eager', threads: 2 }));
});

const values = (tensor: Tensor): ArrayLike<number> => tensor.dataSync();
const probed = (y: Tensor): tf.Scalar => tf.sum<tf.Scalar>(tf.mul(y, formulaTensor('dy', y.shape, 1)));

it('layer norm gives output and gradients as PyTorch does', () => {
  const norm = layerNorm(engine.builder(1).at('layer norm'), 5);
  const weights = norm.weights as [Variable, Variable];
  for (const [index, name] of ['weight', 'bias'].entries()) weights[index]!.assign(formulaTensor(name, [5], 1));
  const x = formulaTensor('x', [2, 3, 5], 2);
  expect(deviation(values(norm.apply(x)), golden.norm.y)).toBeLessThan(1e-5);
  expect(deviation(values(tf.grad((given) => probed(norm.apply(given)))(x)), golden.norm.dx)).toBeLessThan(1e-5);
  const { grads } = tf.variableGrads(() => probed(norm.apply(x)), weights);
  for (const [index, { name }] of weights.entries())
    expect(deviation(values(grads[name]!), golden.norm.gradients[index]!), name).toBeLessThan(1e-5);
});

it('GELU is the exact one, and so is its gradient', () => {
  const x = formulaTensor('x', [40], 6);
  expect(deviation(values(gelu(x)), golden.gelu.y)).toBeLessThan(1e-6);
  expect(deviation(values(tf.grad((given) => probed(gelu(given)))(x)), golden.gelu.dx)).toBeLessThan(1e-6);
});

describe('positions', () => {
  it.each(golden.positions)('of 3 x 3 places at $rows x $columns are PyTorch’s', ({ rows, columns, y }) => {
    const resized = resizedPositions(formulaTensor('positions', [1, 9, 2], 1), 3, rows, columns);
    expect(resized.shape).toEqual([1, rows * columns, 2]);
    expect(deviation(values(resized), y)).toBeLessThan(1e-6);
  });

  it('are unchanged at their own size, and every interpolated position is a weighted mean', () => {
    const positions = formulaTensor('positions', [1, 9, 2], 1);
    expect(resizedPositions(positions, 3, 3, 3)).toBe(positions);
    expect(cubicWeights(4, 4).map((row) => [...row])).toEqual([
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
    ]);
    for (const to of [1, 3, 6, 11])
      for (const row of cubicWeights(6, to)) expect(row.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 12);
  });
});

describe.each(golden.networks)('vision transformer on $height x $width', (expected) => {
  const prefix = `golden ${expected.height} ${expected.width}`;
  const nameOf = (variable: Variable): string => variable.name.slice(prefix.length + 1).replaceAll('/', '.');

  it('has PyTorch’s names, output and gradients', () => {
    const net = visionTransformer(engine.builder(1).at(prefix), golden.shape);
    for (const weight of net.weights) setByFormula(weight, nameOf(weight));
    const images = formulaTensor('x', [4, expected.height, expected.width, golden.shape.channels], 1);
    const at = createStepContext(1, 0, true, null);
    const stages = net.forward(images, at);
    const [rows, columns] = [expected.height, expected.width].map((size) => Math.floor(size / golden.shape.patch));
    const map: Shape = [4, rows!, columns!, net.outputs];
    for (const name of ['conv1', 'res2', 'res3', 'res4', 'res5'] as const) expect(stages[name].shape).toEqual(map);
    expect(deviation(values(stages.pooled), expected.pooled)).toBeLessThan(1e-5);
    expect(deviation(values(stages.res5), expected.res5)).toBeLessThan(1e-5);

    expect(net.weights.map(nameOf).sort()).toEqual(Object.keys(expected.gradients).sort());
    const { grads } = tf.variableGrads(() => probed(net.forward(images, at).pooled), net.weights as Variable[]);
    const largest = Math.max(...Object.values(expected.gradients).map(([norm]) => norm));
    for (const weight of net.weights) {
      const [norm, projection] = expected.gradients[nameOf(weight)]!;
      const gradient = tf.reshape(grads[weight.name]!, [-1]);
      const actualNorm = values(tf.norm(gradient))[0]!;
      const actual = values(tf.sum(tf.mul(gradient, formulaTensor('probe', [gradient.size], 1))))[0]!;
      // A bias common to all keys does not affect the softmax: its gradient is only rounding error.
      const tolerance = 1e-4 * norm + 1e-6 * largest;
      expect(Math.abs(actualNorm - norm), `norm of ${weight.name}`).toBeLessThan(tolerance);
      expect(Math.abs(actual - projection), `projection of ${weight.name}`).toBeLessThan(3 * tolerance);
    }
  });
});

describe('an invalid vision transformer', () => {
  const build = (given: Partial<VisionTransformerShape>) => () =>
    visionTransformer(engine.builder(1).at('impossible'), { ...golden.shape, ...given });

  it('reports the conflicting options', () => {
    expect(build({ heads: 5 })).toThrow('A width of 12 is not divisible by 5 heads');
    expect(build({ imageSize: 3 })).toThrow('Images of 3 px are smaller than a patch of 4 px');
  });
});
