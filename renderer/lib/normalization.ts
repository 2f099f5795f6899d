/** Normalisations to choose from for imported weights. Their values match `pixelScalings` of the trainer's protocol. */
import type { Normalization } from '../../trainer/protocol/run.ts';
import type { PixelScaling } from '../../trainer/protocol/weights.ts';
import { isEqual } from './form.ts';

const imagenet = [0.485, 0.456, 0.406];
const same = (value: number): number[] => [value, value, value];

export const scalings: Readonly<Record<PixelScaling, Normalization>> = {
  imagenet: { mean: imagenet, std: [0.229, 0.224, 0.225] },
  signed: { mean: same(0.5), std: same(0.5) },
  unit: { mean: same(0), std: same(1) },
  levels: { mean: imagenet, std: same(1 / 255) },
};
export const scalingNames: readonly PixelScaling[] = ['imagenet', 'signed', 'unit', 'levels'];

/** Of one channel the mean of three, as a draft has it. */
export function normalizationOf(scaling: PixelScaling, channels: number): Normalization {
  const given = scalings[scaling];
  if (channels !== 1) return given;
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean: [mean(given.mean)], std: [mean(given.std)] };
}

/** The one that these values are; null for a person's own. */
export function scalingOf(normalization: Normalization): PixelScaling | null {
  const channels = normalization.mean.length;
  return scalingNames.find((name) => isEqual(normalizationOf(name, channels), normalization)) ?? null;
}
