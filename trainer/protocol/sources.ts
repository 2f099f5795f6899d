import type { DataSource, RunConfig } from './run.ts';

/** The data sources of a configuration. */
export function sourcesOf(config: RunConfig): readonly DataSource[] {
  if (config.kind === 'evaluate') return [config.train, config.test];
  return [
    config.data,
    ...(config.paired === undefined ? [] : [config.paired]),
    ...(config.probe === null ? [] : [config.probe.train, config.probe.test]),
  ];
}
