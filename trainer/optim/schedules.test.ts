import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { schedule as constant } from './schedules/constant.ts';
import { schedule as steps } from './schedules/steps.ts';
import { schedule as cosine } from './schedules/cosine-per-epoch.ts';
import { schedule as warmupCosine } from './schedules/warmup-cosine.ts';

describe('warmup-cosine', () => {
  const given = (options: object) => v.parse(warmupCosine.options, options);
  const options = given({ warmupEpochs: 10, finalFactor: 0.001 });
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
            warmupCosine.rate(step, { peak: 1, steps, stepsPerEpoch }, given({ warmupEpochs, finalFactor: 0.001 })),
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

describe('warmup-cosine as other official codes have it', () => {
  const given = (options: object) => v.parse(warmupCosine.options, options);

  it('SwAV: from a rate above 0, the peak with the last step of the warm-up', () => {
    // np.linspace(0.3, 4.8, 20) and then 0.0048 + 0.5 (4.8 - 0.0048) (1 + cos(pi t / 180))
    const options = given({ warmupEpochs: 2, warmupFrom: 0.0625, warmupToPeak: true, finalFactor: 0.001 });
    const rate = (step: number): number =>
      warmupCosine.rate(step, { peak: 4.8, steps: 200, stepsPerEpoch: 10 }, options);
    const golden = [
      [0, 0.3],
      [1, 0.5368421052631579],
      [19, 4.8],
      [20, 4.8],
      [110, 2.4024],
      [199, 0.005165166093036292],
    ] as const;
    for (const [step, wanted] of golden) expect(rate(step)).toBeCloseTo(wanted, 12);
  });

  it('OBoW: a warm-up by steps, then a cosine by epochs', () => {
    const options = given({ warmupEpochs: 10, finalFactor: 0.001, perEpoch: true });
    const rate = (step: number): number =>
      warmupCosine.rate(step, { peak: 0.03, steps: 2000, stepsPerEpoch: 10 }, options);
    expect(rate(37)).toBeCloseTo((0.03 * 37) / 100, 14);
    expect([100, 109].map(rate)).toEqual([0.03, 0.03]);
    const ofEpoch = (epoch: number) => 3e-5 + (0.03 - 3e-5) * 0.5 * (1 + Math.cos((Math.PI * (epoch - 10)) / 190));
    for (const epoch of [11, 57, 199])
      for (const step of [0, 9]) expect(rate(10 * epoch + step)).toBeCloseTo(ofEpoch(epoch), 14);
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
