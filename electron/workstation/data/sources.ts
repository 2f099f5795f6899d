/** Data sources of a configuration on this machine. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { DataSource, RunConfig } from '../../../trainer/protocol/run.ts';
import type { StoredDataset } from '../store/store.ts';

/** The same configuration with its data sources replaced. */
export function withSources(config: RunConfig, place: (source: DataSource) => DataSource): RunConfig {
  if (config.kind === 'evaluate') return { ...config, train: place(config.train), test: place(config.test) };
  const { probe } = config;
  return {
    ...config,
    data: place(config.data),
    ...(config.paired === undefined ? {} : { paired: place(config.paired) }),
    probe: probe === null ? null : { ...probe, train: place(probe.train), test: place(probe.test) },
  };
}

type InspectedData = Pick<StoredDataset, 'inspection' | 'path' | 'fingerprint'>;

/** An inspected data set as a data source, whatever the split. */
export function dataOf(row: InspectedData): Omit<DataSource, 'split'> {
  const { dataset, reading } = row.inspection;
  if (dataset === null)
    throw new FaultError(
      'wrong-folder',
      `${row.path} is not a recognised data set.`,
      { path: row.path },
      { retry: 'choose-folder' },
    );
  return { dataset, path: row.path, fingerprint: row.fingerprint, ...(reading && { reading }) };
}

/** A split of an inspected data set, as a configuration's data source. */
export const sourceOf = (row: InspectedData, split: string): DataSource => ({ ...dataOf(row), split });
