/**
 * The data set readers only. The registry also has them, but with every method and encoder, which a decoding worker
 * must not load.
 */
import { FaultError } from '../../durable/fault-error.ts';
import type { DatasetRecipe } from '../../recipe.ts';

const files = import.meta.glob<{ readonly dataset: DatasetRecipe }>(
  ['../../datasets/*.ts', '!../../datasets/*.test.ts'],
  {
    eager: true,
  },
);

export const readers: readonly DatasetRecipe[] = Object.values(files).map((file) => file.dataset);

export function reader(id: string): DatasetRecipe {
  const found = readers.find((each) => each.id === id);
  if (found) return found;
  const known = readers.map((each) => each.id).join(', ');
  throw new FaultError('unknown-id', `Unknown data set "${id}". Known: ${known}.`, { id, known });
}
