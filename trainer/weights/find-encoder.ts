/** Finds the encoder in a file of weights: a vision transformer, or a residual network. */
import type { EncoderRecipe } from '../recipe.ts';
import type { EncoderInFile } from './encoder-in-file.ts';
import type { WeightsFile } from './file.ts';
import { matchEncoder, ourShape, readEncoder, warningsOf } from './torchvision-names.ts';
import { findTransformer, transformersIn } from './transformers.ts';

export interface Wanted {
  /** Which of several networks; without it the one that its method evaluates. */
  readonly network?: string | undefined;
  /** Number of attention heads of a vision transformer, which no file tells. */
  readonly heads?: number | undefined;
}

/** @throws 'unreadable-file' if there is none, with the reason */
export function findEncoder(
  file: WeightsFile,
  encoders: readonly EncoderRecipe[],
  { network, heads }: Wanted = {},
): Promise<EncoderInFile> {
  const transformers = transformersIn(file);
  const recipe = encoders.find(({ id }) => id === 'vit');
  if (transformers.length > 0 && recipe !== undefined)
    return findTransformer(file, transformers, recipe, { network: network ?? null, heads: heads ?? null });
  return Promise.resolve(residualNetwork(file, encoders, network ?? null));
}

function residualNetwork(file: WeightsFile, encoders: readonly EncoderRecipe[], network: string | null): EncoderInFile {
  const match = matchEncoder(file, encoders, network);
  const { tensors, ...described } = match;
  return {
    ...described,
    tensors: tensors.size,
    read: async (progress) => {
      const values = await readEncoder(file, match, progress);
      return new Map(
        [...tensors].map(([path, { shape }]) => [path, { shape: ourShape(shape), values: values.get(path)! }]),
      );
    },
    warnings: (read) => warningsOf(match, new Map([...read].map(([path, { values }]) => [path, values]))),
  };
}
