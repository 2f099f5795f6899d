import process from 'node:process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import golden from './golden/statistics.json' with { type: 'json' };
import { bootstrapContrast, pairedBootstrap, resampledTogether, type Side } from './bootstrap.ts';
import { differenceOf, subtracted } from './contrast.ts';
import { incompleteBeta, logGamma, normalQuantile, studentCdf, studentQuantile } from './distributions.ts';
import {
  differenceInterval,
  holm,
  largestDeviation,
  pairedT,
  signTest,
  testOf,
  tost,
  welch,
  type Difference,
} from './hypothesis-tests.ts';
import { clampPercent, seedHalfWidth, seedInterval, wilson } from './intervals.ts';
import { bootstrapPrecision, bootstrapPrecisionContrast, type Ranking } from './precision-bootstrap.ts';
import { generator } from './random.ts';
import { summarize } from './summary.ts';

const near = (actual: number, expected: number, relative = 1e-11): void => {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(relative * Math.max(1, Math.abs(expected)));
};

describe('against SciPy', () => {
  test.each(golden.logGamma)('ln Γ(%d)', (x, expected) => near(logGamma(x), expected, 1e-13));
  test.each(golden.incompleteBeta)('I(%d, %d, %d)', (a, b, x, expected) => near(incompleteBeta(a, b, x), expected));
  test.each(golden.student)('t quantile %d, %d degrees of freedom', (p, df, expected) =>
    near(studentQuantile(p, df), expected),
  );
  test.each(golden.normal)('normal quantile %d', (p, expected) => near(normalQuantile(p), expected));
  test.each(golden.wilson)('Wilson %d of %d at %d', (k, n, confidence, low, high) => {
    const bounds = wilson((100 * k) / n, n, confidence);
    near(bounds.low, low);
    near(bounds.high, high);
  });
  test.each(golden.signTest)('sign test, McNemar %d and %d', (b, c, p) => near(signTest(b, c), p));

  test('t interval over seeds', () => {
    const bounds = seedInterval(golden.seedInterval.values, 0.95);
    near(bounds!.low, golden.seedInterval.interval[0]!);
    near(bounds!.high, golden.seedInterval.interval[1]!);
  });

  const spread = (values: readonly number[]): { mean: number; sd: number; n: number } => {
    const { mean, sd, n } = summarize(values);
    return { mean, sd: sd!, n };
  };
  const difference = welch(spread(golden.welch.first), spread(golden.welch.second));
  const twoSided = (of: Difference): number => 2 * Math.min(testOf(of).above(0), testOf(of).below(0));
  test('Welch', () => {
    near(difference.df, golden.welch.df);
    near(twoSided(difference), golden.welch.pValue);
    const bounds = differenceInterval(difference, 0.95);
    near(bounds.low, golden.welch.interval[0]!);
    near(bounds.high, golden.welch.interval[1]!);
  });
  test.each(golden.tost)('TOST with margin %d', (margin, p) => {
    near(tost(testOf(difference), margin), p);
    const { low, high } = differenceInterval(difference, 0.9);
    expect(low > -margin && high < margin).toBe(p < 0.05);
  });
  test('paired t', () => {
    const { pairs, pValue, interval } = golden.pairedT;
    const paired = pairedT(pairs.map(([one, other]) => one! - other!))!;
    const { low, high } = differenceInterval(paired, 0.95);
    near(low, interval[0]!);
    near(high, interval[1]!);
    near(twoSided(paired), pValue);
    const { values, fixed, pValue: ofOne } = golden.oneSample;
    near(twoSided(pairedT(values.map((value) => value - fixed))!), ofOne);
    // Equal differences have no spread that could tell anything, and neither has one.
    expect([pairedT([2, 2, 2]), pairedT([2])]).toEqual([null, null]);
    // Equal but for rounding: 2.1 three times.
    expect(pairedT([86.1 - 84, 85.1 - 83, 84.4 - 82.3])).toBeNull();
    expect(seedInterval([73.1, 73.1, 73.1], 0.95)).toBeNull();
  });
  test('Holm', () => holm(golden.holm.raw).forEach((p, index) => near(p, golden.holm.adjusted[index]!)));

  test('paired bootstrap, to within its own noise', async () => {
    const images = golden.pairedBootstrap.images;
    const right = Uint8Array.from({ length: images }, (_, i) => Number((i * 7919) % 1000 < 840));
    const other = Uint8Array.from({ length: images }, (_, i) => Number((i * 6101 + 13) % 1000 < 815));
    const resampled = await pairedBootstrap([[right]], [[other]], 1);
    near(resampled.mean, golden.pairedBootstrap.mean);
    // Standard error of a share of 0.11 of 2,000 samples: 0.007.
    expect(Math.abs(resampled.above(golden.pairedBootstrap.limit) - golden.pairedBootstrap.above)).toBeLessThan(0.02);
    expect(resampled.above(100)).toBe(1);
    expect(resampled.below(100)).toBeGreaterThan(0);
    const { low, high } = resampled.interval(0.95);
    expect(Math.abs(low - golden.pairedBootstrap.interval[0]!)).toBeLessThan(0.15);
    expect(Math.abs(high - golden.pairedBootstrap.interval[1]!)).toBeLessThan(0.15);
  });
});

