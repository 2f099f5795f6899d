/** Answers to all requests: connects the parts of the workstation. */
import { release } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { Execution } from '../../trainer/protocol/run.ts';
import { createMemoize } from './comparison/memoize.ts';
import type { Computing } from './computing.ts';
import { createReferenceCurves } from './curves/reference-curves.ts';
import { stateOfData } from './data/run-data.ts';
import { createDatasets, type Datasets } from './data/datasets.ts';
import { createDeviceChoice } from './drafts/device-choice.ts';
import { createEstimates } from './drafts/estimate.ts';
import { createPresets } from './drafts/presets.ts';
import { runDoctor } from './machine/doctor.ts';
import { createHardware } from './machine/hardware.ts';
import { createLicences } from './machine/licences.ts';
import { createProgram, type Program } from './machine/program.ts';
import { createPlans } from './plans/plans.ts';
import type { Records } from './records.ts';
import { importRun } from './recovery/import-run.ts';
import { createReports, type Reports } from './report/reports.ts';
import type { Answers } from './requests.ts';
import { createEmbeddingMaps } from './runs/embedding-maps.ts';
import { createRuns } from './runs/runs.ts';
import { createWeights } from './weights/weights.ts';
import { hostOf } from './updates/signed-version.ts';
import { createUpdates, type Updates } from './updates/updates.ts';
import type { WorkstationOptions } from './workstation-options.ts';

/** Context shared by all parts. */
interface Context {
  readonly options: WorkstationOptions;
  readonly records: Records;
  readonly computing: Computing;
  readonly now: () => number;
}

const versions = { node: process.versions.node };

export function createAnswers(
  options: WorkstationOptions,
  records: Records,
  computing: Computing,
  now: () => number,
): Answers {
  const { version, write, push } = options;
  const { workspace, store, resources, complain } = records;
  const { jobs, contentsChecks, pictureDesk, host, held, queue, gpuBuilds, threads } = computing;
  const { catalogue, papers } = resources;
  const { trash } = options.desktop;
  const context = { options, records, computing, now };
  const common = { workspace, store, host, jobs, push, now, complain };

  const placement = createDeviceChoice({ ...common, threads, version, write, gpuBuilds });
  const weights = createWeights({ ...common, complain: records.reportDamage, trash, version, threads });
  const presets = createPresets({ resources, store, weights, placement });
  const datasets = createDatasets({
    ...common,
    catalogue,
    dataFolder: join(options.runtime, 'data'),
    contentsChecks,
    checkedUnasked: options.checkedUnasked,
    pictureDesk,
    showItem: options.desktop.showItem,
  });
  const estimates = createEstimates({ ...common, catalogue, papers, placement });
  const runs = createRuns(
    {
      ...common,
      held,
      queue,
      catalogue,
      trash,
      changesSince: async (run) => stateOfData(run.config, await store.datasets()),
      importFolder: (folder) => importFolder(records, folder),
    },
    estimates,
    datasets.pictures,
  );
  const plans = createPlans({
    ...common,
    shipped: resources.plans,
    catalogue,
    datasets,
    estimates,
    placement,
    runs,
    queue,
    weights,
  });
  return {
    machine: programOf(context, datasets),
    gpuBuilds,
    updates: updatesOf(context),
    licences: createLicences(options.appRoot, options.desktop.openPath),
    placement,
    presets,
    estimates,
    runs,
    maps: createEmbeddingMaps({ ...common, weights, execution: () => placement.chosen() }),
    plans,
    datasets,
    reports: reportsOf(context, placement.known),
    weights,
    curves: createReferenceCurves({ ...common, shipped: resources.curves }),
  };
}

async function importFolder({ workspace, store, complain }: Records, folder: string): Promise<string> {
  const { run, notes } = await importRun(workspace, store, folder);
  for (const note of notes) complain(note);
  return run;
}

function reportsOf({ options, records, now }: Context, execution: () => Execution | null): Reports {
  const { workspace, store, complain } = records;
  const { catalogue, papers, presets, plans } = records.resources;
  const { version, edition, desktop, push } = options;
  const platform = `${process.platform} ${release()} ${process.arch}`;
  return createReports({
    workspace,
    desktop,
    push,
    now,
    complain,
    execution,
    sources: {
      store,
      datasetsFolder: workspace.datasets,
      // About 16 KB each: the figures of two thousand resamples.
      memoize: createMemoize(1000),
      papers,
      presets,
      plans,
      catalogue,
      environment: { version, edition, platform, versions },
    },
  });
}

function updatesOf({ options, records, now }: Context): Updates {
  return createUpdates({
    source: options.updates,
    version: options.version,
    write: options.write,
    cache: records.workspace.cache,
    isWanted: () => records.settings.current.checkForUpdates,
    complain: records.complain,
    now,
  });
}

function programOf({ options, records, computing, now }: Context, datasets: Datasets): Program {
  const { version, edition, write, desktop } = options;
  const { store, settings, damage, upgrade, complain } = records;
  const { home } = records.workspace;
  const { jobs, gpus, host, threads, gpuBuilds } = computing;
  const hardware = createHardware({ home, gpus, trainerMemory: host.memoryBytes, now });
  return createProgram({
    home,
    version,
    edition,
    write,
    settings,
    damage,
    upgrade,
    complain,
    versions,
    desktop,
    ownHost: options.updates === null ? null : hostOf(options.updates),
    hardware: hardware.read,
    doctor: async () => {
      await gpuBuilds.settle();
      return runDoctor({
        home,
        jobs,
        store,
        knownData: datasets.known,
        threads,
        versions: { reprise: `${version}${edition}`, ...versions },
        isSandboxed: desktop.isSandboxed,
        now,
      });
    },
  });
}
