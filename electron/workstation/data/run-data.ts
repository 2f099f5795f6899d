/** The data of a run as it is now: where it lies, and whether it is what the run was made with. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { DataSource, RunConfig } from '../../../trainer/protocol/run.ts';
import type { Difference } from '../../api/comparison.ts';
import type { DatasetRow } from '../../api/datasets.ts';
import type { StoredDataset } from '../store/store.ts';
import { stateOf } from './dataset-state.ts';
import { sourcesOf } from '../../../trainer/protocol/sources.ts';
import { withSources } from './sources.ts';

const rowOf = (rows: readonly StoredDataset[], { fingerprint }: DataSource): StoredDataset | undefined =>
  fingerprint === undefined ? undefined : rows.find((row) => row.fingerprint === fingerprint);

/** Each source where its data set lies now: one that was moved and inspected again is found there by every run. */
export async function placedConfig(config: RunConfig, rows: readonly StoredDataset[]): Promise<RunConfig> {
  const places = new Map<string, string>();
  for (const source of sourcesOf(config)) {
    const row = rowOf(rows, source);
    if (row === undefined || row.path === source.path) continue;
    const isGone = await stat(source.path).then(
      () => false,
      () => true,
    );
    if (isGone) places.set(source.path, row.path);
  }
  return withSources(config, (source) => ({ ...source, path: places.get(source.path) ?? source.path }));
}

const mostNamed = 5;
const mostLookedAt = 200_000;

/** Files below a folder that were written after a time, in the order of their names. */
async function writtenAfter(folder: string, time: number): Promise<readonly string[]> {
  const found: string[] = [];
  let looked = 0;
  async function look(below: string): Promise<void> {
    const entries = await readdir(join(folder, below), { withFileTypes: true });
    for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
      if (++looked > mostLookedAt || found.length > mostNamed) return;
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) await look(path);
      else if (((await stat(join(folder, path)).catch(() => null))?.mtimeMs ?? 0) > time) found.push(path);
    }
  }
  await look('');
  return found;
}

async function changeOf(row: StoredDataset): Promise<string> {
  const written = await writtenAfter(row.path, row.inspectedAt);
  const named = written.slice(0, mostNamed).join(', ');
  const more = written.length > mostNamed ? ' and others' : '';
  const what =
    written.length === 0
      ? 'names, sizes or times of its files are others'
      : `files were written since: ${named}${more}`;
  return `${row.name} (${row.path}) is not what was inspected: ${what}`;
}

/** Folders of a run's data that are missing or changed where they lie now, told before it resumes. */
export async function stateOfData(given: RunConfig, rows: readonly StoredDataset[]): Promise<readonly Difference[]> {
  const config = await placedConfig(given, rows);
  const asked = new Map(sourcesOf(config).map((source) => [`${source.path}\0${source.fingerprint ?? ''}`, source]));
  const reasons = new Map<string, Difference>();
  for (const source of asked.values()) {
    const ours = await stateOfSource(source, rows);
    if (ours !== 'ready') reasons.set(source.path, { field: 'dataset', theirs: source.path, ours });
  }
  return [...reasons.values()];
}

async function stateOfSource(
  { path, fingerprint }: DataSource,
  rows: readonly StoredDataset[],
): Promise<DatasetRow['state']> {
  // A folder listed first and checked later has two rows; the run belongs to one of them.
  const here = rows.filter((row) => row.path === path);
  const known = here.find((row) => row.fingerprint === fingerprint) ?? here[0];
  // Inspected again since: different contents have a different fingerprint.
  if (known !== undefined && fingerprint !== undefined && known.fingerprint !== fingerprint) return 'changed';
  if (known !== undefined) return stateOf(known);
  return stat(path).then(
    () => 'ready',
    () => 'missing',
  );
}

/**
 * Changes of a run's data since it was inspected, one sentence a data set.
 *
 * @throws FaultError `not-found` if the data of a run is no longer where it was
 */
export async function changesOfData(config: RunConfig, rows: readonly StoredDataset[]): Promise<readonly string[]> {
  const changes = new Map<string, string>();
  for (const source of sourcesOf(config)) {
    const row = rows.find((one) => one.path === source.path && one.fingerprint === source.fingerprint);
    if (row === undefined || changes.has(row.path)) continue;
    const state = await stateOf(row);
    if (state === 'missing')
      throw new FaultError(
        'not-found',
        `The data set ${row.name} is no longer at ${row.path}. Add the folder where it is now: all its runs then find it there.`,
        { path: row.path },
        { retry: 'choose-folder' },
      );
    if (state === 'changed') changes.set(row.path, await changeOf(row));
  }
  return [...changes.values()];
}
