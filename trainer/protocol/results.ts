/** A number an evaluator produced, with everything that is needed to compare it honestly. */
import * as v from 'valibot';
import { Natural } from './numbers.ts';
import { DetectionRules } from './detections.ts';
import { resizingOf, type Resizing } from './run.ts';

/** The options that define how a figure was measured: two figures are comparable only when these agree. */
export const Protocol = v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]));
export type Protocol = v.InferOutput<typeof Protocol>;

export const resizingTitles: Readonly<Record<Resizing, string>> = {
  'pillow-13': 'Pillow 13',
  'pillow-12.2': 'Pillow 12.2',
  'pillow-12.1': 'Pillow 12.1',
};
/** What a protocol says of resizing: nothing of the order that every figure of before the choice was measured with. */
export function resizingProtocol(config: Parameters<typeof resizingOf>[0]): Protocol {
  const resizing = resizingOf(config);
  return resizing === 'pillow-12.1' ? {} : { resizing: resizingTitles[resizing] };
}

/** How far a figure may lie from it over other samples of its images. */
export const Spread = v.strictObject({
  /** Samples of the images, drawn with replacement. */
  resamples: v.number(),
  /** Mean of the samples' figures minus the figure, in its unit: the bounds are moved back by it. */
  bias: v.number(),
  /** Percentiles of the samples' figures, at a confidence from 0 to 1. */
  bounds: v.array(v.strictObject({ confidence: v.number(), low: v.number(), high: v.number() })),
});
export type Spread = v.InferOutput<typeof Spread>;

/** A figure class by class; null where nothing of a class is in the split. `cost`: the C that was chosen for it. */
export const ByClass = v.array(v.strictObject({ name: v.string(), value: v.nullable(v.number()), cost: v.number() }));

export const Which = v.picklist(['last', 'best', 'only']);

export const Result = v.strictObject({
  evaluator: v.string(),
  dataset: v.string(),
  fingerprint: v.optional(v.string()),
  split: v.string(),
  /** One that the evaluator's recipe declares, in the unit declared there. */
  metric: v.string(),
  value: v.nullable(v.number()),
  /** Images the value was measured on. */
  n: Natural,
  /** Which epoch of a trained head: the last, or the best on the evaluation set. 'only' where nothing was trained. */
  which: Which,
  epoch: v.optional(v.number()),
  protocol: Protocol,
  /** File in the run's folder with one byte an image: 1 right, 0 wrong. Lets two results on the same images be paired. */
  perImage: v.optional(v.string()),
  /** File in the run's folder with what each image was taken for (`protocol/predictions.ts`). */
  predictions: v.optional(v.string()),
  /** What the value is the mean of. */
  byClass: v.optional(ByClass),
  /** File in the run's folder: float32 scores [n, classes], then a byte each, 1 there, 0 not, -1 left out. For resampling. */
  ranking: v.optional(v.string()),
  /** File in the run's folder with what was found in the images, in COCO's result format. */
  detections: v.optional(v.string()),
  /** Of a figure whose images were resampled when it was measured. */
  spread: v.optional(Spread),
});
export type Result = v.InferOutput<typeof Result>;

/** Figures of detections that anyone's program made. */
export const EvaluatedDetections = v.strictObject({
  rules: DetectionRules,
  images: v.number(),
  /** Images in which nothing was found. */
  imagesWithout: v.number(),
  detections: v.number(),
  /** Why masks in the result file were not counted: the rules, or objects or detections that have none. */
  masksLeftOut: v.nullable(v.picklist(['rules', 'annotations', 'detections'])),
  /** Classes that the result files say nothing of: they count as without detections. */
  missing: v.array(v.string()),
  classes: v.array(v.string()),
  /** In percent; a class each, null where it has no object. */
  figures: v.array(
    v.strictObject({
      metric: v.string(),
      value: v.nullable(v.number()),
      byClass: v.array(v.nullable(v.number())),
      spread: v.nullable(Spread),
    }),
  ),
});
export type EvaluatedDetections = v.InferOutput<typeof EvaluatedDetections>;
