import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Inspection } from '../../../trainer/protocol/dataset.ts';
import type { Choice } from '../../../trainer/protocol/options.ts';
import { pixelScalings, type ImportedWeights, type PixelScaling } from '../../../trainer/protocol/weights.ts';
import type { EvaluateConfig, Normalization, Preprocessing, PretrainConfig } from '../../../trainer/protocol/run.ts';

/** One entry per channel: a grey data set uses the mean of three-channel statistics. */
export function normalizationFor(given: Normalization, channels: number | null): Normalization {
  if (channels !== 1 || given.mean.length === 1) return given;
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean: [mean(given.mean)], std: [mean(given.std)] };
}

/**
 * Images that all have the required size are used as they are; others are resized and cropped in the paper's
 * proportion, 256 to 224 (evaluate.py).
 */
export function preprocessingFor(size: number, inspection: Inspection): Preprocessing {
  const { smallest, largest } = inspection;
  const exact = [smallest, largest].every((image) => image !== null && image[0] === size && image[1] === size);
  return { resize: exact ? null : Math.round((size * 256) / 224), crop: size, interpolation: 'bilinear' };
}

/** Preprocessing of a branch's images: that of its probe (on the first branch), otherwise the size of its view. */
export function usualPreprocessing(config: PretrainConfig, branch: 0 | 1, inspection: Inspection): Preprocessing {
  const probed = branch === 0 ? config.probe?.preprocessing : undefined;
  return probed ?? preprocessingFor(config.views[branch]?.size ?? 224, inspection);
}

function scalingOf(scaling: PixelScaling): Normalization {
  const { mean, std } = pixelScalings[scaling];
  return { mean: [...mean], std: [...std] };
}

/** Programs whose own evaluation of vision transformers resizes images bicubically. */
const bicubicPrograms = ['DINO', 'iBOT', 'DINOv2', 'DINOv2 with registers', 'MAE', 'timm'];
/** DINOv2's last epochs were at this size, and its evaluation is at 224. */
const dinov2Size = 518;

function sizeFor({ options }: Choice, { smallest }: Inspection): number {
  if (options['stem'] === 'small') return smallest?.[0] ?? 32;
  const positions = options['imageSize'];
  return typeof positions !== 'number' || positions === dinov2Size ? 224 : positions;
}

/** As the file tells, or as sample pictures fit its statistics. */
function seenScaling({ norms, pixelsFrom, convention }: ImportedWeights): PixelScaling {
  if (convention !== undefined) return convention.is === 'caffe2' ? 'levels' : 'imagenet';
  return norms?.scaling ?? (pixelsFrom ? 'signed' : 'imagenet');
}

/**
 * Images as imported weights see them: the official code's preprocessing, normalised as their statistics or their file say; a network
 * for small images gets them unchanged.
 *
 * @throws FaultError `bad-argument` if the images have another number of channels
 */
export function imagesForWeights(
  weights: ImportedWeights,
  inspection: Inspection,
): { readonly preprocessing: Preprocessing; readonly normalization: Normalization } {
  const { id, name, channels, encoder, layout } = weights;
  const own = inspection.channels;
  if (own !== null && own !== channels)
    throw new FaultError(
      'bad-argument',
      `"${name}" sees ${channels} channels, and the images of ${inspection.path} have ${own}.`,
      { weights: id, channels: own },
    );
  const usual = preprocessingFor(sizeFor(encoder, inspection), inspection);
  const isBicubic = layout !== null && bicubicPrograms.includes(layout);
  return {
    preprocessing: isBicubic ? { ...usual, interpolation: 'bicubic' } : usual,
    normalization: normalizationFor(scalingOf(seenScaling(weights)), channels),
  };
}

const vitBaseWidth = 768;

/**
 * What an evaluator reads of imported weights, where their program has a way of its own: DINO and iBOT give a linear head the
 * class tokens of four blocks of a ViT-S, and the mean of the patches beside the class token from ViT-B on.
 */
export function layerForWeights(
  { layout, encoder }: Pick<ImportedWeights, 'layout' | 'encoder'>,
  evaluator: string,
): Pick<EvaluateConfig, 'layer'> {
  if (evaluator !== 'linear' || (layout !== 'DINO' && layout !== 'iBOT') || encoder.id !== 'vit') return {};
  return { layer: Number(encoder.options['width']) < vitBaseWidth ? 'class-4' : 'class-patches' };
}

/**
 * The evaluator with what the file of weights tells of its detector, which is measured as it is unless something else is asked for.
 * A detector for other classes than the data's is no use: its encoder is.
 */
export function withDetectorOf(
  { detector }: Pick<ImportedWeights, 'detector'>,
  evaluator: Choice,
  { classes }: Pick<Inspection, 'classes'>,
): Choice {
  const { startFrom = 'detector' } = evaluator.options;
  const isUsable = detector?.evaluator === evaluator.id && detector.classes === classes.length;
  if (!isUsable || startFrom !== 'detector') return evaluator;
  return { ...evaluator, options: { steps: 0, ...detector.options, startFrom, ...evaluator.options } };
}
