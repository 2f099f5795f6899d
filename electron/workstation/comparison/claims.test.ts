/** Claims over several seeds: shown by seeds and by images alike, and counted. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Claim, Plan } from '../../../trainer/protocol/plan.ts';
import type { RunConfig } from '../../../trainer/protocol/run.ts';
import type { ClaimVerdict } from '../../api/comparison.ts';
import { comparisonInput, evaluate, pretrain, storedResult, storedRun } from '../testing/comparison-fixture.ts';
import { atMostTest, betterTest, decide, sameTest } from './claim-tests.ts';
import { compareRuns } from './compare.ts';
import { differenceOverSeeds } from './seed-differences.ts';

const images = 10_000;
/** The first `percent` of the images are right: two of these differ in as few images as they can. */
const right = (percent: number): Uint8Array =>
  Uint8Array.from({ length: images }, (_, i) => Number(i < (percent / 100) * images));

/** What is evaluated: by name, its figure by seed. `pixels` is nearest neighbours on pixels, which no seed changes. */
type Figures = Readonly<Record<string, Readonly<Record<number, number>>>>;

const better = (one: string, other: string): Claim['rule'] => ({
  kind: 'paired-better',
  better: `${one}-1`,
  worse: `${other}-1`,
  metric: 'top1',
  confidence: 0.95,
});
const claimOf = (rule: Claim['rule'], at: number): Claim => ({ id: `c${at}`, text: { en: '', zh: '' }, rule });

async function judged(
  figures: Figures,
  rules: readonly Claim['rule'][],
  hasImages = true,
): Promise<readonly ClaimVerdict[]> {
  const trained = Object.entries(figures).filter(([name]) => name !== 'pixels');
  const configs: Record<string, RunConfig> = {};
  trained.forEach(([name, bySeed], at) => {
    for (const seed of Object.keys(bySeed).map(Number)) {
      configs[`pre-${name}-${seed}`] = pretrain(seed, { covariance: at });
      const subject = { kind: 'run', run: `pre-${name}-${seed}`, checkpoint: 'last', branch: 0 } as const;
      configs[`${name}-${seed}`] = evaluate(subject, 'knn', seed);
    }
  });
  if (figures['pixels']) configs['pixels-1'] = evaluate({ kind: 'pixels' }, 'knn');
  const runs = Object.entries(configs).map(([key, config]) => ({ key, role: 'main' as const, config }));
  const plan: Plan = {
    version: 1,
    id: 'test',
    title: { en: '', zh: '' },
    summary: { en: '', zh: '' },
    data: [],
    papers: [],
    claims: rules.map(claimOf),
    runs,
  };
  const values = Object.entries(figures).flatMap(([name, bySeed]) =>
    Object.entries(bySeed).map(([seed, value]) => [`${name}-${seed}`, value] as const),
  );
  const own = new Map<string, number>(values);
  const { claims } = await compareRuns(
    comparisonInput({
      selection: { kind: 'plan', plan: 'test' },
      runs: runs.map(({ key, config }) => storedRun(key, config, { plan: 'test', planKey: key })),
      results: values.map(([run, value]) =>
        storedResult(run, value, { evaluator: 'knn', which: 'only', n: images, perImage: 'results/top1.bin' }),
      ),
      papers: [],
      plan,
      meanMetric: () => Promise.resolve(0.01),
      perImage: (run) => Promise.resolve(hasImages ? right(own.get(run)!) : null),
    }),
  );
  return claims;
}
const only = async (...given: Parameters<typeof judged>): Promise<ClaimVerdict> => (await judged(...given))[0]!;
const evidenceOf = ({ evidence }: ClaimVerdict, name: string) => evidence.find((one) => one.name === name);
const base = { 1: 80, 2: 80, 3: 80 };
/** Seeds 1, 2, 3 above `base` by these. */
const above = (...differences: readonly number[]) =>
  Object.fromEntries(differences.map((one, at) => [at + 1, 80 + one]));

