/** The record of left-out images for the sources of a job, with those that their inspections found. */
import type { DataSource, RunConfig } from '../../protocol/run.ts';
import { readDamagedFiles } from '../listing/damaged-files.ts';
import { openLeftOut, type LeftOut, type LeftOutOptions } from './left-out.ts';

/** Every source of a configuration, once. */
function sourcesOf(config: RunConfig): readonly DataSource[] {
  const all =
    config.kind === 'evaluate'
      ? [config.train, config.test]
      : [config.data, config.paired, config.probe?.train, config.probe?.test];
  const present = all.filter((source) => source !== undefined);
  return present.filter((source, at) => present.findIndex((one) => one.fingerprint === source.fingerprint) === at);
}

interface JobLeftOut extends Omit<LeftOutOptions, 'inspected'> {
  /** Folder of the workspace's data sets; null where there is none. */
  readonly datasetsFolder: string | null;
  readonly sources: RunConfig | readonly DataSource[];
  /** Goes on from a checkpoint: what an inspection has found since must not change the run. */
  readonly isResumed: boolean;
}

export async function leftOutOf({ datasetsFolder, sources, isResumed, ...options }: JobLeftOut): Promise<LeftOut> {
  const wanted = 'kind' in sources ? sourcesOf(sources) : sources;
  const inspected = [];
  for (const data of isResumed || datasetsFolder === null ? [] : wanted) {
    if (data.fingerprint === undefined) continue;
    inspected.push({ data, damaged: await readDamagedFiles(datasetsFolder!, data.fingerprint) });
  }
  return openLeftOut({ ...options, inspected });
}

/** For a job that leaves no record: damaged images are left out all the same. */
export const unrecordedLeftOut = (datasetsFolder: string | null, sources: JobLeftOut['sources']): Promise<LeftOut> =>
  leftOutOf({
    datasetsFolder,
    sources,
    isResumed: false,
    runFolder: null,
    isAccepted: false,
    notice: () => undefined,
  });
