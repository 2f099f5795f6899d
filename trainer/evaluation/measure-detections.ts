/** The figures of what is found in pictures, with the files that tell what was found and what is wrong with it. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { resampleFigure } from '../detection/figures/bootstrap.ts';
import {
  errorKinds,
  errorsOf,
  tallyErrors,
  type DetectionError,
  type ErrorTally,
} from '../detection/figures/errors.ts';
import { countedOf } from '../detection/figures/match-table.ts';
import { pointsOf } from '../detection/figures/precision-recall.ts';
import { startCounting, type Counted, type DetectionFigure, type LeadingFigure } from '../detection/figures/rules.ts';
import type { Box } from '../detection/boxes.ts';
import type { AnnotatedImage } from '../detection/objects.ts';
import { writeWhileFound, type TellDetections } from '../detection/results/write-found.ts';
import { writeAtomically } from '../durable/files.ts';
import {
  detectionFiles,
  mostErrors,
  type DetectionRules,
  type DetectionSummary,
  type KeptError,
} from '../protocol/detections.ts';
import type { Spread } from '../protocol/results.ts';

/** A curve is drawn a few hundred pixels wide. */
const curvePoints = 100;
/** The same resampling for every figure: one fixed seed. */
const resampling = { seed: 1, resamples: 1000 };
/** By which figures are shown and judged. */
const confidences = [0.9, 0.95];

export interface DetectionsToMeasure {
  readonly rules: DetectionRules;
  readonly images: readonly AnnotatedImage[];
  readonly classes: readonly string[];
  readonly masks: boolean;
  readonly categories: readonly number[];
  /** Run's folder, where files are kept; null: none are. */
  readonly folder: string | null;
  /** Tells every image once, those without a detection too or not. */
  readonly find: (tell: TellDetections) => Promise<void>;
  /** Of the resampling, 0 to 1. */
  readonly progress: (fraction: number) => Promise<void>;
}

export interface MeasuredDetections extends DetectionFigure {
  readonly spread: Spread | null;
}

/** How far a figure may lie from it over other samples of its images, in percent; null without a figure. */
async function spreadOf(
  { matches, ...figure }: LeadingFigure,
  progress: (fraction: number) => Promise<void>,
): Promise<Spread | null> {
  const resampled = await resampleFigure(matches, null, figure, { ...resampling, progress });
  if (resampled === null) return null;
  const { bias, interval } = resampled;
  const percent = (value: number): number => 100 * Math.min(1, Math.max(0, value - bias));
  const bounds = confidences.map((confidence) => {
    const { low, high } = interval(confidence);
    return { confidence, low: percent(low), high: percent(high) };
  });
  return { resamples: resampling.resamples, bias: 100 * bias, bounds };
}

function summaryOf(
  { matches, table, maximum }: Counted,
  errors: ErrorTally,
  { rules, images, classes, categories }: DetectionsToMeasure,
): DetectionSummary {
  const percent = (value: number | null): number | null => (value === null ? null : 100 * value);
  return {
    images: images.length,
    rules,
    classes: table.map(({ label, objects, detections, figures }) => {
      const rule = { threshold: 0, area: 0, ...(maximum === undefined ? {} : { maximum }) };
      const counted = countedOf(matches, label, rule);
      return {
        name: classes[label]!,
        category: categories[label]!,
        ap50: percent(figures.AP50),
        ap: percent(figures.AP),
        objects,
        detections,
        curve: counted.positives === 0 ? [] : pointsOf(counted, curvePoints).map(roundedPoint),
        errors: Object.fromEntries(errorKinds.map((kind) => [kind, errors.counts[kind][label]!])),
      };
    }),
  };
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
const roundedPoint = (point: ReturnType<typeof pointsOf>[number]) => ({
  recall: rounded(point.recall, 5),
  precision: rounded(point.precision, 5),
  score: rounded(point.score, 5),
});

function keptError(
  { kind, detection, object, overlap }: DetectionError,
  { file, width, height }: AnnotatedImage,
): KeptError {
  const boxOf = ([left, top, right, bottom]: Box): NonNullable<KeptError['object']>['box'] => [
    rounded(left, 2),
    rounded(top, 2),
    rounded(right, 2),
    rounded(bottom, 2),
  ];
  return {
    kind,
    file,
    width,
    height,
    detection: detection && {
      class: detection.class,
      score: rounded(detection.score, 5),
      box: boxOf(detection.box),
    },
    object: object && { class: object.class, box: boxOf(object.box) },
    overlap: rounded(overlap, 4),
  };
}

async function keepErrors(folder: string, errors: ErrorTally, images: ReadonlyMap<string, AnnotatedImage>) {
  const lines = function* (): Generator<string> {
    for (const kind of errorKinds)
      for (const error of errors.worst(kind)) yield `${JSON.stringify(keptError(error, images.get(error.image)!))}\n`;
  };
  await writeAtomically(join(folder, detectionFiles.errors), lines());
}

/** The figures in percent, those that lead with their spread. */
export async function measureDetections(given: DetectionsToMeasure): Promise<readonly MeasuredDetections[]> {
  const { rules, images, classes, masks, categories, folder, find, progress } = given;
  const counting = startCounting(rules, images, classes.length, masks);
  const errors = tallyErrors(classes.length, mostErrors);
  const byId = new Map(images.map((image) => [image.id, image]));
  const waiting = new Set(byId.keys());
  const count: TellDetections = (image, found) => {
    const rows = counting.add(image, found);
    waiting.delete(image);
    errors.add(errorsOf(byId.get(image)!, rows));
  };
  if (folder === null) await find(count);
  else {
    await mkdir(join(folder, 'results'), { recursive: true });
    await writeWhileFound(join(folder, detectionFiles.found), categories, (tell) =>
      find((image, found) => {
        count(image, found);
        tell(image, found);
      }),
    );
  }
  for (const image of waiting) count(image, []);
  const counted = counting.finish();
  if (folder !== null) {
    const summary = summaryOf(counted, errors, given);
    await writeAtomically(join(folder, detectionFiles.summary), [`${JSON.stringify(summary)}\n`]);
    await keepErrors(folder, errors, byId);
  }
  const spreads = new Map<string, Spread | null>();
  const parts = counted.leading.length;
  for (const [part, leading] of counted.leading.entries())
    spreads.set(leading.metric, await spreadOf(leading, (fraction) => progress((part + fraction) / parts)));
  return counted.figures.map((figure) => ({ ...figure, spread: spreads.get(figure.metric) ?? null }));
}
