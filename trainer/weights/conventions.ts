/**
 * How a network in detectron2's names sees pictures (`Convention`), as far as its file tells, and what follows: which way round
 * the first convolution takes colours, and which convolution of a bottleneck has the stride.
 */
import type { Choice } from '../protocol/options.ts';
import type { Convention, ConventionFrom } from '../protocol/weights.ts';
import type { StoredTensor, WeightsFile } from './file.ts';
import type { Match } from './torchvision-names.ts';

export interface KnownConvention {
  readonly is: Convention;
  readonly from: ConventionFrom;
}

/** Of levels from 0 to 255: red first. */
const meanOfImagenet = [123.675, 116.28, 103.53];
const deviationOfImagenet = [58.395, 57.12, 57.375];
const isNear = (values: ArrayLike<number>, wanted: readonly number[]): boolean =>
  values.length === wanted.length && wanted.every((one, at) => Math.abs(values[at]! - one) < 0.01);

/** By the mean and the deviation of pixels, which detectron2 kept beside the weights until 2020. */
function byPixels(mean: Float32Array, deviation: Float32Array): Convention | null {
  if (isNear(mean, meanOfImagenet.toReversed()) && isNear(deviation, [1, 1, 1])) return 'caffe2';
  return isNear(mean, meanOfImagenet) && isNear(deviation, deviationOfImagenet) ? 'torchvision' : null;
}

/** Caffe's networks were published with batch norms folded into a scale and a shift; detectron2 writes variances less 1e-5. */
const isFolded = (mean: Float32Array, variance: Float32Array): boolean =>
  mean.every((value) => value === 0) && variance.every((value) => Math.abs(value - 1) < 1e-4);

async function readAll(file: WeightsFile, tensors: readonly (StoredTensor | undefined)[]) {
  const [one, other] = tensors;
  return one === undefined || other === undefined ? null : ([await file.read(one), await file.read(other)] as const);
}

/** Null for networks of other programs, and of pictures without colour. */
export async function conventionOf(
  file: WeightsFile,
  { layout, channels, tensors, prefix }: Match,
  wanted: Convention | undefined,
): Promise<KnownConvention | null> {
  if (layout !== 'detectron2' || channels !== 3) return null;
  if (wanted !== undefined) return { is: wanted, from: 'asked' };
  const before = prefix.replace(/backbone\.(bottom_up\.)?$/, '');
  const named = (name: string) => file.tensors.find((tensor) => tensor.name === `${before}${name}`);
  const pixels = await readAll(file, [named('pixel_mean'), named('pixel_std')]);
  const told = pixels && byPixels(...pixels);
  if (told !== null) return { is: told, from: 'pixels' };
  const norms = await readAll(file, [tensors.get('bn1/running_mean'), tensors.get('bn1/running_var')]);
  return norms && isFolded(...norms) ? { is: 'caffe2', from: 'norms' } : { is: 'torchvision', from: 'usual' };
}

/** The encoder whose bottlenecks have their stride where the convention has it. */
export function encoderOfConvention(encoder: Choice, convention: Convention): Choice {
  const layers = /^resnet-(50|101|200)$/.exec(encoder.id)?.[1];
  if (convention !== 'caffe2' || layers === undefined) return encoder;
  return { id: 'resnet-caffe2', options: { layers, width: encoder.options['width']! } };
}

/** A first convolution for blue, green and red, [k, k, 3, out], becomes one for red, green and blue. */
export function withRedFirst(kernel: Float32Array, outputs: number): Float32Array {
  const turned = new Float32Array(kernel.length);
  for (let at = 0; at < kernel.length; at += 3 * outputs)
    for (let channel = 0; channel < 3; channel++) {
      const from = at + (2 - channel) * outputs;
      turned.set(kernel.subarray(from, from + outputs), at + channel * outputs);
    }
  return turned;
}
