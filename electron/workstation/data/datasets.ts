/** Data sets: inspected before training, identified by their content, and checked again before use. */
import { join } from 'node:path';
import { readExcludedFiles } from '../../../trainer/durable/excluded-files.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Inspection, Reading } from '../../../trainer/protocol/dataset.ts';
import type { DatasetRow, KnownData } from '../../api/datasets.ts';
import type { RequestHandler } from '../request-types.ts';
import type { Store, StoredDataset } from '../store/store.ts';
import type { PictureDesk } from '../trainer/picture-desk.ts';
import type { SideJobs } from '../trainer/side-jobs.ts';
import { forgetDataset } from '../workspace/stored-files.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { ContentsChecks } from './contents-checks.ts';
import { stateOf } from './dataset-state.ts';
import { evaluateDetections } from './evaluate-detections.ts';
import { fittingEvaluators } from './evaluator-fit.ts';
import { Inspections } from './inspections.ts';
import { knownData, sample, sampleName } from './known-data.ts';
import { createPictures, type Pictures } from './pictures.ts';
import { thumbnailsJob } from './thumbnails.ts';

export interface Datasets {
  readonly rows: () => Promise<readonly DatasetRow[]>;
  readonly known: () => Promise<readonly KnownData[]>;
  readonly inspect: (path: string, contents: boolean, reading?: Reading) => Promise<Inspection>;
  readonly add: (inspection: Inspection, name: string) => Promise<DatasetRow>;
  readonly remove: RequestHandler<'removeDataset'>;
  readonly thumbnails: RequestHandler<'thumbnails'>;
  /** Where the built-in sample set is, or will be written. */
  readonly sampleFolder: string;
  readonly writeSampleSet: () => Promise<Inspection>;
  readonly pictures: Pictures;
  readonly evaluateDetections: RequestHandler<'evaluateDetections'>;
  /** Ends the jobs that somebody waits for. */
  readonly cancel: RequestHandler<'cancelJob'>;
  /** Ends the check of contents beside the runs. */
  readonly cancelContentsCheck: RequestHandler<'cancelContentsCheck'>;
  /** The data set of a folder, inspected and remembered if it is new or has changed. */
  readonly ensure: (path: string, name: string, builtIn: boolean) => Promise<StoredDataset>;
  readonly stateOf: (dataset: Pick<StoredDataset, 'path' | 'signature'>) => Promise<DatasetRow['state']>;
}

export interface DatasetsOptions {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly jobs: SideJobs;
  readonly contentsChecks: Pick<ContentsChecks, 'cancel'>;
  readonly checkedUnasked?: number | undefined;
  readonly pictureDesk: PictureDesk;
  readonly showItem: (path: string) => Promise<void>;
  readonly catalogue: Catalogue;
  /** Folder where set-up stores data. */
  readonly dataFolder: string;
  readonly now: () => number;
}

export function createDatasets(options: DatasetsOptions): Datasets {
  const { workspace, store, jobs, contentsChecks, pictureDesk, showItem, catalogue, dataFolder } = options;
  const sampleFolder = join(workspace.datasets, sampleName);
  const inspections = new Inspections(options);

  async function rowOf(dataset: StoredDataset): Promise<DatasetRow> {
    const { signature: _signature, ...shown } = dataset;
    const evaluators = fittingEvaluators(dataset.inspection, catalogue).map(({ id }) => id);
    const { length: excluded } = await readExcludedFiles(workspace.datasets, dataset.fingerprint);
    return { ...shown, state: await stateOf(dataset), evaluators, excluded };
  }

  async function get(fingerprint: string): Promise<StoredDataset> {
    const found = (await store.datasets()).find((dataset) => dataset.fingerprint === fingerprint);
    if (found !== undefined) return found;
    throw new FaultError('unknown-id', `There is no data set with the fingerprint ${fingerprint}.`, { fingerprint });
  }

  return {
    inspect: (path, contents, reading) => inspections.inspect(path, contents, reading),
    ensure: (path, name, builtIn) => inspections.ensure(path, name, builtIn),
    stateOf,
    pictures: createPictures({ workspace, desk: pictureDesk, get, showItem }),
    evaluateDetections: async (file, fingerprint, split, rules) =>
      evaluateDetections(jobs, { file, dataset: await get(fingerprint), split, rules }),
    cancel: () => {
      jobs.cancel();
      pictureDesk.cancel();
    },
    cancelContentsCheck: () => contentsChecks.cancel(),
    rows: async () => Promise.all((await store.datasets()).map(rowOf)),
    known: () => knownData(dataFolder, sampleFolder),
    add: async (inspection, name) => {
      const builtIn = inspection.path === sampleFolder || inspection.path.startsWith(dataFolder);
      return rowOf(await inspections.save(inspection, name, builtIn));
    },
    remove: async (fingerprint) => {
      await get(fingerprint);
      await forgetDataset(workspace, store, fingerprint);
    },
    thumbnails: async (fingerprint, split, which) => {
      const found = inspections.found(fingerprint);
      const shown = found === null ? await get(fingerprint) : { fingerprint, path: found.path, inspection: found };
      const job = thumbnailsJob(shown, split, which, workspace.datasets);
      return (await jobs.run(job, 'thumbnails', { quiet: true })).thumbnails;
    },
    sampleFolder,
    writeSampleSet: async () => {
      await jobs.run({ kind: 'sample', folder: sampleFolder, ...sample }, 'sample');
      const { inspection } = await inspections.ensure(sampleFolder, 'Sample set', true);
      return inspection;
    },
  };
}
