/**
 * The statistics behind every interval and verdict (checked against SciPy: golden/statistics.py).
 * Figures are in percent where they are figures; probabilities and confidences are 0 to 1.
 */
import { setImmediate as breathe } from 'node:timers/promises';

export interface Bounds {
  readonly low: number;
  readonly high: number;
}
export interface Summary {
  readonly n: number;
  readonly mean: number;
  /** Sample standard deviation, n - 1 in the divisor; null for one value. */
  readonly sd: number | null;
}

export function summarize(values: readonly number[]): Summary {
  const n = values.length;
  if (n === 0) throw new Error('No values to summarize: give at least one.');
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n === 1) return { n, mean, sd: null };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { n, mean, sd: Math.sqrt(squares / (n - 1)) };
}

// ---- distributions -------------------------------------------------------------------------------------------------

/** ln Γ(x), x > 0: Stirling's series after the recurrence has lifted x above 15; error below 1e-14. */
export function logGamma(x: number): number {
  let lifted = x;
  let product = 1;
  while (lifted < 15) {
    product *= lifted;
    lifted += 1;
  }
  const inverse = 1 / lifted;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))));
  return (lifted - 0.5) * Math.log(lifted) - lifted + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product);
}

/** Continued fraction of the incomplete beta function, by Lentz's method. */
function betaFraction(a: number, b: number, x: number): number {
  const tiny = 1e-300;
  const away = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 10_000; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) return fraction;
  }
  throw new Error(`The incomplete beta function did not settle for a ${a}, b ${b}, x ${x}.`);
}

/** Regularised incomplete beta function I_x(a, b). */
export function incompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  // The fraction converges fast on this side of the mean only; the other side is its mirror image.
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(a, b, x)) / a : 1 - (front * betaFraction(b, a, 1 - x)) / b;
}

/** P(T > t) for t ≥ 0. */
function studentTail(t: number, df: number): number {
  return 0.5 * incompleteBeta(df / 2, 0.5, df / (df + t * t));
}

export function studentCdf(t: number, df: number): number {
  return t < 0 ? studentTail(-t, df) : 1 - studentTail(t, df);
}

/** P(Z > z) for z ≥ 0: power series of the error function near 0, continued fraction of its complement beyond. */
function normalTail(z: number): number {
  const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
  if (z < 3) {
    let term = z;
    let sum = z;
    for (let k = 1; term > sum * 1e-17; k += 1) {
      term *= (z * z) / (2 * k + 1);
      sum += term;
    }
    return 0.5 - density * sum;
  }
  let fraction = 0;
  for (let k = 200; k >= 1; k -= 1) fraction = k / (z + fraction);
  return density / (z + fraction);
}

/** t with tail(t) = p, by halving: `tail` falls from 0.5 at 0. */
function invertTail(tail: (t: number) => number, p: number): number {
  let low = 0;
  let high = 1;
  while (tail(high) > p) high *= 2;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (tail(middle) > p) low = middle;
    else high = middle;
  }
}

function quantile(tail: (t: number) => number, probability: number): number {
  if (!(probability > 0 && probability < 1)) {
    throw new Error(`A quantile needs a probability between 0 and 1, not ${probability}.`);
  }
  if (probability === 0.5) return 0;
  return probability > 0.5 ? invertTail(tail, 1 - probability) : -invertTail(tail, probability);
}

export function studentQuantile(probability: number, df: number): number {
  if (!(df > 0)) throw new Error(`Student's t needs degrees of freedom above 0, not ${df}.`);
  return quantile((t) => studentTail(t, df), probability);
}

export function normalQuantile(probability: number): number {
  return quantile(normalTail, probability);
}

// ---- intervals -----------------------------------------------------------------------------------------------------

/** Half-width of a two-sided t interval in units of the standard deviation: t(1 - α/2, n - 1) / √n. */
export function seedHalfWidth(n: number, confidence: number): number {
  return studentQuantile(1 - (1 - confidence) / 2, n - 1) / Math.sqrt(n);
}

/** Two-sided t interval of a mean over seeds; null for one seed, whose spread nobody knows. */
export function seedInterval(values: readonly number[], confidence: number): Bounds | null {
  const { n, mean, sd } = summarize(values);
  if (sd === null) return null;
  const half = seedHalfWidth(n, confidence) * sd;
  return { low: mean - half, high: mean + half };
}

