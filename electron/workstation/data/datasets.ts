/** Data sets: inspected before anything trains on them, remembered by their content, looked at again before they are used. */
import { join, resolve } from 'node:path';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { folderExists } from '../../../trainer/durable/files.ts';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Inspection } from '../../../trainer/protocol/dataset.ts';
import type { DatasetRow, KnownData } from '../../api/datasets.ts';
import type { RequestHandler } from '../request-types.ts';
import { fittingEvaluators } from './evaluator-fit.ts';
import type { SideJobs } from '../trainer/side-jobs.ts';
import { signatureOf } from './signature.ts';
import type { Store, StoredDataset } from '../store/store.ts';
import { forgetDataset, saveDataset, type Workspace } from '../workspace/workspace.ts';

export interface Datasets {
  readonly rows: () => Promise<readonly DatasetRow[]>;
  readonly known: () => Promise<readonly KnownData[]>;
  readonly inspect: (path: string, contents: boolean) => Promise<Inspection>;
  readonly add: (inspection: Inspection, name: string) => Promise<DatasetRow>;
  readonly remove: RequestHandler<'removeDataset'>;
  readonly thumbnails: RequestHandler<'thumbnails'>;
  readonly writeSampleSet: () => Promise<Inspection>;
  readonly cancel: () => void;
  /** The data set of a folder, inspected and remembered if it is new or has changed. */
  readonly ensure: (path: string, name: string, builtIn: boolean) => Promise<StoredDataset>;
  readonly stateOf: (dataset: Pick<StoredDataset, 'path' | 'signature'>) => Promise<DatasetRow['state']>;
}

export interface DatasetsOptions {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly jobs: SideJobs;
  readonly catalogue: Catalogue;
  /** Folder in which set-up lays data. */
  readonly dataFolder: string;
  readonly now: () => number;
}

/** Data that comes with set-up, by the name plans use. */
const shipped = [{ name: 'fashion-mnist', title: 'Fashion-MNIST', dataset: 'idx', package: 'dataset-fashion-mnist' }];
const sampleName = 'sample';
/** The built-in set: enough to show that training works, small enough to write in seconds. */
const sample = { seed: 1, train: 2_000, val: 500 };

