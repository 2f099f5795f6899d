import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schedule as constant } from './schedules/constant.ts';
import { schedule as steps } from './schedules/steps.ts';
import { schedule as cosine } from './schedules/cosine-per-epoch.ts';
import { schedule as warmupCosine } from './schedules/warmup-cosine.ts';

describe('warmup-cosine', () => {
  const options = { warmupEpochs: 10, finalFactor: 0.001 };
  const course = { peak: 1.6, steps: 1000, stepsPerEpoch: 10 };

  it('gives the golden rates of the official code', () => {
    const golden: readonly (readonly [number, number])[] = [
      [0, 0],
      [1, 0.016],
      [99, 1.584],
      [100, 1.6],
      [550, 0.8008],
      [999, 0.001604868999893918],
    ];
    for (const [step, rate] of golden) expect(warmupCosine.rate(step, course, options)).toBeCloseTo(rate, 14);
  });

  it('rises, then falls, and stays between its bounds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 2, max: 60 }),
        fc.nat(20),
        (stepsPerEpoch, epochs, warmupEpochs) => {
          const steps = stepsPerEpoch * epochs;
          const rates = Array.from({ length: steps }, (_, step) =>
            warmupCosine.rate(step, { peak: 1, steps, stepsPerEpoch }, { warmupEpochs, finalFactor: 0.001 }),
          );
          const warmup = warmupEpochs * stepsPerEpoch;
          rates.forEach((rate, step) => {
            expect(rate).toBeGreaterThanOrEqual(0);
            expect(rate).toBeLessThanOrEqual(1);
            const before = rates[step - 1];
            if (before === undefined || step === warmup) return;
            if (step < warmup) expect(rate).toBeGreaterThan(before);
            else expect(rate).toBeLessThanOrEqual(before);
          });
        },
      ),
    );
  });
});

describe('cosine-per-epoch', () => {
  it('holds a rate for an epoch, starts at the peak and would reach 0 after the last', () => {
    const rate = (step: number): number => cosine.rate(step, { peak: 0.02, steps: 1000, stepsPerEpoch: 10 }, {});
    expect(rate(0)).toBe(0.02);
    expect(rate(9)).toBe(0.02);
    expect(rate(10)).toBeLessThan(0.02);
    expect(rate(500)).toBeCloseTo(0.01, 14);
    expect(rate(1000)).toBeCloseTo(0, 14);
  });
});

it('steps falls by its factor as each of its epochs begins', () => {
  const rate = (step: number): number =>
    steps.rate(step, { peak: 0.003, steps: 280, stepsPerEpoch: 10 }, { at: [4, 8, 12], factor: 0.1, warmup: 0 });
  const rates = [0, 39, 40, 79, 80, 119, 120, 279].map(rate);
  [3e-3, 3e-3, 3e-4, 3e-4, 3e-5, 3e-5, 3e-6, 3e-6].forEach((wanted, place) =>
    expect(rates[place]! / wanted).toBeCloseTo(1, 12),
  );
});

it('steps warms up from its first step to the last of the warm-up', () => {
  const rate = (step: number): number =>
    steps.rate(step, { peak: 0.003, steps: 97_000, stepsPerEpoch: 97 }, { at: [950, 975], factor: 0.2, warmup: 500 });
  const rates = [0, 249, 499, 500, 97 * 950 - 1, 97 * 950, 97 * 975].map(rate);
  [6e-6, 1.5e-3, 3e-3, 3e-3, 3e-3, 6e-4, 1.2e-4].forEach((wanted, place) =>
    expect(rates[place]! / wanted).toBeCloseTo(1, 12),
  );
});

it('constant stays at the peak', () => {
  expect(constant.rate(7, { peak: 0.3, steps: 10, stepsPerEpoch: 5 }, {})).toBe(0.3);
});
