/**
 * Finds the detector around an encoder in a file with detectron2's names: Faster R-CNN C4 or Mask R-CNN FPN, as our evaluators
 * build them. Sizes follow from the shapes; what is missing, has another shape, or is more than our detector has is said.
 */
import { quoted, said, type Sentence } from '../protocol/sentence.ts';
import type { DetectorInFile } from '../protocol/weights.ts';
import type { Encoder } from '../recipe.ts';
import { doubling, flattened, kernel, matrix, numbers, type DetectorVariable } from './detector-layouts.ts';
import type { StoredTensor, WeightsFile } from './file.ts';

/** A detector with the tensor of each of its variables. */
export interface MatchedDetector extends DetectorInFile {
  readonly variables: ReadonlyMap<DetectorVariable, StoredTensor>;
}

export interface DetectorSearch {
  /** Null where there is no detector, or none like ours: then `reason` says why. */
  readonly detector: MatchedDetector | null;
  readonly reason: Sentence | null;
}

/** An encoder as a detector needs it. */
export interface FoundEncoder {
  /** What stands before its names, `model.backbone.`. */
  readonly prefix: string;
  readonly built: Encoder;
  /** Tensors that it takes. */
  readonly taken: ReadonlySet<string>;
}

type Tensors = ReadonlyMap<string, StoredTensor>;

/** Five sides of anchors on one level, or one on each of five, in three shapes. */
const anchors = { 'detection-c4': 15, 'detection-fpn': 3 } as const;
const boxBins = 7;

/** A norm's four rows of numbers. */
const norm = (path: string, channels: number): readonly DetectorVariable[] =>
  ['weight', 'bias', 'running_mean', 'running_var'].map((name) => numbers(`${path}/${name}`, channels));

const withBias = (layer: DetectorVariable, outputs: number): readonly DetectorVariable[] => [
  layer,
  numbers(layer.path.replace(/weight$/, 'bias'), outputs),
];

function proposalNetwork(channels: number, perPlace: number): readonly DetectorVariable[] {
  const at = 'proposal_generator/rpn_head';
  return [
    ...withBias(kernel(`${at}/conv/weight`, 3, channels, channels), channels),
    ...withBias(kernel(`${at}/objectness_logits/weight`, 1, channels, perPlace), perPlace),
    ...withBias(kernel(`${at}/anchor_deltas/weight`, 1, channels, 4 * perPlace), 4 * perPlace),
  ];
}

function classifier(width: number, classes: number): readonly DetectorVariable[] {
  const at = 'roi_heads/box_predictor';
  return [
    ...withBias(matrix(`${at}/cls_score/weight`, width, classes + 1), classes + 1),
    ...withBias(matrix(`${at}/bbox_pred/weight`, width, 4 * classes), 4 * classes),
  ];
}

function variablesOfC4({ outputs, res4Outputs }: Encoder, classes: number, extraNorm: boolean) {
  return [
    ...proposalNetwork(res4Outputs, anchors['detection-c4']),
    ...(extraNorm ? norm('roi_heads/res5/norm', outputs) : []),
    ...classifier(outputs, classes),
  ];
}

interface PyramidSizes {
  readonly classes: number;
  readonly channels: number;
  readonly boxWidth: number;
  readonly pyramidNorm: boolean;
}

function variablesOfFpn(stages: readonly number[], { classes, channels, boxWidth, pyramidNorm }: PyramidSizes) {
  const layer = (name: string, side: number, inputs: number): readonly DetectorVariable[] => {
    const own = kernel(`backbone/${name}/weight`, side, inputs, channels);
    return pyramidNorm ? [own, ...norm(`backbone/${name}/norm`, channels)] : withBias(own, channels);
  };
  const head = 'roi_heads/mask_head';
  return [
    ...stages.flatMap((inputs, index) => layer(`fpn_lateral${index + 2}`, 1, inputs)),
    ...stages.flatMap((_, index) => layer(`fpn_output${index + 2}`, 3, channels)),
    ...proposalNetwork(channels, anchors['detection-fpn']),
    ...withBias(flattened('roi_heads/box_head/fc1/weight', boxBins, channels, boxWidth), boxWidth),
    ...withBias(matrix('roi_heads/box_head/fc2/weight', boxWidth, boxWidth), boxWidth),
    ...classifier(boxWidth, classes),
    ...[1, 2, 3, 4].flatMap((at) => withBias(kernel(`${head}/mask_fcn${at}/weight`, 3, channels, channels), channels)),
    ...withBias(doubling(`${head}/deconv/weight`, channels, channels), channels),
    ...withBias(kernel(`${head}/predictor/weight`, 1, channels, classes), classes),
  ];
}

/** Detectors of detectron2 that are not built here, by the name of a tensor. */
const others: readonly (readonly [RegExp, string])[] = [
  [/^head\.(cls_subnet|cls_score)\./, 'RetinaNet'],
  [/^roi_heads\.box_(head|predictor)\.0\./, 'Cascade R-CNN'],
  [/^roi_heads\.keypoint_head\./, 'Keypoint R-CNN'],
  [/^(sem_seg_head|transformer|class_embed)\./, 'DETR'],
];

