/** Judges imported weights by the statistics of their batch norms: were they put together in the right order? */
import type { Engine } from '../engine/engine.ts';
import { pixelScalings, type NormCheck, type PixelScaling } from '../protocol/weights.ts';
import type { Normalization } from '../protocol/run.ts';
import type { Encoder } from '../recipe.ts';
import { normDistances, type NormDistance } from './norm-distances.ts';
import type { Pictures } from './sample-pictures.ts';

/**
 * Limits of the largest distance of a layer, in nats. Residual networks of 20 and 56 layers, trained on CIFAR-10 and
 * shown the sample set, are at 0.13 to 0.19; with two kernels of one shape exchanged at 0.18 to 100, half of them above
 * 0.7; with random kernels above 2; with pixels of another scaling from 0.7 (-1 to 1) to over 1,000 (0 to 255).
 */
export const normLimits = { doubtful: 0.3, unlike: 1 } as const;

function normalizationOf(scaling: PixelScaling, channels: number): Normalization {
  const { mean, std } = pixelScalings[scaling];
  if (channels === 3) return { mean: [...mean], std: [...std] };
  const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean: [average(mean)], std: [average(std)] };
}

function judged(distances: readonly NormDistance[], scaling: PixelScaling, images: number): NormCheck {
  const worst = distances.reduce((most, one) => (one.distance > most.distance ? one : most));
  const { distance, layer } = worst;
  const verdict = distance > normLimits.unlike ? 'unlike' : distance > normLimits.doubtful ? 'doubtful' : 'fits';
  const first = distances.find((one) => one.distance > normLimits.doubtful)?.layer ?? null;
  return { images, scaling, distance: Number.isFinite(distance) ? distance : null, layer, first, verdict };
}

/**
 * Passes pictures through an encoder. Where those normalised as ImageNet's do not fit, other normalisations are tried;
 * that colours are in the order blue, green, red is not seen this way, the statistics are nearly the same.
 * @param path of the encoder's variables
 * @returns null if the encoder has no batch norms
 */
export async function checkNorms(
  engine: Engine,
  encoder: Encoder,
  path: string,
  pictures: Pictures,
): Promise<NormCheck | null> {
  if (!encoder.state.some(({ name }) => name.endsWith('/running_mean'))) return null;
  const distances = normDistances(engine, encoder, path);
  const check = async (scaling: PixelScaling): Promise<NormCheck> => {
    const images = pictures.normalized(normalizationOf(scaling, pictures.channels));
    return judged(await distances(images), scaling, pictures.count);
  };
  const usual = await check('imagenet');
  if (usual.verdict === 'fits') return usual;
  for (const scaling of ['signed', 'unit', 'levels'] as const) {
    const other = await check(scaling);
    if (other.verdict === 'fits') return other;
  }
  return usual;
}
