/** The record of left-out images for the sources of a job, with those that their inspections found or a person chose. */
import type { DataSource, RunConfig } from '../../protocol/run.ts';
import { sourcesOf } from '../../protocol/sources.ts';
import { readExcludedFiles } from '../../durable/excluded-files.ts';
import { readDamagedFiles } from '../listing/damaged-files.ts';
import { openLeftOut, type LeftOut, type LeftOutOptions } from './left-out.ts';

interface JobLeftOut extends Omit<LeftOutOptions, 'inspected'> {
  /** Folder of the workspace's data sets; null where there is none. */
  readonly datasetsFolder: string | null;
  readonly sources: RunConfig | readonly DataSource[];
  /** Goes on from a checkpoint: what an inspection has found since must not change the run. */
  readonly isResumed: boolean;
}

export async function leftOutOf({ datasetsFolder, sources, isResumed, ...options }: JobLeftOut): Promise<LeftOut> {
  const wanted = 'kind' in sources ? sourcesOf(sources) : sources;
  const inspected = new Map<string, LeftOutOptions['inspected'][number]>();
  for (const data of isResumed ? [] : wanted) {
    const { fingerprint } = data;
    if (datasetsFolder === null || fingerprint === undefined || inspected.has(fingerprint)) continue;
    const damaged = await readDamagedFiles(datasetsFolder, fingerprint);
    const excluded = await readExcludedFiles(datasetsFolder, fingerprint);
    inspected.set(fingerprint, { data, damaged, excluded });
  }
  return openLeftOut({ ...options, inspected: [...inspected.values()] });
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