/** Names that belong to a detector, whichever it is. */
const ofDetector = /^(proposal_generator|roi_heads|head)\./;
/** Parts whose every tensor has to be known, or the network is another one. Anchors are computed, counters are not needed. */
const ofOurs: Readonly<Record<DetectorInFile['evaluator'], RegExp>> = {
  'detection-c4': /^(proposal_generator|roi_heads\.(res5|box_head|box_predictor))\./,
  'detection-fpn': /^(backbone\.(fpn_|top_block)|proposal_generator|roi_heads\.(box_head|box_predictor|mask_head))/,
};
const notNeeded = /(^|\.)(anchor_generator\.cell_anchors\.\d+|num_batches_tracked)$/;

const none: DetectorSearch = { detector: null, reason: null };
const refused = (reason: Sentence): DetectorSearch => ({ detector: null, reason });

/** The detector around an encoder. */
export function findDetector(file: WeightsFile, { prefix: encoderPrefix, built, taken }: FoundEncoder): DetectorSearch {
  const [, prefix] = /^(|.*\.)backbone\.(?:bottom_up\.)?$/.exec(encoderPrefix) ?? [];
  if (prefix === undefined) return none;
  const tensors: Tensors = new Map(
    file.tensors.flatMap((tensor) =>
      tensor.name.startsWith(prefix) ? [[tensor.name.slice(prefix.length), tensor] as const] : [],
    ),
  );
  if (![...tensors.keys()].some((name) => ofDetector.test(name))) return none;
  const other = others.find(([pattern]) => [...tensors.keys()].some((name) => pattern.test(name)));
  if (other !== undefined)
    return refused(said`the detector is ${other[1]}, which is not built here; its encoder can be used`);
  const isPyramid = tensors.has('backbone.fpn_lateral2.weight');
  if (isPyramid && !tensors.has('roi_heads.mask_head.deconv.weight'))
    return refused(
      said`the detector has a feature pyramid and no head for masks (roi_heads.mask_head); the detector on a pyramid that is built here finds masks too`,
    );
  return matched(tensors, { prefix, built, taken }, isPyramid ? 'detection-fpn' : 'detection-c4');
}

/** A size of a tensor, 0 where it is not there. */
const sizeOf = (tensors: Tensors, name: string, axis: number): number => tensors.get(name)?.shape[axis] ?? 0;

function matched(tensors: Tensors, { prefix, built, taken }: FoundEncoder, evaluator: DetectorInFile['evaluator']) {
  const { stages } = built;
  if (stages === undefined) return none;
  const classes = sizeOf(tensors, 'roi_heads.box_predictor.cls_score.weight', 0) - 1;
  if (classes < 1)
    return refused(said`${'roi_heads.box_predictor.cls_score.weight'} of the detector is not in the file`);
  const extraNorm = tensors.has('roi_heads.res5.norm.weight');
  const sizes = {
    channels: sizeOf(tensors, 'backbone.fpn_lateral2.weight', 0),
    boxWidth: sizeOf(tensors, 'roi_heads.box_head.fc1.weight', 0),
    pyramidNorm: tensors.has('backbone.fpn_lateral2.norm.weight'),
  };
  const variables =
    evaluator === 'detection-c4'
      ? variablesOfC4(built, classes, extraNorm)
      : variablesOfFpn(stages.channels, { ...sizes, classes });
  const problem = problemOf(variables, tensors) ?? moreThan(variables, tensors, taken, ofOurs[evaluator]);
  if (problem !== null) return refused(problem);
  const found = new Map(variables.map((variable) => [variable, tensors.get(nameOf(variable))!] as const));
  const isCounted = [...tensors.keys()].some((name) => /^backbone\..*num_batches_tracked$/.test(name));
  const options = {
    // Only batch norms that learn count their batches.
    norm: isCounted ? 'batch' : 'frozen',
    ...(evaluator === 'detection-c4' ? { extraNorm } : sizes),
  };
  const detector = { evaluator, prefix, classes, options, tensors: found.size, variables: found };
  return { detector, reason: null };
}

const nameOf = ({ path }: DetectorVariable): string => path.replaceAll('/', '.');

function problemOf(variables: readonly DetectorVariable[], tensors: Tensors): Sentence | null {
  for (const variable of variables) {
    const name = nameOf(variable);
    const shape = tensors.get(name)?.shape;
    if (shape === undefined) return said`${name} of the detector is not in the file`;
    if (shape.join() !== variable.shape.join())
      return said`${name} of the detector has the shape ${quoted(`[${shape.join(', ')}]`)}, where ours has ${quoted(`[${variable.shape.join(', ')}]`)}`;
  }
  return null;
}

/** A layer that our detector has not would be left out without a word. */
function moreThan(
  variables: readonly DetectorVariable[],
  tensors: Tensors,
  taken: ReadonlySet<string>,
  ours: RegExp,
): Sentence | null {
  const known = new Set(variables.map(nameOf));
  const more = [...tensors].find(
    ([name, tensor]) => ours.test(name) && !known.has(name) && !taken.has(tensor.name) && !notNeeded.test(name),
  );
  if (more === undefined) return null;
  return said`${more[0]} of the detector, of the shape ${quoted(`[${more[1].shape.join(', ')}]`)}, has no counterpart in ours`;
}
