/** What `golden/coco.py` writes: masks and detections drawn, and what pycocotools makes of them. */
import { readFileSync } from 'node:fs';
import type { Box } from '../boxes.ts';
import { cocoFigureNames, cocoFigures, cocoPrecision, cocoTable, cocoThresholds, startCoco } from '../figures/coco.ts';
import { compressRuns, expandRuns } from '../masks/compressed-runs.ts';
import { maskOf, rasteriseRing } from '../masks/polygons.ts';
import { maskArea, maskBox, maskOverlap, measureMask, mergeMasks } from '../masks/run-lengths.ts';
import type { AnnotatedImage, Detection } from '../objects.ts';

interface GoldenMask {
  readonly height: number;
  readonly width: number;
  readonly rings: readonly (readonly number[])[];
  readonly masks: readonly string[];
  readonly union: string;
  readonly area: number;
  readonly box: readonly number[];
  readonly other: string;
  readonly otherBox: readonly number[];
  readonly both: string;
  readonly overlap: number;
  readonly crowd: number;
}

interface GoldenEntry {
  readonly image_id: number;
  readonly category_id: number;
  readonly bbox: readonly [number, number, number, number];
  readonly segmentation: { readonly size: readonly [number, number]; readonly counts: string };
}

interface GoldenFigures {
  /** In the order of `cocoFigureNames`; -1 where there is none. */
  readonly figures: readonly number[];
  /** [classes, areas, thresholds] */
  readonly precision: readonly (readonly (readonly number[])[])[];
  /** [classes, areas, maxima 1, 10, 100] */
  readonly recall: readonly (readonly (readonly number[])[])[];
}

export interface GoldenCase {
  readonly name: string;
  readonly data: {
    readonly images: readonly { readonly id: number; readonly width: number; readonly height: number }[];
    readonly annotations: readonly (GoldenEntry & { readonly area: number; readonly iscrowd: number })[];
    readonly categories: readonly { readonly id: number }[];
  };
  readonly detections: readonly (GoldenEntry & { readonly score: number })[];
  readonly boxes: GoldenFigures;
  readonly masks: GoldenFigures;
}

export interface GoldenCoco {
  readonly masks: readonly GoldenMask[];
  readonly cases: readonly GoldenCase[];
}

export const readGoldenCoco = (path: string | URL): GoldenCoco => JSON.parse(readFileSync(path, 'utf8')) as GoldenCoco;

/** [left, top, width, height], as pycocotools writes boxes. */
const sized = ([left, top, right, bottom]: Box): readonly number[] => [left, top, right - left, bottom - top];

/** What this program makes of the same rings, in the words of pycocotools. */
export function measuredHere({ height, width, rings, other: text }: GoldenMask): Omit<GoldenMask, 'rings'> {
  const union = maskOf({ kind: 'polygons', rings }, height, width);
  const other = expandRuns(text, height, width);
  const [one, second] = [measureMask(union), measureMask(other)];
  return {
    height,
    width,
    masks: rings.map((ring) => compressRuns(rasteriseRing(ring, height, width).counts)),
    union: compressRuns(union.counts),
    area: maskArea(union),
    box: sized(maskBox(union)),
    other: compressRuns(other.counts),
    otherBox: sized(maskBox(other)),
    both: compressRuns(mergeMasks([union, other], 'intersection').counts),
    overlap: maskOverlap(one, second, false),
    crowd: maskOverlap(one, second, true),
  };
}

const boxOf = ([left, top, width, height]: GoldenEntry['bbox']): Box => [left, top, left + width, top + height];

const runsOf = ({ size: [height, width], counts }: GoldenEntry['segmentation']) => expandRuns(counts, height, width);

export function annotated({ data }: GoldenCase): readonly AnnotatedImage[] {
  const classes = data.categories.map(({ id }) => id);
  return data.images.map(({ id, width, height }) => ({
    file: `${id}.jpg`,
    id: String(id),
    width,
    height,
    objects: data.annotations
      .filter((each) => each.image_id === id)
      .map((each) => ({
        class: classes.indexOf(each.category_id),
        box: boxOf(each.bbox),
        area: each.area,
        crowd: each.iscrowd === 1,
        difficult: false,
        mask: { kind: 'run-lengths', ...runsOf(each.segmentation) },
      })),
  }));
}

export function detected({ data, detections }: GoldenCase, image: number): readonly Detection[] {
  const classes = data.categories.map(({ id }) => id);
  return detections
    .filter((each) => each.image_id === image)
    .map((each) => ({
      class: classes.indexOf(each.category_id),
      score: each.score,
      box: boxOf(each.bbox),
      mask: runsOf(each.segmentation),
    }));
}

export function matchedHere(golden: GoldenCase, of: 'boxes' | 'masks') {
  const evaluation = startCoco(annotated(golden), golden.data.categories.length, of);
  for (const { id } of golden.data.images) evaluation.add(String(id), detected(golden, id));
  return evaluation.finish();
}

/** What this program makes of the same detections, with pycocotools' -1 for a figure that is not there. */
export function figuresHere(golden: GoldenCase, of: 'boxes' | 'masks'): GoldenFigures {
  const matches = matchedHere(golden, of);
  const table = cocoTable(matches);
  const figures = cocoFigures(matches, table);
  return {
    figures: cocoFigureNames.map((name) => figures[name].value ?? -1),
    precision: table.map(({ label }) =>
      matches.areas.map((_, area) =>
        cocoThresholds.map((__, threshold) => cocoPrecision(matches, label, threshold, area) ?? -1),
      ),
    ),
    recall: table.map(({ figures: { AR1, AR10, AR100, ARs, ARm, ARl } }) => [
      [AR1 ?? -1, AR10 ?? -1, AR100 ?? -1],
      ...[ARs, ARm, ARl].map((value) => [value ?? -1]),
    ]),
  };
}

/** Largest difference between the golden figures and ours. */
export function deviationOf(golden: GoldenFigures, own: GoldenFigures): number {
  const expected = [
    golden.figures,
    golden.precision,
    // Of single areas only the recall of a hundred detections is a figure.
    golden.recall.map(([all = [], ...areas]) => [all, ...areas.map((maxima) => [maxima[2]])]),
  ].flat(4) as number[];
  const actual: readonly number[] = [own.figures, own.precision, own.recall].flat(4);
  if (expected.length !== actual.length) return Number.POSITIVE_INFINITY;
  return Math.max(...expected.map((value, at) => Math.abs(value - actual[at]!)));
}
