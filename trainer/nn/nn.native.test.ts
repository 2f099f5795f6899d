/** Layers and whole networks against PyTorch in float64. */
import * as tf from '@tensorflow/tfjs';
import type { Tensor, Variable } from '@tensorflow/tfjs';
import fc from 'fast-check';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../engine/steps/open.ts';
import type { Engine } from '../engine/engine.ts';
import { createStepContext, PendingUpdates } from '../engine/steps/step-context.ts';
import { Execution } from '../protocol/run.ts';
import type { Builder, Encoder, Net, Shape } from '../recipe.ts';
import { encoders } from '../registry.ts';
import { batchNorm } from './layers/batch-norm.ts';
import { conv2d, sameAgrees, type Window } from './ops/conv.ts';
import { accuracy, crossEntropy } from './ops/cross-entropy.ts';
import { deviation, formulaTensor, golden, setByFormula } from './testing/golden.ts';
import type { GoldenNetwork } from './testing/golden.ts';
import { maxPoolAfterRelu } from './ops/pool.ts';
import { relu } from './ops/relu.ts';
import { resnet } from './networks/resnet.ts';
import { effectiveRank } from './ops/effective-rank.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(v.parse(Execution, { engine: 'eager', threads: 2 }));
});

const values = (tensor: Tensor): ArrayLike<number> => tensor.dataSync();

