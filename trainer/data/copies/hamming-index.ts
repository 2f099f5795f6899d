/**
 * Finds hashes within a Hamming distance of a given one without looking at all of them: multi-index hashing (Norouzi, Punjani,
 * Fleet, "Fast exact search in Hamming space with multi-index hashing", TPAMI 2014). Of 4 words of 16 bits in two hashes that
 * differ in at most 7 bits, at least one word differs in at most 1; so of each word 17 buckets are looked up.
 */
import { wordCount } from './signature.ts';

export const wordBits = 16;
/** Bits in which the hashes of copies may differ. */
export const radius = 7;

/** Hashes looked at for one query, nearest buckets first: in a crowd of alike pictures these are enough. */
const mostVisits = 10_000;

const bitsSet = new Uint8Array(2 ** wordBits);
for (let word = 1; word < bitsSet.length; word++) bitsSet[word] = bitsSet[word >> 1]! + (word & 1);

/** No bit, then every single one. */
const flips = [0, ...Array.from({ length: wordBits }, (_, bit) => 1 << bit)];

/** The numbers of hashes by the value of one of their words: those of `word` are from starts[word] to starts[word + 1]. */
interface Buckets {
  readonly starts: Uint32Array;
  readonly numbers: Uint32Array;
}

function bucketsOf(hashes: Uint16Array, count: number, word: number): Buckets {
  const starts = new Uint32Array(2 ** wordBits + 1);
  for (let at = 0; at < count; at++) starts[hashes[at * wordCount + word]! + 1]!++;
  for (let value = 0; value < 2 ** wordBits; value++) starts[value + 1]! += starts[value]!;
  const next = starts.slice();
  const numbers = new Uint32Array(count);
  for (let at = 0; at < count; at++) numbers[next[hashes[at * wordCount + word]!]!++] = at;
  return { starts, numbers };
}

export interface HammingIndex {
  /** Numbers of the hashes within `radius` of this one, itself included, each once. Valid until the next call. */
  near(hash: Uint16Array): Iterable<number>;
}

/** @param hashes [count, wordCount] */
export function createHammingIndex(hashes: Uint16Array, count: number): HammingIndex {
  const buckets = Array.from({ length: wordCount }, (_, word) => bucketsOf(hashes, count, word));
  /** The query that last looked at a hash. */
  const lookedAt = new Uint32Array(count);
  let query = 0;

  function distance(hash: Uint16Array, at: number): number {
    let sum = 0;
    for (let word = 0; word < wordCount; word++) sum += bitsSet[hash[word]! ^ hashes[at * wordCount + word]!]!;
    return sum;
  }

  return {
    *near(hash) {
      query++;
      let visits = 0;
      for (const flip of flips)
        for (let word = 0; word < wordCount; word++) {
          const { starts, numbers } = buckets[word]!;
          const value = hash[word]! ^ flip;
          for (let place = starts[value]!; place < starts[value + 1]!; place++) {
            if (++visits > mostVisits) return;
            const at = numbers[place]!;
            if (lookedAt[at] === query) continue;
            lookedAt[at] = query;
            if (distance(hash, at) <= radius) yield at;
          }
        }
    },
  };
}
