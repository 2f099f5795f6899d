/**
 * The work of a run before anything of its shape was timed: multiply-accumulates of its networks, steps, and pixels to augment,
 * from its configuration. Pure. Within a factor of two it is what a run does; normalisation, activations and the data's own format
 * are left out.
 */
import type { Choice } from '../../../trainer/protocol/options.ts';
import type { EvaluateConfig, PretrainConfig, RunConfig } from '../../../trainer/protocol/run.ts';
import { stepsOf } from './step-count.ts';

export interface RoughWork {
  /** Multiply-accumulates, forward and backward. */
  readonly macs: number;
  readonly steps: number;
  /** Pixels of the views and images that are made from files. */
  readonly pixels: number;
}

/** Images by their source; null where nobody knows. */
export type ImagesOf = (source: PretrainConfig['data']) => number | null;

/** A backward pass costs two forward passes. */
const trainedTimes = 3;

interface ResnetShape {
  readonly depths: readonly number[];
  readonly isBottleneck: boolean;
}
const resnets: Readonly<Record<string, ResnetShape>> = {
  'resnet-18': { depths: [2, 2, 2, 2], isBottleneck: false },
  'resnet-50': { depths: [3, 4, 6, 3], isBottleneck: true },
  'resnet-101': { depths: [3, 4, 23, 3], isBottleneck: true },
  'resnet-200': { depths: [3, 24, 36, 3], isBottleneck: true },
  'resnet-caffe2': { depths: [3, 4, 6, 3], isBottleneck: true },
};
const vitS = { patch: 16, width: 384, depth: 12 };
const vitB = { patch: 16, width: 768, depth: 12 };

const numberIn = ({ options }: Choice, key: string, otherwise: number): number => {
  const value = options[key];
  return typeof value === 'number' ? value : otherwise;
};

function resnetMacs({ depths, isBottleneck }: ResnetShape, encoder: Choice, size: number): number {
  const width = numberIn(encoder, 'width', 64);
  const isSmall = encoder.options['stem'] === 'small';
  let side = isSmall ? size / numberIn(encoder, 'stemStride', 1) : size / 2;
  let macs = (isSmall ? 9 : 49) * 3 * width * side ** 2;
  if (!isSmall) side /= 2;
  let inputs = width;
  for (const [stage, depth] of depths.entries()) {
    const planes = width * 2 ** stage;
    if (stage > 0) side /= 2;
    for (let block = 0; block < depth; block++) {
      const outputs = isBottleneck ? 4 * planes : planes;
      const weights = isBottleneck
        ? inputs * planes + 9 * planes ** 2 + planes * outputs
        : 9 * inputs * planes + 9 * planes ** 2;
      macs += (weights + (inputs === outputs ? 0 : inputs * outputs)) * side ** 2;
      inputs = outputs;
    }
  }
  return macs;
}

/** Multiply-accumulates of an encoder for one square image, forward. */
export function encoderMacs(encoder: Choice, size: number): number {
  const shape = resnets[encoder.id];
  if (shape !== undefined) return resnetMacs(shape, encoder, size);
  const usual = encoder.id === 'vit-s-16' ? vitS : vitB;
  const [patch, width, depth] = [
    numberIn(encoder, 'patch', usual.patch),
    numberIn(encoder, 'width', usual.width),
    numberIn(encoder, 'depth', usual.depth),
  ];
  const tokens = (size / patch) ** 2 + 1;
  return depth * (12 * width ** 2 * tokens + 2 * tokens ** 2 * width) + 3 * patch ** 2 * width * tokens;
}

/** Width of what an encoder gives. */
function representationOf(encoder: Choice): number {
  const shape = resnets[encoder.id];
  if (shape !== undefined) return numberIn(encoder, 'width', 64) * 8 * (shape.isBottleneck ? 4 : 1);
  return numberIn(encoder, 'width', encoder.id === 'vit-s-16' ? vitS.width : vitB.width);
}