/** Wilson's score interval of a proportion, in percent. `percent` may be a mean of several runs on the same n images. */
export function wilson(percent: number, n: number, confidence: number): Bounds {
  if (!(n > 0)) throw new Error(`Wilson's interval needs a number of images above 0, not ${n}.`);
  const z = normalQuantile(1 - (1 - confidence) / 2);
  const p = percent / 100;
  const centre = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  // At 0 and at 100 % one bound is the figure itself; rounding must not push it past.
  return { low: 100 * Math.min(p, Math.max(0, centre - half)), high: 100 * Math.max(p, Math.min(1, centre + half)) };
}

/** A figure in percent cannot leave 0 to 100, whatever its t interval says. */
export function clampPercent(bounds: Bounds): Bounds {
  return { low: Math.max(0, bounds.low), high: Math.min(100, bounds.high) };
}

// ---- resampling ----------------------------------------------------------------------------------------------------

/**
 * xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021), its state filled by SplitMix32.
 * Resampling needs a fast generator that gives the same report on every machine; nothing here is secret.
 */
export function generator(seed: number): () => number {
  let mixed = seed >>> 0;
  const next = (): number => {
    mixed = (mixed + 0x9e3779b9) >>> 0;
    let z = mixed;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let [a, b, c, d] = [next(), next(), next(), next()];
  return () => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };
}

/** Linear interpolation between order statistics (Hyndman and Fan's type 7, NumPy's default). */
export function percentile(sorted: ArrayLike<number>, probability: number): number {
  const position = probability * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below];
  const high = sorted[Math.min(below + 1, sorted.length - 1)];
  if (low === undefined || high === undefined) throw new Error('A percentile needs at least one value.');
  return low + (high - low) * (position - below);
}

export const resamples = 2000;

/** Uniform in [0, 1) with 53 bits. */
const uniform = (next: () => number): number => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;

/** Distribution of a binomial by inversion: probabilities outward from the mode until they no longer count. */
function binomial(n: number, p: number): (u: number) => number {
  if (n === 0 || p <= 0) return () => 0;
  if (p >= 1) return () => n;
  const mode = Math.min(n, Math.floor((n + 1) * p));
  const log =
    logGamma(n + 1) - logGamma(mode + 1) - logGamma(n - mode + 1) + mode * Math.log(p) + (n - mode) * Math.log1p(-p);
  const peak = Math.exp(log);
  const odds = p / (1 - p);
  const below: number[] = [];
  for (let k = mode, mass = peak; k > 0 && mass > peak * 1e-18; k -= 1) {
    mass *= k / ((n - k + 1) * odds);
    below.push(mass);
  }
  const first = mode - below.length;
  const cumulative = below.reverse();
  cumulative.push(peak);
  for (let k = mode, mass = peak; k < n && mass > peak * 1e-18; k += 1) {
    mass *= ((n - k) * odds) / (k + 1);
    cumulative.push(mass);
  }
  for (let at = 1; at < cumulative.length; at += 1) cumulative[at]! += cumulative[at - 1]!;
  const total = cumulative.at(-1)!;
  return (u) => {
    let low = 0;
    let high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle]! > u * total) high = middle;
      else low = middle + 1;
    }
    return first + low;
  };
}

/**
 * Means of `resamples` samples drawn with replacement, sorted. How often each distinct value is drawn is multinomial, so the
 * counts are drawn and not the images: right or wrong, ten thousand images cost three numbers a sample.
 */
async function resampledMeans(values: Float64Array, seed: number): Promise<Float64Array> {
  const n = values.length;
  const counts = new Map<number, number>();
  // Sums of thirds and the like differ in their last bits only; they are one value.
  for (const value of values) {
    const rounded = Math.round(value * 1e9) / 1e9;
    counts.set(rounded, (counts.get(rounded) ?? 0) + 1);
  }
  const distinct = [...counts].sort(([one], [other]) => one - other);
  const tables = new Map<number, (u: number) => number>();
  const draw = (left: number, kind: number, share: number, u: number): number => {
    const key = left * distinct.length + kind;
    const table = tables.get(key) ?? binomial(left, share);
    tables.set(key, table);
    return table(u);
  };
  const next = generator(seed);
  const means = new Float64Array(resamples);
  for (let sample = 0; sample < resamples; sample += 1) {
    // The window's process compares too: let others run.
    if (sample % 100 === 0) await breathe();
    let left = n;
    let rest = n;
    let sum = 0;
    distinct.forEach(([value, count], kind) => {
      const drawn = kind === distinct.length - 1 ? left : draw(left, kind, count / rest, uniform(next));
      sum += value * drawn;
      left -= drawn;
      rest -= count;
    });
    means[sample] = sum / n;
  }
  return means.sort();
}

export interface Resampled {
  readonly mean: number;
  /** Percentile interval at a confidence. */
  readonly interval: (confidence: number) => Bounds;
}

