/** Random numbers that are the same on every machine, and distributions drawn from them. */
import { logGamma } from './distributions.ts';

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

/** Uniform in [0, 1) with 53 bits. */
export const uniform = (next: () => number): number => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;

/** Distribution of a binomial by inversion: probabilities outward from the mode until negligible. */
export function binomial(n: number, p: number): (u: number) => number {
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
