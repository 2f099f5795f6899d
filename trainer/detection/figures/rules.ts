/** By which rules findings are counted, and the figures that evaluators declare, in percent. */
import { DetectionRules } from '../../protocol/detections.ts';
import type { AnnotatedImage, Detection } from '../objects.ts';
import type { AveragePrecision } from './bootstrap.ts';
import { cocoTable, cocoFigures, cocoMaximum, startCoco } from './coco.ts';
import type { Evaluation, MatchedRows } from './evaluation.ts';
import type { ClassLine, Figure } from './figure.ts';
import type { Matches } from './match-table.ts';
import { areaUnder, averageAt101, averageAt11 } from './precision-recall.ts';
import { startVoc, vocFigures, vocTable } from './voc.ts';

export const detectionRules = DetectionRules.options;
export type { DetectionRules };

export interface DetectionFigure {
  readonly metric: string;
  /** 0 to 100. */
  readonly value: number | null;
  readonly reason: Figure['reason'];
  /** A class each, 0 to 100; null where a class has no object. */
  readonly byClass: readonly (number | null)[];
}

/** A figure by which an evaluation is told, and what its resampling needs. */
export interface LeadingFigure extends AveragePrecision {
  readonly metric: string;
  readonly matches: Matches;
}

export interface Counted {
  readonly figures: readonly DetectionFigure[];
  /** The first figure of boxes, and of masks where they are counted. */
  readonly leading: readonly LeadingFigure[];
  /** Of boxes. */
  readonly matches: Matches;
  readonly table: readonly ClassLine<'AP' | 'AP50'>[];
  /** Detections of a class per image that count, where not all do. */
  readonly maximum?: number;
}

export interface Counting {
  /** Findings of a picture, by its id; gives how its boxes were matched. */
  add(image: string, found: readonly Detection[]): readonly MatchedRows[];
  finish(): Counted;
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

function cocoCounted(evaluation: Evaluation, names: Names): Counted {
  const matches = evaluation.finish();
  const table = cocoTable(matches);
  const figures = declared(names, cocoFigures(matches, table), table);
  const [name, metric] = Object.entries(names)[0]!;
  const thresholds = name === 'AP' ? matches.thresholds.map((_, at) => at) : [0];
  const rule = { average: averageAt101, thresholds, area: 0, maximum: cocoMaximum };
  return { figures, leading: [{ ...rule, metric, matches }], matches, table, maximum: cocoMaximum };
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
      add: (image, found) => evaluation.add(image, found),
      finish() {
        const matches = evaluation.finish();
        const average = rules === 'voc-2007' ? 'elevenLevels' : 'area';
        const table = vocTable(matches, average);
        const figures = declared(ofBoxes, vocFigures(matches, average, table), table);
        const rule = { average: average === 'area' ? areaUnder : averageAt11, thresholds: [0], area: 0 };
        return { figures, leading: [{ ...rule, metric: 'ap50', matches }], matches, table };
      },
    };
  }
  const boxes = startCoco(images, classes, 'boxes');
  const both = masks ? startCoco(images, classes, 'masks') : null;
  return {
    add(image, found) {
      both?.add(image, found);
      return boxes.add(image, found);
    },
    finish() {
      const ofAll = cocoCounted(boxes, masks ? cocoBoxes : ofBoxes);
      const inMasks = both && cocoCounted(both, cocoMasks);
      if (!inMasks) return ofAll;
      return {
        ...ofAll,
        figures: [...ofAll.figures, ...inMasks.figures],
        leading: [...ofAll.leading, ...inMasks.leading],
      };
    },
  };
}
