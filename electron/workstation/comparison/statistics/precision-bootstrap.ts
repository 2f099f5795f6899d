/** Bootstrap over images of a mean average precision, and of the difference of two. */
import { setImmediate as breathe } from 'node:timers/promises';
import { resampledOf, type Resampled, type Side } from './bootstrap.ts';
import { differenceOf, mapContrast, sumOf, type Contrast } from './contrast.ts';
import type { DifferenceTest } from './hypothesis-tests.ts';
import { generator, uniform } from './random.ts';

/**
 * A run's scores for the images of a split: [images, classes]. `presence`: 1 if the class is present, 0 if not, -1 if
 * the image does not count for this class.
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
 * Area under precision against recall with the highest precision at that recall or beyond (PASCAL VOC's measure since
 * 2010), every image taken `counts[image]` times; NaN without positives.
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
  // From the lowest score up: the maximum so far is the highest at that recall or beyond.
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

/** Mean over the classes with positives, in percent. */
function meanAveragePrecision(classes: readonly RankedClass[], counts: Uint16Array): number {
  const areas = classes.map((ranked) => envelopeArea(ranked, counts)).filter((area) => !Number.isNaN(area));
  return (100 * areas.reduce((sum, area) => sum + area, 0)) / areas.length;
}

/** Fewer than for an accuracy: a mean of average precisions is not a sum over images, so every sample is ranked again. */
const rankingResamples = 1000;

/** Mean of the units of a side, a unit that of its runs; 0 without any. */
function sideFigure(side: Side<readonly RankedClass[]>, counts: Uint16Array): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return mean(side.map((unit) => mean(unit.map((classes) => meanAveragePrecision(classes, counts)))));
}

/** Bootstrap over images of a contrast of mean average precisions on the same images; of a side without runs it is 0. */
export async function bootstrapPrecisionContrast(
  contrast: Contrast<Side<Ranking>>,
  seed: number,
): Promise<Resampled & DifferenceTest> {
  const runs = contrast.flatMap(({ of }) => of.flat());
  const images = runs[0]?.images ?? 0;
  if (images === 0) throw new Error('A bootstrap needs at least one image.');
  const strange = runs.find((run) => run.images !== images);
  if (strange) throw new Error(`Cannot pair ${images} images with ${strange.images}: not the same set.`);
  const ranked = mapContrast(contrast, (side) => side.map((unit) => unit.map(rankedClasses)));
  const figureOf = (counts: Uint16Array): number => sumOf(mapContrast(ranked, (side) => sideFigure(side, counts)));
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

/** That of a side, less that of another if there is one. */
export const bootstrapPrecision = (side: Side<Ranking>, other: Side<Ranking>, seed: number) =>
  bootstrapPrecisionContrast(differenceOf(side, other), seed);
