import { FaultError } from '../../durable/fault-error.ts';
import type { DataSource } from '../../protocol/run.ts';
import type { OpenDataset } from '../../recipe.ts';
import type { FoundImages } from '../found-images.ts';
import { reader } from '../listing/readers.ts';
import { partOf } from '../listing/subset.ts';

/**
 * Opens the images named by a configuration, or the subset it asks for.
 * @throws a fault if there are none
 */
export async function openData(data: DataSource, found?: FoundImages): Promise<OpenDataset> {
  const whole = await reader(data.dataset).open(data.path, data.split, { ...data, found });
  const opened = data.subset ? await partOf(whole, data.subset, data) : whole;
  if (opened.count > 0) return opened;
  await opened.close();
  throw new FaultError('empty-dataset', `${data.path} has no images in its split "${data.split}".`, {
    path: data.path,
    split: data.split,
  });
}