function resampledOf(mean: number, sorted: Float64Array): Resampled {
  return {
    mean,
    interval: (confidence) => ({
      low: percentile(sorted, (1 - confidence) / 2),
      high: percentile(sorted, 1 - (1 - confidence) / 2),
    }),
  };
}

/** Bootstrap of a mean over images. */
export async function bootstrapMean(values: Float64Array, seed: number): Promise<Resampled> {
  if (values.length === 0) throw new Error('A bootstrap needs at least one image.');
  const means = await resampledMeans(values, seed);
  return resampledOf(values.reduce((sum, value) => sum + value, 0) / values.length, means);
}

/** Share of runs that got an image right, image by image: one run gives 0 or 1. */
function shareRight(runs: readonly Uint8Array[], images: number): Float64Array {
  const share = new Float64Array(images);
  for (const run of runs)
    for (let image = 0; image < images; image += 1) share[image]! += (run[image] ?? 0) / runs.length;
  return share;
}

/** Difference in points of two figures on the same images, resampling images; each side is the mean of its runs. */
export async function pairedBootstrap(
  better: readonly Uint8Array[],
  worse: readonly Uint8Array[],
  seed: number,
): Promise<Resampled> {
  const images = better[0]?.length ?? 0;
  for (const run of [...better, ...worse]) {
    if (run.length !== images) throw new Error(`Cannot pair ${images} images with ${run.length}: not the same set.`);
  }
  if (images === 0 || worse.length === 0) throw new Error('Cannot pair without images on both sides.');
  const left = shareRight(better, images);
  const right = shareRight(worse, images);
  return bootstrapMean(
    left.map((share, image) => 100 * (share - (right[image] ?? 0))),
    seed,
  );
}

/**
 * What a run said of the images of a split, class by class: [images, classes]. `presence`: 1 the class is there, 0 not, -1 it does
 * not count for this class.
 */
export interface Ranking {
  readonly images: number;
  readonly classes: number;
  readonly scores: Float32Array;
  readonly presence: Int8Array;
}

/** The images that count for a class, the highest score first; `last` marks the last of equal scores. */
interface RankedClass {
  readonly image: Int32Array;
  readonly isThere: Uint8Array;
  readonly last: Uint8Array;
}

function rankedClasses({ images, classes, scores, presence }: Ranking): readonly RankedClass[] {
  return Array.from({ length: classes }, (_, label) => {
    const score = (image: number): number => scores[image * classes + label]!;
    const there = (image: number): number => presence[image * classes + label]!;
    const image = Int32Array.from({ length: images }, (__, at) => at)
      .filter((at) => there(at) !== -1)
      .sort((one, other) => score(other) - score(one) || one - other);
    return {
      image,
      isThere: Uint8Array.from(image, (at) => Number(there(at) === 1)),
      last: Uint8Array.from(image, (at, place) =>
        Number(place === image.length - 1 || score(at) !== score(image[place + 1]!)),
      ),
    };
  });
}

/**
 * Area under precision against recall with the highest precision at that recall or beyond (PASCAL VOC's measure since 2010),
 * every image taken `counts[image]` times; NaN where nothing is there.
 */
function envelopeArea({ image, isThere, last }: RankedClass, counts: Uint16Array): number {
  let right = 0;
  let seen = 0;
  for (let place = 0; place < image.length; place += 1) {
    const count = counts[image[place]!]!;
    seen += count;
    if (isThere[place] === 1) right += count;
  }
  const total = right;
  let highest = 0;
  let area = 0;
  // From the lowest score up: what is highest so far is highest at that recall or beyond.
  for (let place = image.length - 1; place >= 0; place -= 1) {
    if (last[place] === 1 && seen > 0) highest = Math.max(highest, right / seen);
    const count = counts[image[place]!]!;
    seen -= count;
    if (isThere[place] === 0) continue;
    right -= count;
    area += count * highest;
  }
  return area / total;
}

/** Mean over the classes that are there, in percent. */
function meanAveragePrecision(classes: readonly RankedClass[], counts: Uint16Array): number {
  const areas = classes.map((ranked) => envelopeArea(ranked, counts)).filter((area) => !Number.isNaN(area));
  return (100 * areas.reduce((sum, area) => sum + area, 0)) / areas.length;
}

/** Fewer than of an accuracy: a mean of average precisions is no sum over images, so every sample is measured anew. */
const rankingResamples = 1000;

/**
 * Bootstrap over images of the mean average precision of some runs, minus that of others on the same images where there are any;
 * each side is the mean of its runs.
 */