/** Layers of an expander or a projector are an option of a method: their widths. */
function headMacs({ options }: Choice, inputs: number): number {
  return Object.values(options).reduce<number>((sum, widths) => {
    if (!Array.isArray(widths) || widths.length < 2) return sum;
    return widths.reduce<number>((macs, width, at) => macs + (at === 0 ? inputs : widths[at - 1]!) * width, sum);
  }, 0);
}

function pretrainWork(config: PretrainConfig, imagesOf: ImagesOf): RoughWork | null {
  const images = imagesOf(config.data);
  if (images === null) return null;
  const steps = stepsOf(config, images);
  const seen = steps * config.batch;
  const head = headMacs(config.method, representationOf(config.encoders[0]));
  const perImage = config.views.reduce((sum, view, at) => {
    return sum + encoderMacs(config.encoders[at === 1 ? 1 : 0] ?? config.encoders[0], view.size) + head;
  }, 0);
  const pixels = config.views.reduce((sum, view) => sum + view.size ** 2, 0);
  return { macs: trainedTimes * perImage * seen, steps, pixels: pixels * seen };
}

/** Whole pictures, in place of squares of a size, and what detectors compute beside their backbone. */
const detectors: Readonly<Record<string, number>> = { 'detection-c4': 6, 'detection-fpn': 3 };
/** Length of a picture whose short side is 1, as most photographs have it. */
const usualLength = 4 / 3;

function evaluationWork(config: EvaluateConfig, encoder: Choice | null, imagesOf: ImagesOf): RoughWork | null {
  const [train, test] = [imagesOf(config.train), imagesOf(config.test)];
  if (train === null || test === null) return null;
  const { evaluator, preprocessing } = config;
  const detector = detectors[evaluator.id];
  if (detector !== undefined) return encoder && detectorWork(evaluator, encoder, detector, test);
  const size = preprocessing.crop;
  const forward = encoder === null ? 0 : encoderMacs(encoder, size);
  const batch = numberIn(evaluator, 'batch', 256);
  const epochs = numberIn(evaluator, 'epochs', 0);
  const learned = train * numberIn(evaluator, 'fraction', 1);
  const headSteps = Math.ceil((learned * epochs) / batch);
  if (evaluator.id === 'semi-supervised') {
    const seen = learned * epochs;
    return {
      macs: forward * (trainedTimes * seen + test),
      steps: headSteps,
      pixels: size ** 2 * (seen + test),
    };
  }
  // Augmented images pass the frozen encoder anew in every epoch; features are extracted once.
  const passes = evaluator.options['inputs'] === 'images' ? Math.max(1, epochs) : 1;
  const width = encoder === null ? size ** 2 : representationOf(encoder);
  const compared = evaluator.id === 'knn' ? train * test * width : 0;
  const seen = train * passes + test;
  return { macs: forward * seen + compared, steps: headSteps, pixels: size ** 2 * seen };
}

function detectorWork(evaluator: Choice, encoder: Choice, times: number, test: number): RoughWork {
  const sides = evaluator.options['shortSides'];
  const short =
    Array.isArray(sides) && sides.length > 0 ? sides.reduce((sum, side) => sum + side, 0) / sides.length : 800;
  const [batch, steps] = [numberIn(evaluator, 'batch', 16), numberIn(evaluator, 'steps', 0)];
  const area = short ** 2 * usualLength;
  const forward = times * encoderMacs(encoder, Math.sqrt(area));
  const seen = steps * batch;
  return { macs: forward * (trainedTimes * seen + test), steps, pixels: area * (seen + test) };
}

/** Null where the number of images is not known. @param evaluated configuration of the run under evaluation, if it is one */
export function roughWork(config: RunConfig, evaluated: RunConfig | null, imagesOf: ImagesOf): RoughWork | null {
  if (config.kind === 'pretrain') return pretrainWork(config, imagesOf);
  const { subject } = config;
  if (subject.kind === 'pixels') return evaluationWork(config, null, imagesOf);
  if ('encoder' in subject) return evaluationWork(config, subject.encoder, imagesOf);
  if (evaluated?.kind !== 'pretrain') return null;
  return evaluationWork(config, evaluated.encoders[subject.branch] ?? evaluated.encoders[0], imagesOf);
}
