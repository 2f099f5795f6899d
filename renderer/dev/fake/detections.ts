/** A made-up evaluation of detections. */
import type { ResultRow } from '../../../electron/api/runs.ts';
import type { DetectionSummary, ErrorKind, KeptError } from '../../../trainer/protocol/detections.ts';
import type { EvaluatedDetections } from '../../../trainer/protocol/results.ts';
import { streetClasses } from './pictures.ts';
import { type FakeAnswers, type FakeWorld } from './world.ts';

export const detectorRun = 'detector-1';

export const detectorResults: readonly ResultRow[] = [
  {
    evaluator: 'detection-c4',
    dataset: 'voc',
    fingerprint: 'voc',
    split: 'test',
    metric: 'ap50',
    unit: 'percent',
    value: 62.4,
    n: 4952,
    which: 'last',
    protocol: { rules: 'voc-2007' },
    withoutCopies: null,
    detections: 'results/detections.json',
  },
];

const kinds: Readonly<Record<ErrorKind, number>> = {
  localisation: 31,
  class: 12,
  duplicate: 4,
  background: 140,
  both: 9,
  missed: 55,
};

const summary: DetectionSummary = {
  images: 4952,
  rules: 'voc-2007',
  classes: ['aeroplane', 'bicycle', 'bird'].map((name, at) => ({
    name,
    category: at + 1,
    ap50: at === 2 ? null : 71.5 - 20 * at,
    ap: at === 2 ? null : 40.1 - 10 * at,
    objects: at === 2 ? 0 : 285 - at,
    detections: 900 + at,
    curve:
      at === 2
        ? []
        : Array.from({ length: 40 }, (_, step) => ({
            recall: (step + 1) / 50,
            precision: 1 - (step / 60) ** 2 - 0.1 * at,
            score: 1 - step / 45,
          })),
    errors: Object.fromEntries(Object.entries(kinds).map(([kind, count]) => [kind, count + at])),
  })),
};

const errorOf = (kind: ErrorKind, place: number): KeptError => ({
  kind,
  file: `test/${place}.jpg`,
  width: 28,
  height: 28,
  detection: kind === 'missed' ? null : { class: place % 2, score: 0.99 - place / 200, box: [5, 4, 18, 20] },
  object: kind === 'background' ? null : { class: kind === 'class' ? 1 - (place % 2) : place % 2, box: [7, 6, 22, 24] },
  overlap: kind === 'background' ? 0.04 : 0.38,
});

/** Of a result file that somebody chose. */
export const evaluated: EvaluatedDetections = {
  rules: 'coco',
  images: 300,
  imagesWithout: 12,
  detections: 4210,
  masksLeftOut: 'detections',
  missing: [],
  classes: streetClasses,
  figures: [
    { metric: 'box-ap', value: 37.4, spread: 1.6 },
    { metric: 'box-ap50', value: 58.21, spread: null },
    { metric: 'box-ap75', value: 40.9, spread: null },
  ].map(({ metric, value, spread }) => ({
    metric,
    value,
    byClass: streetClasses.map((_, at) => (at === 2 ? null : value + 6 - 12 * at)),
    spread:
      spread === null
        ? null
        : {
            resamples: 1000,
            bias: 0.02,
            bounds: [{ confidence: 0.95, low: value - spread, high: value + spread }],
          },
  })),
};

export function detectionAnswers(
  world: FakeWorld,
): FakeAnswers<'detections' | 'detectionErrors' | 'evaluateDetections'> {
  return {
    evaluateDetections: async (_file, _fingerprint, _split, rules) => {
      await world.sideJob('evaluateDetections', 'evaluating');
      return { ...evaluated, rules };
    },
    detections: (run) => (run === detectorRun ? summary : null),
    detectionErrors: (_run, { kind, class: label }, from, count) => {
      const own = summary.classes.filter((_, at) => label === null || label === at);
      const total = own.reduce((sum, { errors }) => sum + (errors[kind] ?? 0), 0);
      const places = Array.from({ length: Math.max(0, Math.min(count, total - from)) }, (_, at) => from + at);
      return { total, errors: places.map((place) => errorOf(kind, place)) };
    },
  };
}