export async function bootstrapPrecision(
  runs: readonly Ranking[],
  others: readonly Ranking[],
  seed: number,
): Promise<Resampled> {
  const images = runs[0]?.images ?? 0;
  if (images === 0) throw new Error('A bootstrap needs at least one image.');
  const strange = [...runs, ...others].find((run) => run.images !== images);
  if (strange) throw new Error(`Cannot pair ${images} images with ${strange.images}: not the same set.`);
  const sides = [runs, others].map((side) => side.map(rankedClasses));
  const figureOf = (counts: Uint16Array): number => {
    const [own = 0, theirs = 0] = sides.map(
      (side) =>
        side.reduce((sum, classes) => sum + meanAveragePrecision(classes, counts), 0) / Math.max(1, side.length),
    );
    return own - theirs;
  };
  const next = generator(seed);
  const figures = new Float64Array(rankingResamples);
  const counts = new Uint16Array(images);
  for (let sample = 0; sample < rankingResamples; sample += 1) {
    if (sample % 20 === 0) await breathe();
    counts.fill(0);
    for (let drawn = 0; drawn < images; drawn += 1) counts[Math.floor(uniform(next) * images)]! += 1;
    figures[sample] = figureOf(counts);
  }
  return resampledOf(figureOf(counts.fill(1)), figures.sort());
}

// ---- tests ---------------------------------------------------------------------------------------------------------

/** Exact McNemar test: two-sided binomial p-value over the images that only one of the two gets right. */
export function mcnemar(onlyFirst: number, onlySecond: number): number {
  const n = onlyFirst + onlySecond;
  const fewer = Math.min(onlyFirst, onlySecond);
  if (onlyFirst === onlySecond) return 1;
  // P(X ≤ k) for X ~ Binomial(n, 1/2) is I_{1/2}(n - k, k + 1).
  return Math.min(1, 2 * incompleteBeta(n - fewer, fewer + 1, 0.5));
}

/** A difference with its standard error and degrees of freedom. */
export interface Difference {
  readonly value: number;
  readonly standardError: number;
  readonly df: number;
}

/** Welch: two means with unequal spreads (degrees of freedom by Welch and Satterthwaite). */
export function welch(
  first: { readonly mean: number; readonly sd: number; readonly n: number },
  second: { readonly mean: number; readonly sd: number; readonly n: number },
): Difference {
  const a = first.sd ** 2 / first.n;
  const b = second.sd ** 2 / second.n;
  if (!(a + b > 0)) throw new Error('Welch needs a spread above 0 on one side at least.');
  return {
    value: first.mean - second.mean,
    standardError: Math.sqrt(a + b),
    df: (a + b) ** 2 / (a ** 2 / (first.n - 1) + b ** 2 / (second.n - 1)),
  };
}

export function differenceInterval(difference: Difference, confidence: number): Bounds {
  const half = studentQuantile(1 - (1 - confidence) / 2, difference.df) * difference.standardError;
  return { low: difference.value - half, high: difference.value + half };
}

/** Two one-sided tests: the larger p-value against "at least `margin` away". Below α: equivalent, and the 1 - 2α interval fits. */
export function tost(difference: Difference, margin: number): number {
  const { value, standardError, df } = difference;
  const notBelow = 1 - studentCdf((value + margin) / standardError, df);
  const notAbove = studentCdf((value - margin) / standardError, df);
  return Math.max(notBelow, notAbove);
}

/**
 * Where a difference lies: inside ± margin when its 90 % interval does (two one-sided tests at 5 %), outside when its 95 %
 * interval lies wholly beyond, else neither.
 */
export function placeBeside(margin: number, narrow: Bounds, wide: Bounds): 'inside' | 'outside' | 'neither' {
  if (narrow.low > -margin && narrow.high < margin) return 'inside';
  return wide.low > margin || wide.high < -margin ? 'outside' : 'neither';
}

/** Largest sample standard deviation that n values with this range can have: the two ends shared as evenly as n allows. */
export function largestDeviation(range: number, n: number): number {
  return range * Math.sqrt((Math.floor(n / 2) * Math.ceil(n / 2)) / (n * (n - 1)));
}

/** Holm's step-down adjustment: p-values that may be compared with α although several are tested. */
export function holm(pValues: readonly number[]): readonly number[] {
  const order = pValues.map((p, index) => ({ p, index })).sort((one, other) => one.p - other.p);
  const adjusted = new Array<number>(pValues.length).fill(0);
  let running = 0;
  order.forEach(({ p, index }, rank) => {
    running = Math.max(running, Math.min(1, p * (pValues.length - rank)));
    adjusted[index] = running;
  });
  return adjusted;
}
