/** Distributions and their quantiles, by series and continued fractions. Probabilities are 0 to 1. */
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
  // The fraction converges quickly only on this side of the mean; the other side follows by symmetry.
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

/** t with tail(t) = p, by bisection: `tail` decreases from 0.5 at 0. */
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