/** A convolution and its gradients by definition, in float64. */
function convolved(x: Tensor, w: Tensor, dy: Tensor, { stride, padding }: Window) {
  const [n, height, width, inputs] = x.shape as [number, number, number, number];
  const [size, , , outputs] = w.shape as [number, number, number, number];
  const [, rows, columns] = dy.shape as [number, number, number, number];
  const [images, kernel, gradient] = [x, w, dy].map(values) as [
    ArrayLike<number>,
    ArrayLike<number>,
    ArrayLike<number>,
  ];
  const [y, dx, dw] = [dy, x, w].map((tensor) => new Float64Array(tensor.size)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let image = 0; image < n; image++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        for (let i = 0; i < size; i++)
          for (let j = 0; j < size; j++) {
            const [down, across] = [stride * row - padding + i, stride * column - padding + j];
            if (down < 0 || down >= height || across < 0 || across >= width) continue;
            for (let from = 0; from < inputs; from++)
              for (let to = 0; to < outputs; to++) {
                const atX = ((image * height + down) * width + across) * inputs + from;
                const atW = ((i * size + j) * inputs + from) * outputs + to;
                const atY = ((image * rows + row) * columns + column) * outputs + to;
                y[atY]! += images[atX]! * kernel[atW]!;
                dx[atX]! += gradient[atY]! * kernel[atW]!;
                dw[atW]! += gradient[atY]! * images[atX]!;
              }
          }
  return { y, dx, dw };
}

describe('conv2d', () => {
  it.each(golden.convolutions)('$window x $window, stride $stride on $size x $size is PyTorch’s', (expected) => {
    const { size, window, stride, inputs, outputs } = expected;
    const x = formulaTensor('x', [2, size, size, inputs], 1);
    const w = formulaTensor('w', [window, window, inputs, outputs], 0.5);
    const dy = formulaTensor('dy', expected.shape, 1);
    const options = { stride, padding: (window - 1) / 2 };
    const y = conv2d(x, w, options);
    expect(y.shape).toEqual(expected.shape);
    expect(deviation(values(y), expected.y)).toBeLessThan(1e-5);
    const [dx, dw] = tf.grads((a, b) => tf.sum(tf.mul(conv2d(a, b, options), dy)))([x, w]) as [Tensor, Tensor];
    expect(deviation(values(dx), expected.dx)).toBeLessThan(1e-5);
    expect(deviation(values(dw), expected.dw)).toBeLessThan(1e-5);
    const alone = tf.grad((b) => tf.sum(tf.mul(conv2d(x, b, { ...options, inputGradient: false }), dy)))(w);
    expect(deviation(values(alone), expected.dw)).toBeLessThan(1e-5);
  });

  it('equals its definition, and so do its gradients, for any window, stride and channels', () => {
    const extent = fc.integer({ min: 1, max: 10 });
    const window = fc.constantFrom(1, 3, 5);
    const stride = fc.integer({ min: 1, max: 3 });
    fc.assert(
      fc.property(extent, extent, window, stride, extent, extent, (height, width, size, step, inputs, outputs) => {
        const options = { stride: step, padding: (size - 1) / 2 };
        const x = formulaTensor('x', [2, height, width, inputs], 1);
        const w = formulaTensor('w', [size, size, inputs, outputs], 0.5);
        const y = conv2d(x, w, options);
        const dy = formulaTensor('dy', y.shape, 1);
        const [dx, dw] = tf.grads((a, b) => tf.sum(tf.mul(conv2d(a, b, options), dy)))([x, w]) as [Tensor, Tensor];
        const wanted = convolved(x, w, dy, options);
        expect(deviation(values(y), wanted.y)).toBeLessThan(1e-5);
        expect(deviation(values(dx), wanted.dx)).toBeLessThan(1e-5);
        expect(deviation(values(dw), wanted.dw)).toBeLessThan(1e-5);
        tf.dispose([x, w, y, dy, dx, dw]);
      }),
      { numRuns: 100 },
    );
  });

  it('uses SAME only if it pads equally on both sides', () => {
    expect(sameAgrees(7, 3, { stride: 2, padding: 1 })).toBe(true);
    expect(sameAgrees(8, 3, { stride: 2, padding: 1 })).toBe(false);
    expect(sameAgrees(8, 1, { stride: 2, padding: 0 })).toBe(true);
  });
});

describe('batch norm', () => {
  it('normalises, moves its running statistics and gives gradients as PyTorch does', () => {
    const expected = golden.normalisation;
    const norm = batchNorm(engine.builder(1).at('norm'), 3);
    const [weight, bias] = norm.weights as [Variable, Variable];
    weight.assign(formulaTensor('weight', [3], 1));
    bias.assign(formulaTensor('bias', [3], 1));
    const pending = new PendingUpdates();
    const at = createStepContext(1, 0, true, pending);
    const x = formulaTensor('x', [6, 3], 2);
    expect(deviation(values(norm.apply(x, at)), expected.y)).toBeLessThan(1e-5);
    norm.apply(formulaTensor('x2', [6, 3], 1), at);
    expect([...norm.state[0]!.dataSync()]).toEqual([0, 0, 0]);
    pending.settle();
    expect(deviation(values(norm.state[0]!), expected.running_mean)).toBeLessThan(1e-5);
    expect(deviation(values(norm.state[1]!), expected.running_var)).toBeLessThan(1e-5);
    expect(deviation(values(norm.apply(x, createStepContext(1, 0, false))), expected.evaluated)).toBeLessThan(1e-5);

    const quiet = createStepContext(1, 0, true, null);
    const dy = formulaTensor('dy', [6, 3], 1);
    const { grads } = tf.variableGrads(() => tf.sum(tf.mul(norm.apply(x, quiet), dy)), [weight, bias]);
    expect(deviation(values(grads[weight.name]!), expected.dw)).toBeLessThan(1e-5);
    expect(deviation(values(grads[bias.name]!), expected.db)).toBeLessThan(1e-5);
    const dx = tf.grad((a) => tf.sum(tf.mul(norm.apply(a, quiet), dy)))(x);
    expect(deviation(values(dx), expected.dx)).toBeLessThan(1e-4);
  });
});

it('max-pool after a ReLU pads as PyTorch does', () => {
  const pooled = maxPoolAfterRelu(relu(formulaTensor('x', [2, 8, 8, 2], 1)), 3, { stride: 2, padding: 1 });
  expect(pooled.shape).toEqual(golden.pooling.shape);
  expect(deviation(values(pooled), golden.pooling.y)).toBeLessThan(1e-6);
});

it('relu has the gradient of its own output', () => {
  const x = tf.tensor1d([-2, 0, 3]);
  expect([...relu(x).dataSync()]).toEqual([0, 0, 3]);
  expect([
    ...tf
      .grad((a) => tf.sum(tf.mul(relu(a), tf.tensor1d([5, 6, 7]))))(x)
      .dataSync(),
  ]).toEqual([0, 0, 7]);
});

it('cross-entropy and its gradient are those of the formula', () => {
  const scores = formulaTensor('scores', [5, 4], 3);
  const labels = tf.tensor1d([0, 3, 1, 1, 2], 'int32');
  const slow = (given: Tensor) =>
    tf.neg(tf.mean(tf.sum(tf.mul(tf.oneHot(labels, 4).toFloat(), tf.logSoftmax(given as tf.Tensor2D)), 1)));
  expect(crossEntropy(scores, labels).dataSync()[0]).toBeCloseTo(slow(scores).dataSync()[0]!, 5);
  const actual = tf.grad((given) => crossEntropy(given, labels))(scores);
  expect(deviation(values(actual), [...tf.grad(slow)(scores).dataSync()])).toBeLessThan(1e-5);
  expect(
    accuracy(
      tf.tensor2d([
        [1, 0],
        [0, 1],
      ]),
      tf.tensor1d([0, 0], 'int32'),
    ).dataSync()[0],
  ).toBe(50);
});

it('effective rank is 1 on a line, k for k equal directions', () => {
  const line = tf.matMul(formulaTensor('rows', [32, 1], 1), formulaTensor('direction', [1, 8], 1));
  expect(effectiveRank(line).dataSync()[0]).toBeCloseTo(1, 2);
  expect(effectiveRank(tf.eye(8, 16)).dataSync()[0]).toBeCloseTo(8, 2);
});

describe.each([
  ['basic', golden.basic, [2, 2, 2, 2], { kind: 'small', stride: 1 }],
  ['bottleneck', golden.bottleneck, [1, 2, 1, 1], { kind: 'imagenet' }],
] as const)('residual network of %s blocks', (block, expected: GoldenNetwork, depths, stem) => {
  const prefix = `golden ${block}`;
  const shape = { block, depths, width: 4, stem, channels: 2 };

  function build(): Encoder {
    const net = resnet(engine.builder(1).at(prefix), { ...shape, zeroInitResidual: true });
    for (const weight of net.weights) setByFormula(weight, below(weight));
    return net;
  }
  const below = (variable: Variable) => variable.name.slice(prefix.length + 1);
  const images = () => formulaTensor('x', [8, expected.size, expected.size, 2], 1);

  it('has PyTorch’s names, output, gradients and running statistics', () => {
    const net = build();
    const pending = new PendingUpdates();
    const at = createStepContext(1, 0, true, pending);
    const dy = formulaTensor('dy', expected.shape, 1);
    const { value, grads } = tf.variableGrads(
      () => tf.sum<tf.Scalar>(tf.mul(net.forward(images(), at).pooled, dy)),
      net.weights as Variable[],
    );
    expect(net.weights.map((weight) => below(weight).replaceAll('/', '.')).sort()).toEqual(
      Object.keys(expected.gradients).sort(),
    );
    const y = net.forward(images(), createStepContext(1, 0, true)).pooled;
    expect(y.shape).toEqual(expected.shape);
    expect(deviation(values(y), expected.y)).toBeLessThan(1e-4);
    expect(Number.isFinite(value.dataSync()[0]!)).toBe(true);
    const largest = Math.max(...Object.values(expected.gradients).map(([norm]) => norm));
    for (const weight of net.weights) {
      const [norm, projection] = expected.gradients[below(weight).replaceAll('/', '.')]!;
      const gradient = tf.reshape(grads[weight.name]!, [-1]);
      const actualNorm = tf.norm(gradient).dataSync()[0]!;
      const actual = tf.sum(tf.mul(gradient, formulaTensor('probe', [gradient.size], 1))).dataSync()[0]!;
      // After a batch norm some gradients are 0 except for rounding: those are compared with the largest.
      const tolerance = 5e-4 * norm + 1e-5 * largest;
      expect(Math.abs(actualNorm - norm), `norm of ${weight.name}`).toBeLessThan(tolerance);
      expect(Math.abs(actual - projection), `projection of ${weight.name}`).toBeLessThan(3 * tolerance);
    }
    pending.settle();
    const running = stateBelow(net, below);
    for (const [path, wantedValues] of Object.entries(expected.running)) {
      expect(deviation(running.get(path)!, wantedValues), path).toBeLessThan(1e-4);
    }
    const evaluated = net.forward(images(), createStepContext(1, 0, false)).pooled;
    expect(deviation(values(evaluated), expected.evaluated)).toBeLessThan(1e-3);
  });

  it.each([true, false])('starts with the last norm of each block at 0 if requested: %s', (asked) => {
    const net = resnet(engine.builder(3).at(`fresh ${block} ${asked}`), { ...shape, zeroInitResidual: asked });
    const last = block === 'basic' ? /bn2\/weight$/ : /bn3\/weight$/;
    const closing = net.weights.filter((weight) => last.test(weight.name) && weight.name.includes('layer'));
    expect(closing).toHaveLength(depths.reduce((sum, depth) => sum + depth, 0));
    for (const weight of closing) expect(new Set(weight.dataSync())).toEqual(new Set([asked ? 0 : 1]));
  });
});

/** A builder that only records shapes. */
function countingBuilder(path: string, shapes: Map<string, Shape>): Builder {
  return {
    path,
    twin: () => countingBuilder(path, shapes),
    at: (name) => countingBuilder(`${path}${name.replaceAll('/', '.')}.`, shapes),
    variable(name, shape, _initial, trainable = true) {
      if (trainable) shapes.set(`${path}${name}`, shape);
      return { shape } as unknown as Variable;
    },
  };
}

/** Shapes of an encoder's trainable variables, by PyTorch's names. */
function shapesOf(id: string, options: object): ReadonlyMap<string, Shape> {
  const shapes = new Map<string, Shape>();
  const recipe = encoders.get(id);
  recipe.build(countingBuilder('', shapes), v.parse(recipe.options, options), { channels: 3 });
  return shapes;
}
function parametersOf(shapes: ReadonlyMap<string, Shape>): number {
  return [...shapes.values()]
    .map((shape) => shape.reduce((product, size) => product * size, 1))
    .reduce((sum, size) => sum + size, 0);
}

// Minus the classifier of torchvision's 1000 classes, weight and bias.
it.each([
  ['resnet-18', 11_689_512 - 513 * 1000, 60],
  ['resnet-50', 25_557_032 - 2049 * 1000, 159],
  ['resnet-101', 44_549_160 - 2049 * 1000, 312],
] as const)('%s has torchvision’s parameters without the classifier', (id, parameters, tensors) => {
  const shapes = shapesOf(id, { stem: 'imagenet' });
  expect(parametersOf(shapes)).toBe(parameters);
  expect(shapes.size).toBe(tensors);
  expect(shapes.get('layer2.0.downsample.0.weight')).toBeDefined();
});

// In millions, as SimCLR and BYOL (both 2020) count their encoders.
it.each([
  ['R50x2', 'resnet-50', 128, 94],
  ['R50x4', 'resnet-50', 256, 375],
  ['R200x2', 'resnet-200', 128, 250],
] as const)('%s is a width, by its parameters', (_name, id, width, millions) => {
  expect(Math.round(parametersOf(shapesOf(id, { width })) / 1e6)).toBe(millions);
});

it('ResNet-200 has 198 convolutions in its blocks', () => {
  const blocks = [...shapesOf('resnet-200', {}).keys()].filter((name) => /layer\d\.\d+\.conv\d\.weight$/.test(name));
  expect(blocks).toHaveLength(198);
});

// DeiT-S (2021) has 22,050,664 with its classifier of 1000 classes.
it('ViT-S/16 has DeiT’s parameters without the classifier', () => {
  expect(parametersOf(shapesOf('vit-s-16', {}))).toBe(22_050_664 - 385 * 1000);
});

function stateBelow(net: Net, below: (variable: Variable) => string): Map<string, ArrayLike<number>> {
  return new Map(net.state.map((variable) => [below(variable).replaceAll('/', '.'), variable.dataSync()]));
}