export function createDatasets(options: DatasetsOptions): Datasets {
  const { workspace, store, jobs, catalogue, now } = options;
  const sampleFolder = join(workspace.datasets, sampleName);
  /** What `inspect` found in this session: only that can be added, whatever the caller hands back. */
  const inspected = new Map<string, { readonly inspection: Inspection; readonly signature: string }>();

  async function stateOf({ path, signature }: Pick<StoredDataset, 'path' | 'signature'>): Promise<DatasetRow['state']> {
    const found = await signatureOf(path);
    if (found === null) return 'missing';
    return found === signature ? 'ready' : 'changed';
  }
  async function rowOf(dataset: StoredDataset): Promise<DatasetRow> {
    const { signature: _signature, ...shown } = dataset;
    const evaluators = fittingEvaluators(dataset.inspection, catalogue).map(({ id }) => id);
    return { ...shown, state: await stateOf(dataset), evaluators };
  }

  async function inspect(path: string, contents: boolean): Promise<Inspection> {
    const folder = resolve(path);
    const before = await signatureOf(folder);
    if (before === null)
      throw new FaultError(
        'wrong-folder',
        `${folder} is no folder that can be read.`,
        { path: folder },
        { retry: 'choose-folder' },
      );
    const { inspection } = await jobs.run({ kind: 'inspect', path: folder, dataset: null, contents }, 'inspection');
    const after = await signatureOf(folder);
    if (after !== before)
      throw new FaultError(
        'dataset-changed',
        `${folder} changed while it was inspected. Inspect it again when nothing writes to it.`,
        { path: folder },
        { retry: 'again' },
      );
    if (inspection.dataset !== null) inspected.set(inspection.fingerprint, { inspection, signature: before });
    return inspection;
  }

  async function save(inspection: Inspection, name: string, builtIn: boolean): Promise<StoredDataset> {
    const known = inspected.get(inspection.fingerprint);
    if (known === undefined)
      throw new FaultError('unknown-id', `${inspection.path} has not been inspected. Inspect it, then add it.`, {
        path: inspection.path,
      });
    const { fingerprint, path } = known.inspection;
    const dataset = { fingerprint, name, path, ...known, inspectedAt: now(), builtIn };
    await saveDataset(workspace, store, dataset);
    return dataset;
  }

  async function ensure(path: string, name: string, builtIn: boolean): Promise<StoredDataset> {
    const folder = resolve(path);
    const known = (await store.datasets()).find((dataset) => dataset.path === folder);
    if (known !== undefined && (await stateOf(known)) === 'ready') return known;
    const inspection = await inspect(folder, false);
    if (inspection.dataset === null)
      throw new FaultError(
        'wrong-folder',
        `${folder} is no data set this program knows. Expected: ${inspection.expected.join('; ')}. Found: ${inspection.found.join('; ')}.`,
        { path: folder },
        { retry: 'choose-folder' },
      );
    return save(inspection, name, builtIn);
  }

  async function get(fingerprint: string): Promise<StoredDataset> {
    const found = (await store.datasets()).find((dataset) => dataset.fingerprint === fingerprint);
    if (found !== undefined) return found;
    throw new FaultError('unknown-id', `There is no data set with the fingerprint ${fingerprint}.`, { fingerprint });
  }

  return {
    inspect,
    ensure,
    stateOf,
    cancel: jobs.cancel,
    rows: async () => Promise.all((await store.datasets()).map(rowOf)),
    known: async () => {
      const found = await Promise.all(
        shipped.map(async ({ name, title, dataset, package: source }): Promise<KnownData> => {
          const path = join(options.dataFolder, name);
          const present = await folderExists(path);
          const missing = `${title} is not on this machine. Set-up takes it from Debian's package ${source} (run "npm start" with a network), or use the built-in sample set.`;
          return { name, dataset, path: present ? path : null, missing: present ? null : missing };
        }),
      );
      const written = await folderExists(sampleFolder);
      const missing = 'The built-in sample set has not been written yet.';
      return [
        ...found,
        {
          name: sampleName,
          dataset: 'image-folder',
          path: written ? sampleFolder : null,
          missing: written ? null : missing,
        },
      ];
    },
    add: async (inspection, name) => {
      const builtIn = inspection.path === sampleFolder || inspection.path.startsWith(options.dataFolder);
      return rowOf(await save(inspection, name, builtIn));
    },
    remove: async (fingerprint) => {
      await get(fingerprint);
      await forgetDataset(workspace, store, fingerprint);
    },
    thumbnails: async (fingerprint, split, count) => {
      const { inspection, path } = await get(fingerprint);
      const found = inspection.splits.find((one) => one.split === split);
      if (found === undefined) {
        const known = inspection.splits.map((one) => one.split).join(', ');
        throw new FaultError('unknown-id', `${inspection.title} has no split "${split}". Known: ${known}.`, { split });
      }
      const job = {
        kind: 'thumbnails' as const,
        data: { dataset: inspection.dataset ?? '', path, split, fingerprint },
        indexes: evenly(found.images, count),
        size: 96,
      };
      return (await jobs.run(job, 'thumbnails', { quiet: true })).thumbnails;
    },
    writeSampleSet: async () => {
      await jobs.run({ kind: 'sample', folder: sampleFolder, ...sample }, 'sample');
      const { inspection } = await ensure(sampleFolder, 'Sample set', true);
      return inspection;
    },
  };
}

/** `count` positions spread over all, so that sorted data sets show every class. */
export function evenly(total: number, count: number): number[] {
  const taken = Math.min(total, count);
  return Array.from({ length: taken }, (_, place) => Math.floor((place * total) / taken));
}
