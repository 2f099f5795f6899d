/**
 * Checks the contents of large data sets, which were only listed, beside the runs that use them: without being asked,
 * once, at low priority. A data set keeps the fingerprint of its listing, by which runs know it; its record then says what
 * was found, under the fingerprint of the contents too.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import { isMissing, writeAtomically } from '../../../trainer/durable/files.ts';
import { copiesFile } from '../../../trainer/protocol/copies.ts';
import { damagedFilesOf } from '../../../trainer/protocol/left-out.ts';
import type { Inspection } from '../../../trainer/protocol/dataset.ts';
import type { RunConfig } from '../../../trainer/protocol/run.ts';
import { sourcesOf } from '../../../trainer/protocol/sources.ts';
import type { Push } from '../request-types.ts';
import type { Store, StoredDataset } from '../store/store.ts';
import type { SideJobs } from '../trainer/side-jobs.ts';
import { saveDataset } from '../workspace/stored-files.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { stateOf } from './dataset-state.ts';

export interface ContentsChecks {
  /** Checks what a run that begins reads, one data set after the other, unless that was done. */
  readonly runBegan: (config: RunConfig) => void;
  /** Ends the check that is going on; it is not made again in this session. */
  readonly cancel: () => void;
  /** Begins no other, and resolves when none is going on. */
  readonly close: () => Promise<void>;
}

export interface ContentsChecksOptions {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly jobs: SideJobs;
  readonly push: Push;
  readonly complain: (line: string) => void;
  readonly now: () => number;
}

export function createContentsChecks(options: ContentsChecksOptions): ContentsChecks {
  const { store, complain } = options;
  /** Begun in this session, whatever came of it. */
  const begun = new Set<string>();
  let going: AbortController | null = null;
  let isClosed = false;
  let last: Promise<void> = Promise.resolve();

  async function checkAll(config: RunConfig): Promise<void> {
    const wanted = new Set(sourcesOf(config).map(({ fingerprint }) => fingerprint));
    for (const row of isClosed ? [] : await store.datasets()) {
      if (isClosed) return;
      if (!wanted.has(row.fingerprint) || row.inspection.contents !== 'listed' || begun.has(row.fingerprint)) continue;
      begun.add(row.fingerprint);
      going = new AbortController();
      try {
        await check(options, row, going.signal);
      } catch (error) {
        const fault = faultOf(error);
        // The run does not depend on it, and meets what is damaged itself.
        if (fault.code !== 'cancelled') complain(`${row.name}: its contents could not be checked: ${fault.message}`);
      } finally {
        going = null;
      }
    }
  }

  return {
    runBegan: (config) => {
      last = last
        .then(() => checkAll(config))
        .catch((error: unknown) => complain(`contents: ${faultOf(error).message}`));
    },
    cancel: () => going?.abort(),
    close: async () => {
      isClosed = true;
      going?.abort();
      await last;
    },
  };
}

async function check(
  { workspace, store, jobs, push, complain, now }: ContentsChecksOptions,
  row: StoredDataset,
  signal: AbortSignal,
): Promise<void> {
  if ((await stateOf(row)) !== 'ready') return;
  const { dataset, reading } = row.inspection;
  const datasetsFolder = workspace.datasets;
  const job = { kind: 'inspect' as const, path: row.path, dataset, contents: true, reading, datasetsFolder };
  const { inspection } = await jobs.run({ ...job, background: true }, 'inspection', { shownAs: 'check', signal });
  if (inspection.path !== row.path || (await stateOf(row)) !== 'ready') {
    complain(`${row.name}: ${row.path} changed while its contents were checked; nothing was kept of that.`);
    return;
  }
  const rows = await store.datasets();
  const latest = rows.find(({ fingerprint }) => fingerprint === row.fingerprint);
  if (latest === undefined) return;
  const isOwn = !rows.some(({ fingerprint }) => fingerprint === inspection.fingerprint);
  for (const fileOf of [damagedFilesOf, copiesFile])
    await take(datasetsFolder, fileOf(inspection.fingerprint), fileOf(row.fingerprint), isOwn);
  await saveDataset(workspace, store, { ...latest, inspection: underListing(row, inspection), inspectedAt: now() });
  push('contentsChecked', {
    name: row.name,
    damaged: inspection.rejectCount,
    leaks: inspection.leakCount + (inspection.nearDuplicates?.leaked ?? 0),
    duplicates: inspection.duplicateCount,
  });
}

/** What was found, as the record of the data set that runs know by its listing. */
const underListing = (row: StoredDataset, inspection: Inspection): Inspection => ({
  ...inspection,
  fingerprint: row.fingerprint,
  contentsFingerprint: inspection.fingerprint,
});

/** Copies a file beside a record, if there is one; `removes`: it belongs to no other record. */
async function take(folder: string, from: string, to: string, removes: boolean): Promise<void> {
  if (from === to) return;
  const found = await readFile(join(folder, from)).catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
  if (found === null) return;
  await writeAtomically(join(folder, to), [found]);
  if (removes) await rm(join(folder, from), { force: true });
}