/** Scores of images of three classes by the formula of golden/statistics.py: whole numbers, so that many are equal. */
function ranking(images: number, better = 20): Ranking {
  const classes = 3;
  const presence = Int8Array.from({ length: images * classes }, (_, at) => {
    const mark = (Math.floor(at / classes) * 7919 + (at % classes) * 613) % 1000;
    return mark < 150 ? 1 : mark < 200 ? -1 : 0;
  });
  const scores = Float32Array.from(presence, (there, at) => {
    const score = (Math.floor(at / classes) * 6101 + (at % classes) * 389 + 13) % 50;
    return score + (there === 1 ? better : 0);
  });
  return { images, classes, scores, presence };
}

describe('bootstrap of a mean average precision', () => {
  test('has the figure of scikit-learn, and its interval to within its own noise', async () => {
    const { images, mean, interval } = golden.averagePrecision;
    const resampled = await bootstrapPrecision([[ranking(images)]], [], 1);
    near(resampled.mean, mean);
    const { low, high } = resampled.interval(0.95);
    expect(Math.abs(low - interval[0]!)).toBeLessThan(0.9);
    expect(Math.abs(high - interval[1]!)).toBeLessThan(0.9);
    expect((await bootstrapPrecision([[ranking(images)]], [], 1)).interval(0.9)).toEqual(resampled.interval(0.9));
  });
  test('of a difference takes the same images on both sides', async () => {
    const [run, other] = [ranking(200), ranking(200, 5)];
    const paired = await bootstrapPrecision([[run]], [[other]], 1);
    const [own, theirs] = [await bootstrapPrecision([[run]], [], 1), await bootstrapPrecision([[other]], [], 1)];
    near(paired.mean, own.mean - theirs.mean);
    const width = ({ low, high }: { readonly low: number; readonly high: number }): number => high - low;
    expect(width(paired.interval(0.95))).toBeLessThan(width(own.interval(0.95)) + width(theirs.interval(0.95)));
    expect((await bootstrapPrecision([[run]], [[run]], 1)).interval(0.95)).toEqual({
      low: 0,
      high: 0,
      resamples: 1000,
    });
  });
  test('a class without positives does not count; different images are not a pair', async () => {
    const run = ranking(100);
    const without = Int8Array.from(run.presence, (there, at) => (at % 3 === 2 ? 0 : there));
    const two = await bootstrapPrecision([[{ ...run, presence: without }]], [], 1);
    expect(two.mean).toBeGreaterThan(0);
    expect(Object.values(two.interval(0.95)).every(Number.isFinite)).toBe(true);
    await expect(bootstrapPrecision([[run]], [[ranking(99)]], 1)).rejects.toThrow('Cannot pair 100 images with 99');
  });
});