describe('one above the other', () => {
  test('+6, -4, +2 over three seeds do not hold, though images alone would say so', async () => {
    const claim = await only({ a: above(6, -4, 2), b: base }, [better('a', 'b')]);
    expect(evidenceOf(claim, 'overImages')!.interval!.low).toBeGreaterThan(1);
    const seeds = evidenceOf(claim, 'overSeeds')!;
    expect(seeds).toMatchObject({ interval: { method: 'paired-t' } });
    // Standard error √(76 / 3 / 3) with 2 degrees of freedom, t(0.975, 2) = 4.3027; p of t = 0.4588.
    expect(seeds.interval!.low).toBeCloseTo(4 / 3 - 4.3027 * Math.sqrt(76 / 9), 2);
    expect(seeds.pValue).toBeCloseTo(0.6914, 3);
    expect(claim).toMatchObject({ verdict: 'inconclusive', basis: 'seeds-and-images', units: [3, 3] });
    expect(claim.signs).toMatchObject({ above: 2, below: 1, pValue: 1 });
    expect(claim.test!.pValue).toBeCloseTo(0.6914, 3);
  });
  test('holds where seeds and images agree, and does not where both say the contrary', async () => {
    const holding = await only({ a: above(6, 5, 5.5), b: base }, [better('a', 'b')]);
    expect(holding).toMatchObject({ verdict: 'holds', signs: { above: 3, below: 0 } });
    expect(holding.signs!.pValue).toBeCloseTo(0.25, 12);
    expect((await only({ a: above(6, 5, 5.5), b: base }, [better('b', 'a')])).verdict).toBe('does-not-hold');
  });
  test('not by seeds alone: a difference of few images is none', async () => {
    const claim = await only({ a: above(0.02, 0.03, 0.025), b: base }, [better('a', 'b')]);
    expect(evidenceOf(claim, 'overSeeds')!.pValue).toBeLessThan(0.05);
    expect(evidenceOf(claim, 'overImages')!.pValue).toBeGreaterThan(0.05);
    expect(claim.verdict).toBe('inconclusive');
  });
  test('with one seed a side it is over images only, and says so', async () => {
    const claim = await only({ a: { 1: 82 }, b: { 1: 80 } }, [better('a', 'b')]);
    expect(claim).toMatchObject({ verdict: 'holds', basis: 'images', units: [1, 1], signs: null });
    const half = await only({ a: above(2, 2.1, 1.9), b: { 1: 80 } }, [better('a', 'b')]);
    expect(half).toMatchObject({ basis: 'images', units: [3, 1] });
  });
  test('beside a fixed figure the other side alone has seeds', async () => {
    const claim = await only({ a: above(1, 1.2, 0.8), pixels: { 1: 80 } }, [better('a', 'pixels')]);
    expect(claim).toMatchObject({ basis: 'seeds-and-images', units: [3, 1], signs: { above: 3, below: 0 } });
    expect(evidenceOf(claim, 'overSeeds')!.interval!.method).toBe('t-seeds');
  });
  test('other seeds on each side are no pairs: Welch', async () => {
    const claim = await only({ a: above(6, 5, 5.5), b: { 1: 80, 2: 80.5, 4: 79.5 } }, [better('a', 'b')]);
    expect(evidenceOf(claim, 'overSeeds')!.interval!.method).toBe('welch-seeds');
    expect(claim).toMatchObject({ verdict: 'holds', signs: null });
  });
  test('equal differences have no spread: over images only', async () => {
    const claim = await only({ a: above(2, 2, 2), b: base }, [better('a', 'b')]);
    expect(claim).toMatchObject({ basis: 'images', units: [3, 3] });
  });
  test('over seeds alone where a rule asks for them and images were not recorded', async () => {
    const rule = { ...better('a', 'b'), kind: 'seeds-better' as const } as Claim['rule'];
    const figures = { a: above(6, 5, 5.5), b: base };
    expect(await only(figures, [rule], false)).toMatchObject({ verdict: 'holds', basis: 'seeds' });
    expect(await only(figures, [rule])).toMatchObject({ verdict: 'holds', basis: 'seeds-and-images' });
    expect(await only(figures, [better('a', 'b')], false)).toMatchObject({ verdict: 'pending', basis: null });
  });
});

