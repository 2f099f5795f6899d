import type { Inspection } from '../../../trainer/protocol/dataset.ts';
import type { Normalization, Preprocessing, PretrainConfig } from '../../../trainer/protocol/run.ts';

/** One entry a channel: a grey data set under statistics of three channels takes their mean. */
export function normalizationFor(given: Normalization, channels: number | null): Normalization {
  if (channels !== 1 || given.mean.length === 1) return given;
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean: [mean(given.mean)], std: [mean(given.std)] };
}

/** Images all of the wanted size are taken as they are; else resize and crop in the paper's proportion, 256 to 224 (evaluate.py). */
export function preprocessingFor(size: number, inspection: Inspection): Preprocessing {
  const { smallest, largest } = inspection;
  const exact = [smallest, largest].every((image) => image !== null && image[0] === size && image[1] === size);
  return { resize: exact ? null : Math.round((size * 256) / 224), crop: size, interpolation: 'bilinear' };
}

/** A branch's images as its probe is shown them (it looks at the first), else in the size of its view. */
export function usualPreprocessing(config: PretrainConfig, branch: 0 | 1, inspection: Inspection): Preprocessing {
  const probed = branch === 0 ? config.probe?.preprocessing : undefined;
  return probed ?? preprocessingFor(config.views[branch]?.size ?? 224, inspection);
}