/** Half-width of the 95 % t interval in standard deviations, and the figures of an ImageNet-sized evaluation set. */
test.each([
  [2, 8.98],
  [3, 2.48],
  [4, 1.59],
  [5, 1.24],
  [10, 0.72],
])('half-width for %d seeds is %d σ', (n, sigmas) => {
  expect(seedHalfWidth(n, 0.95)).toBeCloseTo(sigmas, 2);
});
test('73.2 % on 50 000 images is ± 0.39', () => {
  const { low, high } = wilson(73.2, 50_000, 0.95);
  expect((high - low) / 2).toBeCloseTo(0.39, 2);
});
test('three values within 0.1 have a standard deviation of at most 0.058', () => {
  expect(largestDeviation(0.1, 3)).toBeCloseTo(0.1 / Math.sqrt(3), 12);
});

describe('properties', () => {
  const figure = fc.double({ min: 0, max: 100, noNaN: true });
  test('Wilson contains its figure and stays within 0 to 100', () => {
    fc.assert(
      fc.property(figure, fc.integer({ min: 1, max: 100_000 }), (percent, n) => {
        const { low, high } = wilson(percent, n, 0.95);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(100 + 1e-12);
        expect(low).toBeLessThanOrEqual(percent + 1e-9);
        expect(high).toBeGreaterThanOrEqual(percent - 1e-9);
      }),
    );
  });
  test('more confidence never narrows a t interval', () => {
    fc.assert(
      fc.property(fc.array(figure, { minLength: 2, maxLength: 8 }), (values) => {
        fc.pre(summarize(values).sd! > 0);
        const narrow = seedInterval(values, 0.9)!;
        const wide = seedInterval(values, 0.95)!;
        expect(wide.low).toBeLessThanOrEqual(narrow.low);
        expect(wide.high).toBeGreaterThanOrEqual(narrow.high);
        const clamped = clampPercent(wide);
        expect(clamped.low >= 0 && clamped.high <= 100).toBe(true);
      }),
    );
  });
  test('quantile and distribution undo each other', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        fc.double({ min: 1, max: 500, noNaN: true }),
        (p, df) => {
          expect(studentCdf(studentQuantile(p, df), df)).toBeCloseTo(p, 9);
        },
      ),
    );
  });
  test('the deviation of values within a range never exceeds its maximum', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 9 }), (values) => {
        const range = Math.max(...values) - Math.min(...values);
        expect(summarize(values).sd!).toBeLessThanOrEqual(largestDeviation(range, values.length) + 1e-12);
      }),
    );
  });
  test('a paired bootstrap is antisymmetric in its mean, repeatable, and 0 for equal sides', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(1), fc.nat(1)), { minLength: 2, maxLength: 60 }), async (pairs) => {
        const left = Uint8Array.from(pairs, ([one]) => one);
        const right = Uint8Array.from(pairs, ([, two]) => two);
        const one = await pairedBootstrap([[left]], [[right]], 5);
        const again = await pairedBootstrap([[left]], [[right]], 5);
        const mirror = await pairedBootstrap([[right]], [[left]], 5);
        expect(one.interval(0.95)).toEqual(again.interval(0.95));
        expect(one.mean).toBeCloseTo(-mirror.mean, 9);
        const equal = await pairedBootstrap([[left]], [[left]], 5);
        expect(equal.interval(0.95)).toEqual({ low: 0, high: 0, resamples: 2000 });
      }),
      { numRuns: 8 },
    );
  });
});

