/** Gathers the points of curves in bounded memory, as their readers find them. */
import type { ReferenceKind } from '../../../trainer/protocol/reference-curves.ts';
import { said, type Sentence } from '../../../trainer/protocol/sentence.ts';

export interface CollectedCurve {
  readonly source: string;
  readonly positions: readonly number[];
  /** Null: not finite. */
  readonly values: readonly (number | null)[];
}

/** What a reader takes out of a file. */
export interface FoundCurves {
  readonly kind: ReferenceKind;
  readonly axis: 'step' | 'epoch';
  /** Null if the file does not tell. */
  readonly stepsPerEpoch: number | null;
  /** Images of a step. */
  readonly batch: number | null;
  readonly curves: readonly CollectedCurve[];
  /** What was left out, cut or changed. */
  readonly notes: readonly Sentence[];
}

export interface CollectLimits {
  /** Curves; what has other names is left out, and said. */
  readonly curves: number;
  /** Points of a curve, beyond which every second one is kept, then every fourth, … */
  readonly pointsOfCurve: number;
  readonly points: number;
}

export const usualLimits: CollectLimits = { curves: 500, pointsOfCurve: 10_000, points: 1_000_000 };

interface Gathered {
  positions: number[];
  values: (number | null)[];
  /** One point of this many is kept. */
  every: number;
  seen: number;
  /** Position of the last point, kept or not. */
  last: number;
}

export class CurveCollector {
  readonly #limits: CollectLimits;
  readonly #curves = new Map<string, Gathered>();
  readonly #beyond = new Set<string>();
  #pointsOfCurve: number;
  #points = 0;
  #replaced = 0;

  constructor(limits: CollectLimits = usualLimits) {
    this.#limits = limits;
    this.#pointsOfCurve = limits.pointsOfCurve;
  }

  /** @param value null if it is not finite */
  add(source: string, position: number, value: number | null): void {
    let curve = this.#curves.get(source);
    if (curve === undefined) {
      if (this.#curves.size >= this.#limits.curves) {
        if (this.#beyond.size < this.#limits.curves) this.#beyond.add(source);
        return;
      }
      curve = { positions: [], values: [], every: 1, seen: 0, last: -Infinity };
      this.#curves.set(source, curve);
    }
    if (position <= curve.last) this.#cutFrom(curve, position);
    curve.last = position;
    if (curve.seen++ % curve.every !== 0) return;
    curve.positions.push(position);
    curve.values.push(value);
    this.#points += 1;
    if (curve.positions.length > this.#pointsOfCurve) this.#halve(curve);
    if (this.#points > this.#limits.points) {
      this.#pointsOfCurve = Math.max(1, this.#pointsOfCurve >> 1);
      for (const other of this.#curves.values())
        while (other.positions.length > this.#pointsOfCurve) this.#halve(other);
    }
  }

  /** A program that was started again counts from an earlier step on: what it recorded then counts, as in TensorBoard. */
  #cutFrom(curve: Gathered, position: number): void {
    let kept = curve.positions.length;
    while (kept > 0 && curve.positions[kept - 1]! >= position) kept -= 1;
    const cut = curve.positions.length - kept;
    curve.positions.length = kept;
    curve.values.length = kept;
    this.#points -= cut;
    this.#replaced += cut;
    // The next point is kept.
    curve.seen = kept * curve.every;
  }

  #halve(curve: Gathered): void {
    const before = curve.positions.length;
    curve.positions = curve.positions.filter((_, at) => at % 2 === 0);
    curve.values = curve.values.filter((_, at) => at % 2 === 0);
    // `seen` counts on: of the next points those are kept whose number is a multiple of the new step.
    curve.every *= 2;
    this.#points -= before - curve.positions.length;
  }

  curves(): readonly CollectedCurve[] {
    return [...this.#curves].map(([source, { positions, values }]) => ({ source, positions, values }));
  }

  /** What was cut or left out. */
  notes(): readonly Sentence[] {
    const thinned = [...this.#curves].filter(([, { every }]) => every > 1);
    const most = Math.max(1, ...thinned.map(([, { every }]) => every));
    return [
      ...(thinned.length > 0
        ? [said`of long curves every ${most}th point or more is kept (curves: ${thinned.length})`]
        : []),
      ...(this.#replaced > 0
        ? [said`the recording began again at an earlier step; points of before, left out: ${this.#replaced}`]
        : []),
      ...(this.#beyond.size > 0
        ? [said`more than ${this.#limits.curves} curves; those after them are left out: ${named([...this.#beyond])}`]
        : []),
    ];
  }
}

const mostNamed = 5;

/** A few of many names. */
export function named(names: readonly string[]): readonly (string | Sentence)[] {
  const rest = names.length - mostNamed;
  return rest > 0 ? [...names.slice(0, mostNamed), said`${rest} more`] : names;
}