describe('one drops less than another', () => {
  const change = (before: string, after: string) => ({ before: `${before}-1`, after: `${after}-1` });
  const drops = (byPoints = 1, smaller = change('a', 'b'), greater = change('c', 'd')): Claim['rule'] => ({
    kind: 'drops-less',
    smaller,
    greater,
    metric: 'top1',
    byPoints,
    confidence: 0.95,
  });
  /** Drops of 2, and of 2 and these more, seed by seed. */
  const figures = (...more: readonly number[]): Figures => ({
    a: above(1, 0, -1),
    b: above(-1, -2, -3),
    c: above(0, 1, 0),
    d: above(...more.map((one, at) => [-2, -1, -2][at]! - one)),
  });

  test('holds by more than its margin, over seeds and over images', async () => {
    const claim = await only(figures(3, 2.5, 3.5), [drops()]);
    expect(claim).toMatchObject({ verdict: 'holds', basis: 'seeds-and-images', units: [3, 3, 3, 3], signs: null });
    expect(claim.evidence.map(({ name }) => name)).toEqual(['smallerDrop', 'greaterDrop', 'overSeeds', 'overImages']);
    expect(evidenceOf(claim, 'smallerDrop')).toMatchObject({ limit: null });
    expect(evidenceOf(claim, 'smallerDrop')!.value).toBeCloseTo(2, 9);
    expect(evidenceOf(claim, 'greaterDrop')!.value).toBeCloseTo(5, 9);
    // Drops of 5, 4.5 and 5.5: a standard error of 0.5 / √3, t(0.975, 2) = 4.3027.
    const greater = evidenceOf(claim, 'greaterDrop')!.interval!;
    expect(greater).toMatchObject({ method: 'paired-t' });
    expect(greater.high).toBeCloseTo(5 + (4.3027 * 0.5) / Math.sqrt(3), 3);
    const seeds = evidenceOf(claim, 'overSeeds')!;
    expect(seeds).toMatchObject({ limit: 1, interval: { method: 'paired-t' } });
    expect(seeds.value).toBeCloseTo(3, 9);
    expect(seeds.interval!.low).toBeCloseTo(3 - (4.3027 * 0.5) / Math.sqrt(3), 3);
    // t = (3 - 1) √3 / 0.5 = √48 with 2 degrees of freedom: P(|T| > t) = 1 - t / √(2 + t²).
    expect(seeds.pValue).toBeCloseTo(1 - Math.sqrt(48 / 50), 9);
    expect(claim.test!.pValue).toBeCloseTo(1 - Math.sqrt(48 / 50), 9);
  });
  test('its margin decides', async () => {
    const verdicts = await Promise.all(
      [0, 1, 2.5, 6].map(async (byPoints) => (await only(figures(3, 2.5, 3.5), [drops(byPoints)])).verdict),
    );
    expect(verdicts).toEqual(['holds', 'holds', 'inconclusive', 'does-not-hold']);
  });
  test('does not hold where it drops more, or as much', async () => {
    expect((await only(figures(-3, -2.5, -3.5), [drops()])).verdict).toBe('does-not-hold');
    expect((await only(figures(0.1, -0.1, 0.05), [drops()])).verdict).toBe('does-not-hold');
  });
  test('not by images alone, nor by seeds alone', async () => {
    const bySeed = await only(figures(7, -1, 5), [drops()]);
    expect(evidenceOf(bySeed, 'overImages')!.pValue).toBeLessThan(0.05);
    expect(bySeed.verdict).toBe('inconclusive');
    const byImage = await only(figures(1.02, 1.03, 1.025), [drops()]);
    expect(evidenceOf(byImage, 'overSeeds')!.pValue).toBeLessThan(0.05);
    expect(evidenceOf(byImage, 'overImages')!.pValue).toBeGreaterThan(0.05);
    expect(byImage.verdict).toBe('inconclusive');
  });
  test('where a figure has other seeds: Welch over four groups', async () => {
    const claim = await only(
      { a: above(-1, 0, 1), b: above(-1, -2, -3), c: above(0, 1, -1), d: { 1: 69, 2: 70, 4: 71 } },
      [drops()],
    );
    const seeds = evidenceOf(claim, 'overSeeds')!;
    expect(seeds).toMatchObject({ interval: { method: 'welch-seeds' } });
    expect(seeds.value).toBeCloseTo(8, 9);
    // Four variances of 1/3: a standard error of √(4/3), (4/3)² / (4 (1/3)² / 2) = 8 degrees of freedom, t(0.975, 8) = 2.3060.
    expect(seeds.interval!.low).toBeCloseTo(8 - 2.306 * Math.sqrt(4 / 3), 3);
    expect(claim).toMatchObject({ verdict: 'holds', units: [3, 3, 3, 3] });
  });
  test('with a single seed of one figure it is over images only', async () => {
    const claim = await only({ a: { 1: 80 }, b: { 1: 78 }, c: { 1: 80 }, d: { 1: 75 } }, [drops()]);
    expect(claim).toMatchObject({ verdict: 'holds', basis: 'images', units: [1, 1, 1, 1] });
    // 3 % of the images count: 1.96 standard errors of √(0.03 · 0.97 / 10,000).
    const { low, high } = evidenceOf(claim, 'overImages')!.interval!;
    expect(low).toBeCloseTo(3 - 0.334, 1);
    expect(high).toBeCloseTo(3 + 0.334, 1);
    const half = await only({ ...figures(3, 2.5, 3.5), d: { 1: 75 } }, [drops()]);
    expect(half).toMatchObject({ basis: 'images', units: [3, 1, 3, 3] });
  });
  test('waits for each of its four runs, and tells the drop it knows', async () => {
    const [smaller, greater] = [change('a', 'b'), change('c', 'd')];
    for (const [known, rule] of [
      ['greaterDrop', drops(1, change('nobody', 'b'), greater)],
      ['greaterDrop', drops(1, change('a', 'nobody'), greater)],
      ['smallerDrop', drops(1, smaller, change('nobody', 'd'))],
      ['smallerDrop', drops(1, smaller, change('c', 'nobody'))],
    ] as const) {
      const claim = await only(figures(3, 2.5, 3.5), [rule]);
      expect(claim).toMatchObject({ verdict: 'pending', basis: null, units: null, test: null });
      for (const name of ['smallerDrop', 'greaterDrop', 'difference'])
        expect(evidenceOf(claim, name)!.value !== null).toBe(name === known);
    }
    expect((await only(figures(3, 2.5, 3.5), [drops()], false)).verdict).toBe('pending');
  });
  test('is counted with the other claims of its plan', async () => {
    const [claim] = await judged(figures(3, 2.5, 3.5), [drops(), better('a', 'nobody'), better('b', 'nobody')]);
    expect(claim!.test!.adjusted).toBeCloseTo(3 * claim!.test!.pValue, 12);
    expect(claim!.verdict).toBe('inconclusive');
  });
});