test('a unit counts once, however often it was evaluated', async () => {
  const right = (percent: number): Uint8Array => Uint8Array.from({ length: 1000 }, (_, i) => Number(i < 10 * percent));
  const none = [[right(0)]];
  const paired = await pairedBootstrap([[right(80), right(82)], [right(90)]], none, 1);
  near(paired.mean, (81 + 90) / 2);
  const run = ranking(100);
  const [high, low] = [ranking(100, 40), ranking(100, 5)];
  const figure = async (side: Parameters<typeof bootstrapPrecision>[0]) => (await bootstrapPrecision(side, [], 1)).mean;
  const [ofRun, ofHigh, ofLow] = [await figure([[run]]), await figure([[high]]), await figure([[low]])];
  near(await figure([[high, low], [run]]), ((ofHigh + ofLow) / 2 + ofRun) / 2);
});

test('a contrast of figures of which two cancel is the plain difference of the others', async () => {
  const right = (step: number, share: number): Uint8Array =>
    Uint8Array.from({ length: 2000 }, (_, i) => Number((i * step) % 1000 < share));
  const [one, other, third]: readonly Side<Uint8Array>[] = [
    [[right(7919, 700)], [right(6101, 640)]],
    [[right(331, 500)]],
    [[right(13, 300)]],
  ];
  const plain = await pairedBootstrap(one!, other!, 1);
  const cancelled = subtracted(differenceOf(one!, other!), differenceOf(third!, third!));
  const contrast = await bootstrapContrast(cancelled, 1);
  near(contrast.mean, plain.mean);
  expect(contrast.interval(0.95)).toEqual(plain.interval(0.95));
  const twice = await bootstrapContrast(subtracted(differenceOf(one!, other!), differenceOf(other!, one!)), 1);
  near(twice.mean, 2 * plain.mean);
  near(twice.interval(0.9).low, 2 * plain.interval(0.9).low);
  const [high, low, same] = [[[ranking(100, 40)]], [[ranking(100, 5)]], [[ranking(100)]]];
  const ranked = await bootstrapPrecision(high, low, 1);
  const rankedContrast = await bootstrapPrecisionContrast(
    subtracted(differenceOf(high, low), differenceOf(same, same)),
    1,
  );
  near(rankedContrast.interval(0.95).low, ranked.interval(0.95).low);
});

test('the spread of a mean of several figures is at most the mean of theirs, which stands for it', async () => {
  const sides = [3, 5, 7].map((step) =>
    Uint8Array.from({ length: 2000 }, (_, i) => Number((i * 7919) % 1000 < 700 + step)),
  );
  const other = Uint8Array.from({ length: 2000 }, (_, i) => Number((i * 6101 + 13) % 1000 < 500));
  const alone = await Promise.all(sides.map((side) => pairedBootstrap([[side]], [[other]], 1)));
  const together = resampledTogether(alone);
  const exact = await pairedBootstrap([sides], [[other]], 1);
  near(together.mean, exact.mean);
  const width = (of: typeof together): number => of.interval(0.95).high - of.interval(0.95).low;
  expect(width(together)).toBeGreaterThan(0.95 * width(exact));
});

test('ten thousand images are resampled without holding up the window', async () => {
  const right = Uint8Array.from({ length: 10_000 }, (_, i) => Number((i * 7919) % 1000 < 840));
  const other = Uint8Array.from({ length: 10_000 }, (_, i) => Number((i * 6101 + 13) % 1000 < 815));
  const before = process.cpuUsage();
  await pairedBootstrap([[right]], [[other]], 1);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(1000);
});

test('different sets of images cannot be paired', async () => {
  await expect(pairedBootstrap([[new Uint8Array(3)]], [[new Uint8Array(4)]], 1)).rejects.toThrow('3 images with 4');
});

test('the generator is uniform in its bits and never the same for two seeds', () => {
  const next = generator(1);
  let sum = 0;
  const draws = 100_000;
  for (let draw = 0; draw < draws; draw += 1) sum += next() / 2 ** 32;
  // Standard error of the mean of a uniform is 0.2887 / √draws = 0.0009.
  expect(Math.abs(sum / draws - 0.5)).toBeLessThan(0.004);
  expect(generator(1)()).not.toBe(generator(2)());
});
