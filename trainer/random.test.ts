import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { keyed, philox } from './random.ts';

/** The definition in arbitrary precision, written apart from the fast one. */
function slowPhilox(key: readonly number[], counter: readonly number[]): number[] {
  const mask = 0xffff_ffffn;
  let [k0, k1] = key.map(BigInt) as [bigint, bigint];
  let x = counter.map(BigInt);
  for (let round = 0; round < 10; round++) {
    const first = 0xd251_1f53n * x[0]!;
    const second = 0xcd9e_8d57n * x[2]!;
    x = [(second >> 32n) ^ x[1]! ^ k0, second & mask, (first >> 32n) ^ x[3]! ^ k1, first & mask];
    k0 = (k0 + 0x9e37_79b9n) & mask;
    k1 = (k1 + 0xbb67_ae85n) & mask;
  }
  return x.map(Number);
}

const word32 = fc.integer({ min: 0, max: 0xffffffff });

describe('philox', () => {
  // Random123 1.09, tests/kat_vectors, "philox4x32 10".
  test.each([
    [
      [0, 0],
      [0, 0, 0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0xa4093822, 0x299f31d0],
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as const)('known answers for key %j', (key, counter, expected) => {
    expect(philox(key, counter)).toEqual(expected);
  });

  test('equals the definition in arbitrary precision', () => {
    fc.assert(
      fc.property(fc.tuple(word32, word32), fc.tuple(word32, word32, word32, word32), (key, counter) => {
        expect(philox(key, counter)).toEqual(slowPhilox(key, counter));
      }),
      { numRuns: 500 },
    );
  });
});

describe('keyed', () => {
  test('the same key gives the same stream, any other key another', () => {
    const first = (...parts: (string | number)[]) => keyed(7, ...parts).uniform();
    expect(first('a', 1)).toBe(first('a', 1));
    const keys: (string | number)[][] = [[], ['a'], ['b'], ['a', 'b'], ['ab'], ['a', ''], [1], ['1'], [1, 0], [0, 1]];
    expect(new Set(keys.map((parts) => first(...parts))).size).toBe(keys.length);
    expect(keyed(7).uniform()).not.toBe(keyed(8).uniform());
    expect(first(0x1_0000_0000)).not.toBe(first(0));
  });

  test('is frozen: a change of these values would change every run ever recorded', () => {
    const stream = keyed(1, 'encoder/conv1', 2);
    expect([stream.word(), stream.word(), stream.uniform(), stream.normal(), stream.integer(10)])
      .toMatchInlineSnapshot(`
        [
          1813188171,
          2802366278,
          0.6621340908504828,
          -0.4103505513618338,
          3,
        ]
      `);
  });

  test('refuses a seed or part it cannot hold', () => {
    expect(() => keyed(-1)).toThrow('The seed is -1');
    expect(() => keyed(2 ** 32)).toThrow('The seed is 4294967296');
    expect(() => keyed(0, 0.5)).toThrow('is 0.5');
    expect(() => keyed(0).integer(0)).toThrow('below 0');
  });

  test('uniforms fill [0, 1) evenly', () => {
    const stream = keyed(3, 'uniform');
    const bins = new Float64Array(16);
    const n = 160_000;
    for (let i = 0; i < n; i++) {
      const u = stream.uniform();
      if (!(u >= 0 && u < 1)) throw new Error(`${u} is outside [0, 1)`);
      bins[Math.floor(u * 16)]!++;
    }
    const expected = n / 16;
    const chiSquare = bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 99.9 % quantile of chi-square with 15 degrees of freedom.
    expect(chiSquare).toBeLessThan(37.7);
  });

  test('fillUniform has 24 bits and stays below 1 in float32', () => {
    const values = new Float32Array(10_001);
    keyed(5).fillUniform(values);
    expect(values.every((value) => Number.isInteger(value * 2 ** 24) && value >= 0 && value < 1)).toBe(true);
    const mean = values.reduce((a, b) => a + b) / values.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 / Math.sqrt(12 * values.length));
  });

  test('normals have moments 0, 1, 0, 3', () => {
    const values = new Float32Array(200_001);
    keyed(9, 'normal').fillNormal(values);
    const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / values.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.01);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.02);
    expect(Math.abs(moment(3))).toBeLessThan(0.03);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.1);
    const stream = keyed(9, 'single');
    const single = Array.from({ length: 20_000 }, () => stream.normal());
    expect(Math.abs(single.reduce((a, b) => a + b) / single.length)).toBeLessThan(0.03);
  });

  test('integers are unbiased for a bound that does not divide 2^32', () => {
    const stream = keyed(11);
    const counts = [0, 0, 0];
    for (let i = 0; i < 90_000; i++) counts[stream.integer(3)]!++;
    for (const count of counts) expect(Math.abs(count - 30_000)).toBeLessThan(600);
    // A bound just above 2^31 rejects nearly half of the draws; the mean shows a bias if it does not.
    const n = 2 ** 31 + 1;
    let sum = 0;
    for (let i = 0; i < 20_000; i++) sum += stream.integer(n) / n;
    expect(Math.abs(sum / 20_000 - 0.5)).toBeLessThan(0.01);
  });

  test('a permutation holds every number once', () => {
    fc.assert(
      fc.property(word32, fc.integer({ min: 0, max: 300 }), (seed, n) => {
        const order = keyed(seed, 'order').permutation(n);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
    expect([...keyed(1, 'order').permutation(50)]).not.toEqual([...keyed(2, 'order').permutation(50)]);
  });
});
