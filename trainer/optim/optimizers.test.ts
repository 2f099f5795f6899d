/** Optimizer rules on tfjs's own CPU backend: golden values, and a slow float64 reference. */
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import type { OptimizerRecipe } from '../recipe.ts';
import { optimizer as adam } from './optimizers/adam.ts';
import { optimizer as adamw } from './optimizers/adamw.ts';
import { optimizer as larc } from './optimizers/larc.ts';
import { optimizer as lars } from './optimizers/lars.ts';
import { optimizer as sgd } from './optimizers/sgd.ts';

beforeAll(() => tf.setBackend('cpu'));

type Values = readonly number[];

/** Weights after each of `gradients`, all of one shape. `lr`: of every step, or of each. */
function follow(
  recipe: OptimizerRecipe,
  shape: readonly number[],
  weight: Values,
  gradients: readonly Values[],
  lr: number | Values,
  given: object,
): number[][] {
  const options = v.parse(recipe.options, given) as never;
  return tf.tidy(() => {
    let current = tf.tensor([...weight], [...shape]);
    let slots: Record<string, tf.Tensor> = Object.fromEntries(recipe.slots.map((name) => [name, tf.zeros([...shape])]));
    return gradients.map((gradient, index) => {
      const next = recipe.update(
        current,
        tf.tensor([...gradient], [...shape]),
        slots,
        { lr: tf.scalar(typeof lr === 'number' ? lr : lr[index]!), step: tf.scalar(index + 1), shape },
        options,
      );
      current = next.weight;
      slots = { ...next.slots };
      return [...current.dataSync()];
    });
  });
}

function norm(values: Values): number {
  return Math.hypot(...values);
}

function slowLars(
  weight: Values,
  gradients: readonly Values[],
  lr: number,
  o: { momentum: number; weightDecay: number; eta: number },
  vector: boolean,
): number[][] {
  let current = [...weight];
  let momentum = weight.map(() => 0);
  return gradients.map((gradient) => {
    const decayed = vector ? [...gradient] : gradient.map((g, i) => g + o.weightDecay * (current[i] ?? 0));
    const ratio = vector || norm(current) === 0 || norm(decayed) === 0 ? 1 : (o.eta * norm(current)) / norm(decayed);
    momentum = momentum.map((m, i) => o.momentum * m + ratio * (decayed[i] ?? 0));
    current = current.map((w, i) => w - lr * (momentum[i] ?? 0));
    return current;
  });
}

/** solo-learn's LARS with `clip_lr` and `exclude_bias_n_norm`. */
function slowClippedLars(
  weight: Values,
  gradients: readonly Values[],
  lr: number,
  o: { momentum: number; weightDecay: number; eta: number },
  vector: boolean,
): number[][] {
  let current = [...weight];
  let momentum = weight.map(() => 0);
  return gradients.map((gradient) => {
    const [length, slope] = [norm(current), norm(gradient)];
    const ratio = Math.min((o.eta * length) / (slope + length * o.weightDecay + 1e-8) / lr, 1);
    const plain = vector || length === 0 || slope === 0;
    momentum = momentum.map(
      (m, i) => o.momentum * m + (plain ? gradient[i]! : ratio * (gradient[i]! + o.weightDecay * current[i]!)),
    );
    current = current.map((w, i) => w - lr * momentum[i]!);
    return current;
  });
}

function slowAdamW(
  weight: Values,
  gradients: readonly Values[],
  lr: number,
  o: { beta1: number; beta2: number; epsilon: number; weightDecay: number },
): number[][] {
  let current = [...weight];
  let mean = weight.map(() => 0);
  let square = weight.map(() => 0);
  return gradients.map((gradient, index) => {
    const step = index + 1;
    mean = mean.map((m, i) => o.beta1 * m + (1 - o.beta1) * (gradient[i] ?? 0));
    square = square.map((s, i) => o.beta2 * s + (1 - o.beta2) * (gradient[i] ?? 0) ** 2);
    current = current.map((w, i) => {
      const decayed = w * (1 - lr * o.weightDecay);
      const denominator = Math.sqrt(square[i] ?? 0) / Math.sqrt(1 - o.beta2 ** step) + o.epsilon;
      return decayed - ((lr / (1 - o.beta1 ** step)) * (mean[i] ?? 0)) / denominator;
    });
    return current;
  });
}