test('equal within points, or collapsed, over seeds too', async () => {
  const same = (points: number): Claim['rule'] => ({
    kind: 'paired-same',
    one: 'a-1',
    other: 'b-1',
    metric: 'top1',
    withinPoints: points,
  });
  const close = { a: above(0.1, -0.1, 0.05), b: base };
  const apart = { a: above(2, -2, 0.5), b: base };
  expect((await only(close, [same(1)])).verdict).toBe('holds');
  // On the mean of the images the two are the same; over seeds nobody knows.
  expect(evidenceOf(await only(apart, [same(1)]), 'overImages')!.pValue).toBeLessThan(0.05);
  expect((await only(apart, [same(1)])).verdict).toBe('inconclusive');
  expect((await only({ a: above(6, 6.2, 5.8), b: base }, [same(1)])).verdict).toBe('does-not-hold');

  const collapse: Claim['rule'] = {
    kind: 'collapse',
    run: 'pre-a-1',
    linear: 'a-1',
    random: 'b-1',
    embeddingStdBelow: 0.1,
    withinPoints: 2,
  };
  expect((await only(close, [collapse])).verdict).toBe('holds');
  expect((await only(apart, [collapse])).verdict).toBe('inconclusive');
  expect((await only({ a: above(6, 6.2, 5.8), b: base }, [collapse])).verdict).toBe('does-not-hold');
});

