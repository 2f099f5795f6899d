/**
 * Copies among the pictures of a data set that matter to its figures: of every picture in an evaluation split, those it
 * is alike in training splits and among the earlier evaluation pictures. Two pictures are near duplicates if their
 * signatures correlate and one is much closer to the other than to the crowd: a digit has hundreds of others that
 * correlate with it, a photograph has none. Memory is about 200 bytes a picture.
 */
import { isTrainingSplit, listedPairs, type CopiedPicture, type CopyPair } from '../../protocol/copies.ts';
import type { NearDuplicates } from '../../protocol/copies.ts';
import { printable } from '../rejects.ts';
import { createHammingIndex, type HammingIndex } from './hamming-index.ts';
import { mirrored, product, valueCount, wordCount, type Signature } from './signature.ts';

/** Least correlation of near duplicates: JPEG of quality 30 at half the size keeps 0.98; two photographs reach 0.91. */
const leastLikeness = 0.95;
/**
 * With d = 1 - correlation: a pair is not reported if `crowd` of the pictures drawn are within d / closeness. On Fashion-MNIST and
 * MNIST the nearest other picture is mostly at 0.3 to 0.9 of that distance, a copy below 0.05.
 */
const closeness = 0.05;
const crowd = 5;
/** Pictures drawn, evenly, to see how crowded the place of a pair is. */
const mostDrawn = 2048;

/** Beyond this many pictures copies are not looked for: the memory has a limit. */
const mostCompared = 2_000_000;

export interface ComparedPicture {
  readonly split: string;
  readonly name: string;
  readonly label: number | undefined;
  readonly width: number;
  readonly height: number;
  /** A number for its bytes: pictures of equal bytes share it. */
  readonly content: number;
  /** Null: too plain to be compared. */
  readonly signature: Signature | null;
}

interface Kept extends Omit<ComparedPicture, 'signature'> {
  /** Place in its split. */
  readonly index: number;
  readonly isEvaluated: boolean;
}

export interface Copies {
  readonly pairs: readonly CopyPair[];
  readonly near: NearDuplicates;
}

/** Lets commands in during the search; throws if it was cancelled. */
export interface Pauses {
  due(): boolean;
  pause(): Promise<void>;
}

interface Match {
  readonly likeness: number;
  readonly partner: Kept;
  readonly isMirrored: boolean;
}

/** A longer copy of an array when it is full. */
function roomFor<Values extends Int8Array | Uint16Array>(values: Values, length: number): Values {
  if (length <= values.length) return values;
  const longer = new (values.constructor as new (length: number) => Values)(Math.max(length, 2 * values.length));
  longer.set(values);
  return longer;
}

export class CopySearch {
  readonly #pictures: Kept[] = [];
  readonly #splitCounts = new Map<string, number>();
  /** The picture of each signature. */
  readonly #owners: Kept[] = [];
  #values = new Int8Array(1024 * valueCount);
  #hashes = new Uint16Array(1024 * wordCount);
  #plain = 0;

