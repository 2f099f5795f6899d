/** What an evaluation of detections leaves behind beside its figures: what was found, and what was wrong with it. */
import * as v from 'valibot';

/** `voc-2007`: average over eleven levels of recall, as detectron2 counts VOC07; `voc-2010`: the area; `coco`: 101 levels. */
export const DetectionRules = v.picklist(['voc-2007', 'voc-2010', 'coco']);
export type DetectionRules = v.InferOutput<typeof DetectionRules>;

/**
 * `localisation`: its class, an overlap from 0.1 to 0.5. `class`: another class, from 0.5 on. `duplicate`: its class, from
 * 0.5 on, found before. `background`: below 0.1 with everything. `both`: another class, from 0.1 to 0.5.
 */
export const ErrorKind = v.picklist(['localisation', 'class', 'duplicate', 'background', 'both', 'missed']);
export type ErrorKind = v.InferOutput<typeof ErrorKind>;

/** In the run's folder. */
export const detectionFiles = {
  /** What was found, in COCO's result format. */
  found: 'results/detections.json',
  /** `DetectionSummary`. */
  summary: 'results/detections-summary.json',
  /** A `KeptError` a line: of each kind the first ones to look at. */
  errors: 'results/errors.ndjson',
} as const;

/** Errors of a kind that are kept: those of the highest scores, of missed objects the largest. */
export const mostErrors = 1000;

const CurvePoint = v.strictObject({
  recall: v.number(),
  precision: v.number(),
  /** Detections from this score on are counted. */
  score: v.number(),
});

const ClassSummary = v.strictObject({
  name: v.string(),
  /** By which result files know it. */
  category: v.number(),
  /** 0 to 100, of boxes; null where the class has no object. */
  ap50: v.nullable(v.number()),
  ap: v.nullable(v.number()),
  objects: v.number(),
  detections: v.number(),
  /** Precision against recall at an overlap of 0.5, both 0 to 1. */
  curve: v.array(CurvePoint),
  /** Errors, by kind: of detections of the class; missed objects of it. */
  errors: v.record(ErrorKind, v.number()),
});

export const DetectionSummary = v.strictObject({
  images: v.number(),
  rules: DetectionRules,
  classes: v.array(ClassSummary),
});
export type DetectionSummary = v.InferOutput<typeof DetectionSummary>;

/** Left, top, right, bottom, in pixels of the picture. */
const Box = v.tuple([v.number(), v.number(), v.number(), v.number()]);

export const KeptError = v.strictObject({
  kind: ErrorKind,
  /** As an inspection writes it. */
  file: v.string(),
  width: v.number(),
  height: v.number(),
  /** Classes by their place in the summary. Null for a missed object. */
  detection: v.nullable(v.strictObject({ class: v.number(), score: v.number(), box: Box })),
  /** The object that is meant; null for background. */
  object: v.nullable(v.strictObject({ class: v.number(), box: Box })),
  /** Overlap of the two, 0 to 1; of a missed object the largest with any detection of its class. */
  overlap: v.number(),
});
export type KeptError = v.InferOutput<typeof KeptError>;
