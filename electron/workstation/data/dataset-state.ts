import type { DatasetRow } from '../../api/datasets.ts';
import type { StoredDataset } from '../store/store.ts';
import { signatureOf } from './signature.ts';

/** Compares the folder of a data set with its state at inspection. */
export async function stateOf({
  path,
  signature,
}: Pick<StoredDataset, 'path' | 'signature'>): Promise<DatasetRow['state']> {
  const found = await signatureOf(path, signature);
  if (found === null) return 'missing';
  return found === signature ? 'ready' : 'changed';
}
