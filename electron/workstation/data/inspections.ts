/** Inspects folders and saves the findings as data sets. */
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Inspection, Reading } from '../../../trainer/protocol/dataset.ts';
import { sentencesIn } from '../../words/sentences.ts';
import type { Store, StoredDataset } from '../store/store.ts';
import type { SideJobs } from '../trainer/side-jobs.ts';
import { saveDataset } from '../workspace/stored-files.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { stateOf } from './dataset-state.ts';
import { signatureOf } from './signature.ts';

export interface InspectionsOptions {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly jobs: SideJobs;
  readonly checkedUnasked?: number | undefined;
  readonly now: () => number;
}

const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => null))?.isFile() === true;

export class Inspections {
  readonly #options: InspectionsOptions;
  /** Findings of this session, by fingerprint: only these can be saved, whatever the caller passes. */
  readonly #found = new Map<string, { readonly inspection: Inspection; readonly signature: string }>();

  constructor(options: InspectionsOptions) {
    this.#options = options;
  }

  async inspect(path: string, contents: boolean, reading?: Reading): Promise<Inspection> {
    const folder = resolve(path);
    const before = await signatureOf(folder);
    if (before === null)
      throw new FaultError(
        'wrong-folder',
        `${folder} is not a folder or an archive that can be read.`,
        { path: folder },
        { retry: 'choose-folder' },
      );
    const { workspace, jobs, checkedUnasked } = this.#options;
    // A reader of the workspace, such as "reprise datasets inspect", keeps nothing.
    const datasetsFolder = workspace.write ? workspace.datasets : null;
    const job = { kind: 'inspect' as const, path: folder, dataset: null, contents, reading, datasetsFolder };
    const { inspection } = await jobs.run({ ...job, checkedUnasked, background: false }, 'inspection');
    const after = await signatureOf(folder);
    if (after !== before)
      throw new FaultError(
        'dataset-changed',
        `${folder} changed while it was inspected. Inspect it again when nothing writes to it.`,
        { path: folder },
        { retry: 'again' },
      );
    if (inspection.dataset === null && (await isFile(folder)))
      throw new FaultError(
        'not-a-folder',
        `${folder} is a file, and neither an archive of a data set nor part of one: a data set is a folder. Choose the folder that holds its images.`,
        { file: basename(folder), path: folder },
        { retry: 'choose-folder' },
      );
    // The data may lie below the folder that was chosen, or above it.
    const signature = inspection.path === folder ? before : await signatureOf(inspection.path);
    if (inspection.dataset !== null && signature !== null)
      this.#found.set(inspection.fingerprint, { inspection, signature });
    return inspection;
  }

  /** An inspection of this session, whether saved or not. */
  found(fingerprint: string): Inspection | null {
    return this.#found.get(fingerprint)?.inspection ?? null;
  }

  async save({ fingerprint, path }: Inspection, name: string, builtIn: boolean): Promise<StoredDataset> {
    const { workspace, store, now } = this.#options;
    const known = this.#found.get(fingerprint);
    if (known === undefined)
      throw new FaultError('unknown-id', `${path} has not been inspected. Inspect it, then add it.`, { path });
    const { signature } = known;
    const before = (await store.datasets()).find((row) => row.fingerprint === fingerprint && row.path === path);
    // Listed anew, it is what was checked beside a run.
    const isChecked = before?.signature === signature && before.inspection.contentsFingerprint !== undefined;
    const inspection = isChecked ? before.inspection : known.inspection;
    const dataset: StoredDataset = {
      fingerprint: inspection.fingerprint,
      name,
      path: inspection.path,
      inspection,
      signature,
      inspectedAt: now(),
      builtIn,
    };
    await saveDataset(workspace, store, dataset);
    return dataset;
  }

  /** The data set of a folder, inspected and remembered if it is new or has changed. */
  async ensure(path: string, name: string, builtIn: boolean): Promise<StoredDataset> {
    const folder = resolve(path);
    const known = (await this.#options.store.datasets()).find((dataset) => dataset.path === folder);
    if (known !== undefined && (await stateOf(known)) === 'ready') return known;
    const inspection = await this.inspect(folder, false, known?.inspection.reading);
    const said = (sentences: Inspection['found']) => sentencesIn('en', sentences, String);
    if (inspection.dataset === null)
      throw new FaultError(
        'wrong-folder',
        `${folder} is not a recognised data set. Expected: ${said(inspection.expected)}. Found: ${said(inspection.found)}.`,
        { path: folder },
        { retry: 'choose-folder' },
      );
    return this.save(inspection, name, builtIn);
  }
}