const near = (actual: readonly number[][], expected: readonly number[][], tolerance: number): void => {
  actual.forEach((row, step) =>
    row.forEach((value, i) => {
      const wanted = expected[step]?.[i] ?? Number.NaN;
      expect(
        Math.abs(value - wanted),
        `step ${String(step)}, weight ${String(i)}: ${String(value)} for ${String(wanted)}`,
      ).toBeLessThanOrEqual(tolerance * (1 + Math.abs(wanted)));
    }),
  );
};

describe('lars', () => {
  const official = { momentum: 0.9, weightDecay: 1e-6, eta: 0.001 };

  it('gives the golden values of the official code', () => {
    const weights = follow(
      lars,
      [1, 2],
      [3, 4],
      [
        [0.6, 0.8],
        [0.6, 0.8],
      ],
      1.6,
      official,
    );
    near(
      weights,
      [
        [2.9952, 3.9936],
        [2.98608768, 3.98145024],
      ],
      1e-7,
    );
    near(follow(lars, [1], [0.25], [[0.1], [0.1]], 1.6, official), [[0.09], [-0.214]], 1e-6);
  });

  it('agrees with a slow reference, and takes ratio 1 where a norm is 0', () => {
    const number = fc.integer({ min: -4000, max: 4000 }).map((whole) => whole / 1000);
    const values = fc.array(number, { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(
        values,
        fc.array(values, { minLength: 1, maxLength: 5 }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        fc.boolean(),
        (weight, gradients, lr, vector) => {
          const shape = vector ? [4] : [2, 2];
          near(
            follow(lars, shape, weight, gradients, lr, official),
            slowLars(weight, gradients, lr, official, vector),
            1e-4,
          );
        },
      ),
    );
    near(follow(lars, [2, 1], [0, 0], [[1, 2]], 0.5, official), [[-0.5, -1]], 1e-6);
  });

  it('clips as solo-learn: golden values of its code, and a slow reference', () => {
    const given = { momentum: 0.9, weightDecay: 0.01, eta: 0.02, clip: true };
    // Written by solo/utils/lars.py in float64: a rate of 0, a ratio of 1, a clipped step, and a gradient of 0.
    const rates = [0, 0.05, 0.5, 0.5];
    const gradients = [
      [0.6, 0.8],
      [0.6, 0.8],
      [-6, 1],
      [0, 0],
    ];
    near(
      follow(lars, [1, 2], [3, 4], gradients, rates, given),
      [
        [3, 4],
        [2.94015, 3.9202],
        [2.496929048919337, 3.185390265063867],
        [2.0980301929467404, 2.524061503621347],
      ],
      1e-6,
    );
    near(
      follow(lars, [1], [0.25], [[0.1], [0.1], [-0.2], [0.3]], rates, given),
      [[0.25], [0.2405], [0.255], [0.11805]],
      1e-6,
    );
    const values = fc.array(
      fc.integer({ min: -4000, max: 4000 }).map((whole) => whole / 1000),
      { minLength: 4, maxLength: 4 },
    );
    fc.assert(
      fc.property(
        values,
        fc.array(values, { minLength: 1, maxLength: 5 }),
        fc.double({ min: 1e-4, max: 2, noNaN: true }),
        fc.boolean(),
        (weight, gradientsOfSteps, lr, vector) => {
          const shape = vector ? [4] : [2, 2];
          const wanted = slowClippedLars(weight, gradientsOfSteps, lr, given, vector);
          near(follow(lars, shape, weight, gradientsOfSteps, lr, given), wanted, 1e-4);
        },
      ),
    );
  });

  it('takes the rate into the momentum as SimCLR does', () => {
    // v: 0.5 q d with q d = [0.003, 0.004], then 0.9 v + 0.25 q d; q d hardly changes, as |w| does not.
    const given = { momentum: 0.9, weightDecay: 0, eta: 0.001, rateInMomentum: true };
    const gradients = [
      [0.6, 0.8],
      [0.6, 0.8],
    ];
    const first = [3 - 0.5 * 0.003, 4 - 0.5 * 0.004];
    const second = [0.6, 0.8].map((g, i) => first[i]! - (0.9 * 0.5 * 0.005 * g + 0.25 * 0.001 * norm(first) * g));
    near(follow(lars, [1, 2], [3, 4], gradients, [0.5, 0.25], given), [first, second], 1e-7);
    near(follow(lars, [1], [0.25], [[0.1], [0.1]], [0.5, 0.25], given), [[0.2], [0.13]], 1e-6);
    // While the rate stays, it is the same wherever it stands.
    const [inside, outside] = [given, { ...given, rateInMomentum: false }].map((options) =>
      follow(lars, [1, 2], [3, 4], gradients, 0.5, options),
    );
    near(inside!, outside!, 1e-7);
  });

  it('has the peak of base rate times batch over 256', () => {
    expect(lars.peak(v.parse(lars.options, { baseRate: 0.2 }), 2048)).toBeCloseTo(1.6, 12);
  });
});

describe('larc', () => {
  const official = { momentum: 0.9, weightDecay: 0.01, eta: 0.001 };
  const gradients = [
    [0.6, 0.8],
    [-0.3, 0.5],
    [0, 0],
  ];

  it('gives the values of apex’s LARC around PyTorch’s SGD, for vectors too', () => {
    const wanted = [
      [2.985600000137143, 3.980800000182857],
      [2.982835595424672, 3.9431469258597875],
      // A gradient of 0 is not decayed.
      [2.9803476311834483, 3.9092591589690247],
    ];
    for (const shape of [[2], [1, 2]]) near(follow(larc, shape, [3, 4], gradients, 4.8, official), wanted, 1e-6);
  });

  it('takes the plain gradient of a weight of norm 0', () => {
    const wanted = [
      [-2.88, -3.84],
      [-5.478039789700375, -7.309708286735682],
    ];
    const plain = [
      [0.6, 0.8],
      [0.1, 0.2],
    ];
    near(follow(larc, [2], [0, 0], plain, 4.8, official), wanted, 1e-6);
  });
});

describe('sgd, adam and adamw', () => {
  it('sgd follows its formula by hand', () => {
    // mu: 1.1, then 0.9 * 1.1 + (1 + 0.1 * 0.89) = 2.079
    near(follow(sgd, [1], [1], [[1], [1]], 0.1, { momentum: 0.9, weightDecay: 0.1 }), [[0.89], [0.6821]], 1e-6);
  });

  it('adamw agrees with a slow reference', () => {
    const values = fc.array(
      fc.integer({ min: -2000, max: 2000 }).map((whole) => whole / 1000),
      { minLength: 3, maxLength: 3 },
    );
    const options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 1e-2 };
    fc.assert(
      fc.property(values, fc.array(values, { minLength: 1, maxLength: 6 }), (weight, gradients) => {
        near(follow(adamw, [3], weight, gradients, 0.01, options), slowAdamW(weight, gradients, 0.01, options), 1e-4);
      }),
    );
  });

  it('adam takes its weight decay through the moments: golden values of torch.optim.Adam, float64', () => {
    const gradients = [
      [0.3, -0.1, 0],
      [0.2, 0.4, -0.1],
      [-0.5, 0.3, 0.2],
    ];
    near(
      follow(adam, [3], [1, -2, 0.5], gradients, 0.01, { weightDecay: 0.1 }),
      [
        [0.99000000025, -1.9900000003333334, 0.4900000019999996],
        [0.9801773550832121, -1.9885776344353776, 0.4906252938023539],
        [0.978272002102031, -1.9892432280079735, 0.48461744547494756],
      ],
      1e-6,
    );
    const none = { weightDecay: 0 };
    expect(follow(adam, [3], [1, -2, 0.5], gradients, 0.01, none)).toEqual(
      follow(adamw, [3], [1, -2, 0.5], gradients, 0.01, none),
    );
  });
});
