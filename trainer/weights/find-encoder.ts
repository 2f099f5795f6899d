/** Finds the encoder in a file of weights, a vision transformer or a residual network, and the detector around it. */
import * as v from 'valibot';
import type { Convention } from '../protocol/weights.ts';
import type { EncoderRecipe } from '../recipe.ts';
import { conventionOf, encoderOfConvention, withRedFirst, type KnownConvention } from './conventions.ts';
import { findDetector, type DetectorSearch, type MatchedDetector } from './detectors.ts';
import type { DetectorAround, EncoderInFile, ReadVariable } from './encoder-in-file.ts';
import type { WeightsFile } from './file.ts';
import {
  matchEncoder,
  ourShape,
  outlineOf,
  readEncoder,
  readValues,
  warningsOf,
  type Match,
} from './torchvision-names.ts';
import { findTransformer, transformersIn } from './transformers.ts';

export interface Wanted {
  /** Which of several networks; without it the one that its method evaluates. */
  readonly network?: string | undefined;
  /** Number of attention heads of a vision transformer, which no file tells. */
  readonly heads?: number | undefined;
  /** How a network of detectron2 sees pictures, which few files tell. */
  readonly convention?: Convention | undefined;
}

/** @throws 'unreadable-file' if there is none, with the reason */
export async function findEncoder(
  file: WeightsFile,
  encoders: readonly EncoderRecipe[],
  { network, heads, convention }: Wanted = {},
): Promise<EncoderInFile> {
  const transformers = transformersIn(file);
  const recipe = encoders.find(({ id }) => id === 'vit');
  if (transformers.length > 0 && recipe !== undefined)
    return findTransformer(file, transformers, recipe, { network: network ?? null, heads: heads ?? null });
  const match = matchEncoder(file, encoders, network ?? null);
  return residualNetwork(file, match, encoders, await conventionOf(file, match, convention));
}

function residualNetwork(
  file: WeightsFile,
  match: Match,
  encoders: readonly EncoderRecipe[],
  convention: KnownConvention | null,
): EncoderInFile {
  const { tensors, encoder, ...described } = match;
  const { detector, reason } = detectorAround(file, match, encoders);
  const ofDetector = new Set([...(detector?.variables.values() ?? [])].map(({ name }) => name));
  const variables = (values: ReadonlyMap<string, Float32Array>): ReadonlyMap<string, ReadVariable> =>
    new Map([...tensors].map(([path, { shape }]) => [path, { shape: ourShape(shape), values: values.get(path)! }]));
  return {
    ...described,
    encoder: convention === null ? encoder : encoderOfConvention(encoder, convention.is),
    ...(convention && { convention }),
    unmatched: described.unmatched.filter((name) => !ofDetector.has(name)),
    tensors: tensors.size,
    read: async (progress) => {
      const values = new Map(await readEncoder(file, match, progress));
      const [first, outputs] = [values.get('conv1/weight'), tensors.get('conv1/weight')?.shape[0]];
      if (convention?.is === 'caffe2' && first && outputs) values.set('conv1/weight', withRedFirst(first, outputs));
      return variables(values);
    },
    warnings: (read) => warningsOf(match, new Map([...read].map(([path, { values }]) => [path, values]))),
    ...(detector && { detector: readable(file, detector) }),
    ...(reason && { noDetector: reason }),
  };
}

function detectorAround(file: WeightsFile, match: Match, encoders: readonly EncoderRecipe[]): DetectorSearch {
  const { layout, encoder, channels, prefix, tensors } = match;
  const recipe = encoders.find(({ id }) => id === encoder.id);
  if (layout !== 'detectron2' || recipe === undefined) return { detector: null, reason: null };
  const { built } = outlineOf(recipe, v.parse(recipe.options, encoder.options), channels);
  const taken = new Set([...tensors.values()].map(({ name }) => name));
  return findDetector(file, { prefix, built, taken });
}

function readable(file: WeightsFile, { variables, ...described }: MatchedDetector): DetectorAround {
  return {
    described,
    async read(progress) {
      const read = new Map<string, ReadVariable>();
      for (const [{ path, ours, convert }, tensor] of variables) {
        const values = await readValues(file, path, tensor);
        read.set(path, { shape: ours, values: convert(values) });
        await progress?.(read.size / variables.size);
      }
      return read;
    },
  };
}
