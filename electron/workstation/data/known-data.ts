/** Data that plans refer to by name: the data installed by set-up, and the built-in sample set. */
import { join } from 'node:path';
import { folderExists } from '../../../trainer/durable/files.ts';
import type { KnownData } from '../../api/datasets.ts';

/** Data that comes with set-up, by the name plans use. */
const shipped = [{ name: 'fashion-mnist', title: 'Fashion-MNIST', dataset: 'idx', package: 'dataset-fashion-mnist' }];
export const sampleName = 'sample';
/** The built-in set: enough to show that training works, small enough to write in seconds. */
export const sample = { seed: 1, train: 2_000, val: 500 };

/** @param dataFolder folder where set-up stores data */
export async function knownData(dataFolder: string, sampleFolder: string): Promise<readonly KnownData[]> {
  const found = await Promise.all(
    shipped.map(async ({ name, title, dataset, package: source }) => {
      const missing = `${title} is not on this machine. Set-up takes it from Debian's package ${source} (run "npm start" with a network), or use the built-in sample set.`;
      return presentOr(missing, { name, dataset, path: join(dataFolder, name) });
    }),
  );
  const missing = 'The built-in sample set has not been written yet.';
  return [...found, await presentOr(missing, { name: sampleName, dataset: 'image-folder', path: sampleFolder })];
}

async function presentOr(
  missing: string,
  { name, dataset, path }: { readonly name: string; readonly dataset: string; readonly path: string },
): Promise<KnownData> {
  const present = await folderExists(path);
  return { name, dataset, path: present ? path : null, missing: present ? null : missing };
}