  add({ signature, ...picture }: ComparedPicture): void {
    const index = this.#splitCounts.get(picture.split) ?? 0;
    this.#splitCounts.set(picture.split, index + 1);
    if (this.#pictures.length > mostCompared) return;
    const kept = { ...picture, index, isEvaluated: !isTrainingSplit(picture.split) };
    this.#pictures.push(kept);
    if (signature === null) {
      this.#plain++;
      return;
    }
    const at = this.#owners.push(kept) - 1;
    this.#values = roomFor(this.#values, (at + 1) * valueCount);
    this.#hashes = roomFor(this.#hashes, (at + 1) * wordCount);
    this.#values.set(signature.values, at * valueCount);
    this.#hashes.set(signature.hash, at * wordCount);
  }

  /** Null if there are too many pictures. */
  async find(classes: readonly string[], pauses: Pauses): Promise<Copies | null> {
    if (this.#pictures.length > mostCompared) return null;
    const near: CopyPair[] = [];
    const index = createHammingIndex(this.#hashes, this.#owners.length);
    const norms = Float32Array.from(this.#owners, (_, at) => Math.sqrt(this.#product(this.#signature(at), at)));
    for (const [at, picture] of this.#owners.entries()) {
      if (!picture.isEvaluated) continue;
      if (pauses.due()) await pauses.pause();
      for (const match of this.#matches(at, index, norms)) near.push(pairOf(picture, match, classes));
    }
    near.sort((one, other) => other.likeness - one.likeness);
    const leaks = near.filter(({ copyOf }) => isTrainingSplit(copyOf.split));
    return {
      pairs: [...this.#exact(classes), ...near],
      near: {
        count: near.length,
        leaked: new Set(leaks.map(({ picture }) => `${picture.split} ${picture.index}`)).size,
        pairs: near.slice(0, listedPairs),
        plain: this.#plain,
      },
    };
  }

  #signature(at: number): Signature {
    return {
      values: this.#values.subarray(at * valueCount, (at + 1) * valueCount),
      hash: this.#hashes.subarray(at * wordCount, (at + 1) * wordCount),
    };
  }

  #product({ values }: Signature, at: number): number {
    return product(values, this.#values, at * valueCount);
  }

  /** The pictures that this one may be a copy of, the most alike first. */
  #matches(at: number, index: HammingIndex, norms: Float32Array): readonly Match[] {
    const own = this.#owners[at]!;
    const straight = this.#signature(at);
    const turned = mirrored(straight);
    const alike = new Map<Kept, Match>();
    for (const [signature, isMirrored] of [[straight, false] as const, [turned, true] as const]) {
      for (const other of index.near(signature.hash)) {
        const partner = this.#owners[other]!;
        if (partner.content === own.content || (partner.isEvaluated && other >= at)) continue;
        const likeness = this.#product(signature, other) / (norms[at]! * norms[other]!);
        if (likeness < leastLikeness || likeness <= (alike.get(partner)?.likeness ?? 0)) continue;
        alike.set(partner, { likeness, partner, isMirrored });
      }
    }
    const nearest = [...alike.values()].sort((one, other) => other.likeness - one.likeness).slice(0, crowd);
    const end = nearest.findIndex(({ likeness }) => this.#isInCrowd(at, [straight, turned], likeness, norms));
    return end < 0 ? nearest : nearest.slice(0, end);
  }

  #isInCrowd(at: number, signatures: readonly Signature[], likeness: number, norms: Float32Array): boolean {
    const own = this.#owners[at]!;
    const least = 1 - (1 - likeness) / closeness;
    const count = this.#owners.length;
    const drawn = Math.min(count, mostDrawn);
    let found = 0;
    for (let draw = 0; draw < drawn; draw++) {
      const other = Math.floor((draw * count) / drawn);
      if (this.#owners[other]!.content === own.content) continue;
      const bar = least * norms[at]! * norms[other]!;
      if (signatures.some((signature) => this.#product(signature, other) >= bar) && ++found >= crowd) return true;
    }
    return false;
  }

  /** Pictures of equal bytes under different names. */
  #exact(classes: readonly string[]): readonly CopyPair[] {
    const pairs: CopyPair[] = [];
    /** The first picture of each split with these bytes: of training splits, then of those passed. */
    const firsts = new Map<number, Map<string, Kept>>();
    const remember = (picture: Kept): void => {
      const known = firsts.get(picture.content) ?? new Map<string, Kept>();
      firsts.set(picture.content, known);
      if (!known.has(picture.split)) known.set(picture.split, picture);
    };
    const isShared = repeated(this.#pictures);
    const shared = this.#pictures.filter(({ content }) => isShared.has(content));
    for (const picture of shared) if (!picture.isEvaluated) remember(picture);
    for (const picture of shared) {
      if (!picture.isEvaluated) continue;
      for (const partner of firsts.get(picture.content)?.values() ?? [])
        if (partner.name !== picture.name)
          pairs.push({ ...pairOf(picture, { likeness: 1, partner, isMirrored: false }, classes), exact: true });
      remember(picture);
    }
    return pairs;
  }
}

function repeated(pictures: readonly Kept[]): ReadonlySet<number> {
  const once = new Set<number>();
  const several = new Set<number>();
  for (const { content } of pictures) (once.has(content) ? several : once).add(content);
  return several;
}

function pairOf(picture: Kept, { likeness, partner, isMirrored }: Match, classes: readonly string[]): CopyPair {
  const shown = ({ split, index, name, label, width, height }: Kept): CopiedPicture => ({
    split,
    index,
    file: printable(name),
    class: label === undefined ? null : (classes[label] ?? null),
    width,
    height,
  });
  const isResized = picture.width !== partner.width || picture.height !== partner.height;
  return {
    picture: shown(picture),
    copyOf: shown(partner),
    exact: false,
    changes: [...(isResized ? ['resized' as const] : []), ...(isMirrored ? ['mirrored' as const] : [])],
    likeness: Math.round(likeness * 1e4) / 1e4,
  };
}
