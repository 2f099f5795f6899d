/** Detections read from a file in any order, in a few bytes each, given back image by image. */
import { compressRuns, expandRuns } from '../masks/compressed-runs.ts';
import type { Detection, RunLengths } from '../objects.ts';

/** The detections in one image. */
export interface ImageDetections {
  /** Id of the image. */
  readonly image: string;
  readonly detections: readonly Detection[];
}

/** Image, class, score and four edges. */
const numbersPerDetection = 7;

export class DetectionStore {
  #numbers = new Float64Array(numbersPerDetection * 1024);
  #length = 0;
  readonly #positions = new Map<string, number>();
  /** Compressed text, by detection: a tenth of the run lengths as numbers. */
  readonly #masks = new Map<number, { readonly height: number; readonly width: number; readonly text: string }>();

  get length(): number {
    return this.#length;
  }

  /** Of so many there is a mask. */
  get masks(): number {
    return this.#masks.size;
  }

  /** Images that have detections. */
  get images(): number {
    return this.#positions.size;
  }

  add(image: string, { class: label, score, box, mask }: Detection): void {
    const position = this.#positions.get(image) ?? this.#positions.size;
    this.#positions.set(image, position);
    const begin = this.#length * numbersPerDetection;
    if (begin === this.#numbers.length) {
      const larger = new Float64Array(2 * this.#numbers.length);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers.set([position, label, score, ...box], begin);
    if (mask)
      this.#masks.set(this.#length, { height: mask.height, width: mask.width, text: compressRuns(mask.counts) });
    this.#length++;
  }

  /** The images that have detections, in the order in which they came; in each, the detections in theirs. */
  *byImage(): Generator<ImageDetections> {
    const imageOf = (at: number): number => this.#numbers[at * numbersPerDetection]!;
    const begins = new Int32Array(this.#positions.size + 1);
    for (let at = 0; at < this.#length; at++) begins[imageOf(at) + 1]!++;
    for (let position = 0; position < this.#positions.size; position++) begins[position + 1]! += begins[position]!;
    const order = new Int32Array(this.#length);
    const next = begins.slice();
    for (let at = 0; at < this.#length; at++) order[next[imageOf(at)]!++] = at;
    for (const [image, position] of this.#positions) {
      const own = order.subarray(begins[position], begins[position + 1]);
      yield { image, detections: Array.from(own, (at) => this.#detection(at)) };
    }
  }

  #detection(at: number): Detection {
    const begin = at * numbersPerDetection;
    const [, label, score, left, top, right, bottom] = this.#numbers.subarray(begin, begin + numbersPerDetection);
    const detection: Detection = { class: label!, score: score!, box: [left!, top!, right!, bottom!] };
    const mask = this.#mask(at);
    return mask ? { ...detection, mask } : detection;
  }

  #mask(at: number): RunLengths | null {
    const mask = this.#masks.get(at);
    return mask ? expandRuns(mask.text, mask.height, mask.width) : null;
  }
}
