/**
 * What matching detections with objects found, kept in a few bytes per detection: all figures, curves and bootstraps are
 * computed from it, without boxes or masks and without matching again.
 */

/** Objects whose area in pixels lies in a range, both ends included. */
export interface AreaRange {
  readonly name: 'all' | 'small' | 'medium' | 'large';
  readonly least: number;
  readonly most: number;
}

/** The detections of a class over all images, the highest score first. */
export interface ClassMatches {
  readonly score: Float64Array;
  /** Position of the image in `Matches.images`. */
  readonly image: Int32Array;
  /** 0 for the detection of the class with the highest score in its image. */
  readonly rank: Int32Array;
  /** [detections, areas]: bit t says that the detection found an object at threshold t. */
  readonly matched: Uint16Array;
  /** [detections, areas]: bit t says that the detection counts neither for nor against at threshold t. */
  readonly ignored: Uint16Array;
  /** The images that show objects of the class which count for some area, with how many for each: [images, areas]. */
  readonly objects: { readonly image: Int32Array; readonly counts: Int32Array };
}

export interface Matches {
  /** Ids, in the order in which equal scores of different images count. */
  readonly images: readonly string[];
  /** Least overlaps of a match. */
  readonly thresholds: readonly number[];
  readonly areas: readonly AreaRange[];
  readonly classes: readonly ClassMatches[];
}

/** Numbers in a typed array that grows. */
class Column<T extends Float64Array | Int32Array | Uint16Array> {
  #values: T;
  #length = 0;
  readonly #allocate: (length: number) => T;

  constructor(allocate: (length: number) => T) {
    this.#allocate = allocate;
    this.#values = allocate(64);
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = this.#allocate(2 * this.#length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  at(index: number): number {
    return this.#values[index]!;
  }

  /** The values at `order`, or all of them, a group of `width` numbers for each. */
  taken(order: Int32Array, width = 1): T {
    const taken = this.#allocate(order.length * width);
    order.forEach((from, to) => {
      for (let at = 0; at < width; at++) taken[to * width + at] = this.#values[from * width + at]!;
    });
    return taken;
  }
}

const floats = () => new Column((length) => new Float64Array(length));
const integers = () => new Column((length) => new Int32Array(length));
const bits = () => new Column((length) => new Uint16Array(length));

/** What matching found in one image for one class. */
export interface ImageMatches {
  /** Of the detections, the highest first. */
  readonly scores: readonly number[];
  /** [detections, areas] */
  readonly matched: Uint16Array;
  readonly ignored: Uint16Array;
  /** Objects that count, by area. */
  readonly objects: readonly number[];
}

export interface ClassCollector {
  add(image: number, found: ImageMatches): void;
  finish(): ClassMatches;
}

/** Collects a class image by image, in any order of the images. */
export function collectClass(areas: number): ClassCollector {
  const [score, image, rank, matched, ignored] = [floats(), integers(), integers(), bits(), bits()];
  const [shown, counts] = [integers(), integers()];
  return {
    add(position, found) {
      found.scores.forEach((value, at) => {
        score.push(value);
        image.push(position);
        rank.push(at);
        for (let area = 0; area < areas; area++) {
          matched.push(found.matched[at * areas + area]!);
          ignored.push(found.ignored[at * areas + area]!);
        }
      });
      if (found.objects.every((count) => count === 0)) return;
      shown.push(position);
      for (const count of found.objects) counts.push(count);
    },
    finish() {
      const order = new Int32Array(score.length)
        .map((_, at) => at)
        .sort(
          (one, other) =>
            score.at(other) - score.at(one) || image.at(one) - image.at(other) || rank.at(one) - rank.at(other),
        );
      const everyShown = new Int32Array(shown.length).map((_, at) => at);
      return {
        score: score.taken(order),
        image: image.taken(order),
        rank: rank.taken(order),
        matched: matched.taken(order, areas),
        ignored: ignored.taken(order, areas),
        objects: { image: shown.taken(everyShown), counts: counts.taken(everyShown, areas) },
      };
    },
  };
}

/** The detections of a class that count under one rule, and the objects to be found. */
export interface Counted {
  readonly score: Float64Array;
  readonly image: Int32Array;
  /** 1 where an object was found. */
  readonly isRight: Uint8Array;
  /** Objects to be found, and the images that show them. */
  readonly positives: number;
  readonly objects: { readonly image: Int32Array; readonly count: Int32Array };
}

export interface Rule {
  /** Positions in `Matches.thresholds` and `Matches.areas`. */
  readonly threshold: number;
  readonly area: number;
  /** At most so many detections of a class per image; all of them without it. */
  readonly maximum?: number;
}

export function countedOf({ areas, classes }: Matches, label: number, rule: Rule): Counted {
  const { threshold, area, maximum = Number.POSITIVE_INFINITY } = rule;
  const { score, image, rank, matched, ignored, objects } = classes[label]!;
  const bit = 1 << threshold;
  const kept = new Int32Array(score.length);
  let length = 0;
  for (let at = 0; at < score.length; at++)
    if (rank[at]! < maximum && (ignored[at * areas.length + area]! & bit) === 0) kept[length++] = at;
  const counted = {
    score: new Float64Array(length),
    image: new Int32Array(length),
    isRight: new Uint8Array(length),
  };
  for (let to = 0; to < length; to++) {
    const from = kept[to]!;
    counted.score[to] = score[from]!;
    counted.image[to] = image[from]!;
    counted.isRight[to] = (matched[from * areas.length + area]! & bit) === 0 ? 0 : 1;
  }
  const count = objects.image.map((_, at) => objects.counts[at * areas.length + area]!);
  return {
    ...counted,
    positives: count.reduce((sum, now) => sum + now, 0),
    objects: { image: objects.image, count },
  };
}

/**
 * Positions by image id. Equal scores of different images count in the order of the images: that of numbers, as
 * pycocotools sorts its ids, if all ids are whole numbers, else as given.
 */
export function orderImages(ids: readonly string[]): ReadonlyMap<string, number> {
  const areNumbers = ids.every((id) => /^\d{1,15}$/.test(id));
  const order = areNumbers ? [...ids].sort((one, other) => Number(one) - Number(other)) : ids;
  const positions = new Map<string, number>();
  for (const id of order) {
    if (positions.has(id)) throw new RangeError(`Two images have the id "${id}"; ids must differ.`);
    positions.set(id, positions.size);
  }
  return positions;
}
