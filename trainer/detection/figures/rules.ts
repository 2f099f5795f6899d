/** By which rules findings are counted, and the figures that evaluators declare, in percent. */
import type { AnnotatedImage, Detection } from '../objects.ts';
import { cocoTable, cocoFigures, startCoco } from './coco.ts';
import type { Evaluation } from './evaluation.ts';
import type { Figure } from './figure.ts';
import { startVoc, vocFigures, vocTable } from './voc.ts';

/** `voc-2007`: average over eleven levels of recall, as detectron2 counts VOC07; `voc-2010`: the area; `coco`: 101 levels. */
export const detectionRules = ['voc-2007', 'voc-2010', 'coco'] as const;
export type DetectionRules = (typeof detectionRules)[number];

export interface DetectionFigure {
  readonly metric: string;
  /** 0 to 100. */
  readonly value: number | null;
  readonly reason: Figure['reason'];
  /** A class each, 0 to 100; null where a class has no object. */
  readonly byClass: readonly (number | null)[];
}

export interface Counting {
  /** Findings of a picture, by its id. */
  add(image: string, found: readonly Detection[]): void;
  finish(): readonly DetectionFigure[];
}

const percent = (value: number | null | undefined): number | null => (value == null ? null : 100 * value);

type Names = Readonly<Record<string, string>>;

/** Names that evaluators declare, by the names of figures. */
const ofBoxes: Names = { AP50: 'ap50', AP: 'ap', AP75: 'ap75' };
const cocoBoxes: Names = {
  AP: 'box-ap',
  AP50: 'box-ap50',
  AP75: 'box-ap75',
  APs: 'box-ap-small',
  APm: 'box-ap-medium',
  APl: 'box-ap-large',
};
const cocoMasks: Names = {
  AP: 'mask-ap',
  AP50: 'mask-ap50',
  AP75: 'mask-ap75',
  APs: 'mask-ap-small',
  APm: 'mask-ap-medium',
  APl: 'mask-ap-large',
};

function declared(
  names: Names,
  figures: Readonly<Record<string, Figure>>,
  table: readonly { readonly figures: Readonly<Record<string, number | null>> }[],
): readonly DetectionFigure[] {
  return Object.entries(names).map(([name, metric]) => ({
    metric,
    value: percent(figures[name]!.value),
    reason: figures[name]!.reason,
    byClass: table.map((line) => percent(line.figures[name])),
  }));
}

function cocoFiguresOf(evaluation: Evaluation, names: Names): readonly DetectionFigure[] {
  const matches = evaluation.finish();
  const table = cocoTable(matches);
  return declared(names, cocoFigures(matches, table), table);
}

/** @param masks whether masks are counted beside boxes, by COCO's rules */
export function startCounting(
  rules: DetectionRules,
  images: readonly AnnotatedImage[],
  classes: number,
  masks: boolean,
): Counting {
  if (rules !== 'coco') {
    const evaluation = startVoc(images, classes, 'detectron2');
    return {
      add: (image, found) => void evaluation.add(image, found),
      finish() {
        const matches = evaluation.finish();
        const average = rules === 'voc-2007' ? 'elevenLevels' : 'area';
        const table = vocTable(matches, average);
        return declared(ofBoxes, vocFigures(matches, average, table), table);
      },
    };
  }
  const boxes = startCoco(images, classes, 'boxes');
  const both = masks ? startCoco(images, classes, 'masks') : null;
  return {
    add(image, found) {
      boxes.add(image, found);
      both?.add(image, found);
    },
    finish: () => [
      ...cocoFiguresOf(boxes, masks ? cocoBoxes : ofBoxes),
      ...(both ? cocoFiguresOf(both, cocoMasks) : []),
    ],
  };
}