describe('several claims', () => {
  const figures = { a: above(3, 4.1, 3.7), b: base };
  /** Among others that wait for their runs. */
  const among = async (others: number): Promise<ClaimVerdict> => {
    const waiting = Array.from({ length: others }, () => better('a', 'nobody'));
    const [first, ...rest] = await judged(figures, [better('a', 'b'), ...waiting]);
    for (const one of rest) expect(one).toMatchObject({ verdict: 'pending', test: null, basis: null });
    return first!;
  };
  test('are counted, those that wait for their runs too: what holds alone need not hold among others', async () => {
    const [alone, few, many] = [await among(0), await among(3), await among(7)];
    const { pValue } = alone.test!;
    expect(pValue).toBeCloseTo(0.0079, 4);
    expect([alone, few, many].map(({ verdict }) => verdict)).toEqual(['holds', 'holds', 'inconclusive']);
    expect([alone, few, many].map(({ test: tested }) => tested!.adjusted / pValue)).toEqual([1, 4, 8]);
  });
  test('of two that are tested, the surer one is multiplied by their number', async () => {
    const [first, second] = await judged({ ...figures, c: above(2, 3, 2.4) }, [better('a', 'b'), better('c', 'b')]);
    const [surer, other] = first!.test!.pValue < second!.test!.pValue ? [first!, second!] : [second!, first!];
    expect(surer.test!.adjusted).toBeCloseTo(2 * surer.test!.pValue, 12);
    expect(other.test!.adjusted).toBe(Math.max(surer.test!.adjusted, other.test!.pValue));
  });
});

test('a test agrees with its interval, and claims the other way around are each other’s contrary', () => {
  const figure = fc.double({ min: 70, max: 90, noNaN: true });
  const sides = fc
    .integer({ min: 2, max: 6 })
    .chain((n) =>
      fc.tuple(fc.array(figure, { minLength: n, maxLength: n }), fc.array(figure, { minLength: n, maxLength: n })),
    );
  const side = (values: readonly number[]) => ({
    values: new Map(values.map((value, at) => [String(at), value])),
    isFixed: false,
  });
  fc.assert(
    fc.property(sides, fc.double({ min: 0.5, max: 5, noNaN: true }), ([one, other], points) => {
      const seeds = differenceOverSeeds(side(one), side(other));
      const mirrored = differenceOverSeeds(side(other), side(one));
      if (seeds === null || mirrored === null) return;
      const tests = { seeds, images: null };
      const decided = (test: ReturnType<typeof betterTest>) => decide([test])[0]!.verdict;
      const [narrow, wide] = [seeds.interval(0.9), seeds.interval(0.95)];
      const sign = wide.low > 0 ? 'holds' : wide.high < 0 ? 'does-not-hold' : 'inconclusive';
      expect(decided(betterTest(tests, 0.95))).toBe(sign);
      const contrary = { holds: 'does-not-hold', 'does-not-hold': 'holds', inconclusive: 'inconclusive' } as const;
      expect(decided(betterTest({ seeds: mirrored, images: null }, 0.95))).toBe(contrary[sign]);
      const isWithin = narrow.low > -points && narrow.high < points;
      const isOutside = wide.low > points || wide.high < -points;
      expect(decided(sameTest(tests, points))).toBe(isWithin ? 'holds' : isOutside ? 'does-not-hold' : 'inconclusive');
      const isBelow = narrow.high < points;
      expect(decided(atMostTest(tests, points))).toBe(
        isBelow ? 'holds' : wide.low > points ? 'does-not-hold' : 'inconclusive',
      );
    }),
  );
});
