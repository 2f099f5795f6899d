/**
 * Counter-based random numbers: Philox-4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011). A number depends on its key and its position only, so anything random can be computed again
 * from (seed, epoch, index, view) or (seed, path of a variable), in any order, on any number of workers.
 */

export type PhiloxKey = readonly [number, number];
export type PhiloxCounter = readonly [number, number, number, number];

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;

/** Upper 32 bits of the 64-bit product, in 16-bit halves: no partial sum leaves 32 bits. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = (Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)) | 0;
  const carry = (Math.imul(aLow, bHigh) + (middle & 0xffff)) | 0;
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (carry >>> 16)) >>> 0;
}

/** Ten rounds, written into `out`: the form that allocates nothing. */
function philoxInto(
  out: Uint32Array,
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
  counter2: number,
  counter3: number,
): void {
  let x0 = counter0;
  let x1 = counter1;
  let x2 = counter2;
  let x3 = counter3;
  let k0 = key0;
  let k1 = key1;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(multiplier0, x0);
    const low0 = Math.imul(multiplier0, x0);
    const high1 = multiplyHigh(multiplier1, x2);
    const low1 = Math.imul(multiplier1, x2);
    x0 = (high1 ^ x1 ^ k0) >>> 0;
    x1 = low1 >>> 0;
    x2 = (high0 ^ x3 ^ k1) >>> 0;
    x3 = low0 >>> 0;
    k0 = (k0 + weyl0) >>> 0;
    k1 = (k1 + weyl1) >>> 0;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}

/** One block: four 32-bit words from a 64-bit key and a 128-bit counter. */
export function philox(key: PhiloxKey, counter: PhiloxCounter): [number, number, number, number] {
  const out = new Uint32Array(4);
  philoxInto(out, key[0] >>> 0, key[1] >>> 0, counter[0] >>> 0, counter[1] >>> 0, counter[2] >>> 0, counter[3] >>> 0);
  return [out[0]!, out[1]!, out[2]!, out[3]!];
}

/** A stream of numbers. Calls consume whole 32-bit words in the order of the calls. */
export interface Generator {
  /** The next 32 bits. */
  word(): number;
  /** In [0, 1) with 53 random bits (two words). */
  uniform(): number;
  /** Standard normal, Box-Muller on two uniforms (four words). */
  normal(): number;
  /** In 0 … n-1 without bias, n at most 2^32; a draw is repeated where it would be biased. */
  integer(n: number): number;
  /** Each in [0, 1) with 24 random bits (one word each), exact in float32. */
  fillUniform(target: Float32Array): void;
  /** Standard normals, two from each pair of uniforms. */
  fillNormal(target: Float32Array): void;
  /** 0 … n-1 in random order (Fisher-Yates). */
  permutation(n: number): Int32Array;
}

/** Tells seeds of this program's streams from any other use of Philox with the same seed. */
const domain = 0x52657072;

const textEncoder = new TextEncoder();

/**
 * Chains the parts through Philox: each block is xored into the state, and the state is the next counter. A number is
 * (tag, low, high); a text is (tag, byte length) and its UTF-8 bytes, and the count of parts comes first, so that no two lists of parts collide by framing.
 */
function absorb(state: Uint32Array, seed: number, parts: readonly (string | number)[]): void {
  const mix = (a: number, b: number, c: number) =>
    philoxInto(state, seed, domain, state[0]! ^ a, state[1]! ^ b, state[2]! ^ c, state[3]!);
  mix(0, parts.length, 0);
  for (const part of parts) {
    if (typeof part === 'number') {
      if (!Number.isSafeInteger(part) || part < 0) {
        throw new RangeError(`A part of a random key is ${part}; it must be a whole number from 0 to 2^53-1.`);
      }
      mix(1, part >>> 0, Math.floor(part / 0x1_0000_0000));
    } else {
      const bytes = textEncoder.encode(part);
      mix(2, bytes.length, 0);
      for (let at = 0; at < bytes.length; at += 4) {
        const packed =
          (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
        mix(3, packed, 0);
      }
    }
  }
}

/** The stream that belongs to a seed (0 … 2^32-1) and a list of names and numbers. */
export function keyed(seed: number, ...parts: readonly (string | number)[]): Generator {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new RangeError(`The seed is ${seed}; it must be a whole number from 0 to 4294967295.`);
  }
  const state = new Uint32Array(4);
  absorb(state, seed, parts);
  const [key0, key1, tag0, tag1] = [state[0]!, state[1]!, state[2]!, state[3]!];
  const block = new Uint32Array(4);
  let position = 4;
  let blocksLow = 0;
  let blocksHigh = 0;

  const word = (): number => {
    if (position === 4) {
      philoxInto(block, key0, key1, blocksLow, blocksHigh, tag0, tag1);
      blocksLow = (blocksLow + 1) >>> 0;
      if (blocksLow === 0) blocksHigh = (blocksHigh + 1) >>> 0;
      position = 0;
    }
    return block[position++]!;
  };
  const uniform = (): number => {
    const high = word() >>> 5;
    return (high * 0x400_0000 + (word() >>> 6)) / 0x20_0000_0000_0000;
  };
  // 1 - u lies in (0, 1], so the logarithm is finite.
  const radius = (): number => Math.sqrt(-2 * Math.log(1 - uniform()));
  const integer = (n: number): number => {
    if (!Number.isInteger(n) || n < 1 || n > 0x1_0000_0000) {
      throw new RangeError(`A random integer below ${n} was asked for; the bound must be from 1 to 2^32.`);
    }
    if (n === 0x1_0000_0000) return word();
    // Lemire's multiply-and-reject: the low half below (2^32 mod n) marks the draws that would be one too many.
    const threshold = (0x1_0000_0000 - n) % n;
    for (;;) {
      const draw = word();
      if (Math.imul(draw, n) >>> 0 >= threshold) return multiplyHigh(draw, n);
    }
  };
  return {
    word,
    uniform,
    normal: () => radius() * Math.cos(2 * Math.PI * uniform()),
    integer,
    fillUniform(target) {
      for (let i = 0; i < target.length; i++) target[i] = (word() >>> 8) / 0x100_0000;
    },
    fillNormal(target) {
      for (let i = 0; i < target.length; i += 2) {
        const length = radius();
        const angle = 2 * Math.PI * uniform();
        target[i] = length * Math.cos(angle);
        if (i + 1 < target.length) target[i + 1] = length * Math.sin(angle);
      }
    },
    permutation(n) {
      const order = new Int32Array(n);
      for (let i = 0; i < n; i++) {
        const j = integer(i + 1);
        order[i] = order[j]!;
        order[j] = i;
      }
      return order;
    },
  };
}
