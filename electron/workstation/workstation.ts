/** The workstation without its window: opens a workspace, answers requests, runs what is queued. Plain Node. */
import { appendFile } from 'node:fs/promises';
import { availableParallelism, release } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { faultOf } from '../../trainer/durable/fault-of.ts';
import type { Push } from './request-types.ts';
import { changesSince } from './data/changed-data.ts';
import { childEnvironment } from './child-environment.ts';
import { createDatasets } from './data/datasets.ts';
import type { Desktop } from './machine/desktop.ts';
import { runDoctor } from './machine/doctor.ts';
import { createEstimates } from './drafts/estimate.ts';
import { extractFeatures, type FeaturesRequest } from './runs/features.ts';
import { createGpuWatch } from './machine/gpu-watch.ts';
import { createHardware } from './machine/hardware.ts';
import { importRun } from './recovery/import-run.ts';
import { createProgram } from './machine/program.ts';
import { createDeviceChoice } from './drafts/device-choice.ts';
import { createPlans } from './plans/plans.ts';
import { createPresets } from './drafts/presets.ts';
import { isAlive, processStartedAt } from './workspace/processes.ts';
import { createQueue, type Queue } from './runs/queue.ts';
import { createReports } from './report/reports.ts';
import { createHandlers, readersOnly, type Handlers } from './requests.ts';
import { createMemoize } from './comparison/memoize.ts';
import { readResources } from './workspace/resources.ts';
import { createRuns } from './runs/runs.ts';
import { readSettings } from './machine/settings.ts';
import { createSideJobs } from './trainer/side-jobs.ts';
import { openStore } from './store/client.ts';
import type { Store } from './store/store.ts';
import { sweep, sweepRun } from './recovery/sweep.ts';
import { createTrainerHost, type TrainerHost } from './trainer/trainer-host.ts';
import { createWeights, type ExportRequest } from './weights/weights.ts';
import { openWorkspace, type Workspace } from './workspace/workspace.ts';

export interface WorkstationOptions {
  readonly home: string;
  /** Folder in which out/, migrations/ and resources/ lie. */
  readonly appRoot: string;
  /** Folder of TensorFlow and of the data that set-up obtained. */
  readonly runtime: string;
  /** The Node that runs the trainer and the store. */
  readonly node: string;
  readonly version: string;
  /** '-dev' on the fallback Electron. */
  readonly edition: string;
  /** false: reads only, takes no lock, runs nothing. */
  readonly write: boolean;
  readonly desktop: Desktop;
  readonly push: Push;
  /** Which queued runs are started: all (the app), or only those made or resumed through this workstation (the terminal). */
  readonly drain?: 'all' | 'own';
  /** Hears what went wrong beside the answers; the workspace's log has it too. */
  readonly complain?: (line: string) => void;
  /** The trainer's program, where it is another than the bundle (tests). */
  readonly trainer?: string;
}

export interface Workstation {
  readonly handlers: Handlers;
  /** Writes the features of a run's encoder to a file; only the terminal asks for it. */
  readonly features: (
    request: FeaturesRequest,
  ) => Promise<{ readonly file: string; readonly rows: number; readonly columns: number }>;
  /** Writes a run's encoder to any file; the window's own request writes into the run's folder. */
  readonly exportWeights: (request: ExportRequest) => Promise<{ readonly file: string; readonly tensors: number }>;
  /** Resolves when nothing runs and nothing that could start is queued. */
  readonly whenIdle: () => Promise<void>;
  /** Stops what runs and closes the database. 'now' loses the work since the last checkpoint. */
  readonly close: (how: 'safely' | 'now') => Promise<void>;
}

export async function openWorkstation(options: WorkstationOptions): Promise<Workstation> {
  const { appRoot, push, desktop, write } = options;
  const now = () => Date.now();
  const resources = await readResources(appRoot);
  const workspace = await openWorkspace(options.home, { write });
  const { home } = workspace;
  // The log is a help, not a record: where it cannot be written, what matters is still said.
  const log = (line: string): void => {
    const text = `${new Date().toISOString()} ${line}\n`;
    if (write) void appendFile(join(workspace.logs, 'workstation.log'), text).catch(() => undefined);
  };
  const complain = (line: string): void => {
    log(line);
    if (options.complain === undefined) console.error(line);
    else options.complain(line);
  };
  const environment = { ...childEnvironment(process.env), REPRISE_RUNTIME: options.runtime };
  const openRecords = async () => {
    const current = await readSettings(home);
    const store = await openStore({
      node: options.node,
      script: join(appRoot, 'out', 'node', 'store.js'),
      database: workspace.database,
      migrations: join(appRoot, 'migrations'),
      env: environment,
      readonly: !write,
      log,
    });
    return { settings: { current }, opened: store };
  };
  const { settings, opened } = await openRecords().catch(async (error: unknown) => {
    await workspace.close();
    throw error;
  });

  const script = options.trainer ?? join(appRoot, 'out', 'node', 'trainer.js');
  const program = { node: options.node, script, env: environment };
  const threads = () => settings.current.threads ?? availableParallelism();
  const jobs = createSideJobs(program, write ? home : appRoot, push);
  const gpus = createGpuWatch(complain);
  // eslint-disable-next-line prefer-const -- The host and the queue name each other.
  let queue: Queue;
  const host = createTrainerHost({
    program,
    store: opened,
    push,
    now,
    complain,
    startOf: async (pid) => (await processStartedAt(pid)) ?? 0,
    ended: (end) => queue.ended(end),
    freed: () => void queue.advance(),
  });
  const common = { workspace, store: opened, host, push, now, complain };
  queue = createQueue({
    ...common,
    drain: options.drain ?? 'all',
    resumeAutomatically: () => settings.current.resumeAutomatically,
  });
  const placement = createDeviceChoice({ ...common, jobs, threads, version: options.version, write });
  const weights = createWeights({ ...common, jobs, trash: desktop.trash, version: options.version });
  const presets = createPresets({ resources, store: opened, weights, placement });
  const { catalogue, papers } = resources;
  const datasets = createDatasets({ ...common, jobs, catalogue, dataFolder: join(options.runtime, 'data') });
  const estimates = createEstimates({ ...common, jobs, catalogue, papers });
  const runs = createRuns({
    ...common,
    queue,
    catalogue,
    trash: desktop.trash,
    changesSince: (run) => changesSince(run, opened, datasets),
    importFolder: async (folder) => {
      const { run, notes } = await importRun(workspace, opened, folder);
      for (const note of notes) complain(`${run}: ${note}`);
      return run;
    },
  });
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
  const versions = { node: process.versions.node };
  const reports = createReports({
    ...common,
    desktop,
    sources: {
      store: opened,
      // Each some 16 KB: the figures of two thousand resamples.
      memoize: createMemoize(1000),
      papers,
      presets: resources.presets,
      plans: resources.plans,
      catalogue,
      environment: {
        version: options.version,
        edition: options.edition,
        platform: `${process.platform} ${release()} ${process.arch}`,
        versions,
      },
    },
  });
  const hardware = createHardware({ home, gpus, trainerMemory: host.memoryBytes, now });
  const machine = createProgram({
    home,
    version: options.version,
    edition: options.edition,
    write,
    settings,
    versions,
    desktop,
    hardware: hardware.read,
    doctor: () =>
      runDoctor({
        home,
        jobs,
        store: opened,
        knownData: datasets.known,
        threads,
        versions: { reprise: `${options.version}${options.edition}`, ...versions },
        now,
      }),
  });
  const handlers = createHandlers({
    machine,
    placement,
    presets,
    estimates,
    runs,
    plans,
    datasets,
    reports,
    weights,
  });

  let closing: Promise<void> | null = null;
  const close = async (how: 'safely' | 'now'): Promise<void> => {
    // The queue first, or the end of one run would start the next.
    const settled = queue.close();
    await host.close(how);
    await settled;
    await jobs.close();
    gpus.close();
    await opened.close();
    await workspace.close();
  };
  if (write) {
    // A start that fails gives back what it holds: the lock, the database and its process.
    await takeUp({ workspace, store: opened, host, queue, complain }).catch(async (error: unknown) => {
      await close('now');
      throw error;
    });
    void runs.emptyTrash().catch((error: unknown) => complain(`trash: ${faultOf(error).message}`));
    if (options.drain !== 'own') void queue.advance();
  }
  return {
    handlers: write ? handlers : readersOnly(handlers, home),
    features: (request) => extractFeatures({ workspace, store: opened, host, jobs }, request),
    exportWeights: weights.write,
    whenIdle: queue.whenIdle,
    close: async (how) => {
      if (how === 'now' && closing !== null) await host.close('now');
      await (closing ??= close(how));
    },
  };
}

interface TakeUp {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly host: TrainerHost;
  readonly queue: Queue;
  readonly complain: (line: string) => void;
}

/** What the last life of the program left: rows brought up to the files, trainers that still save waited for. */
async function takeUp({ workspace, store, host, queue, complain }: TakeUp): Promise<void> {
  const report = await sweep(workspace, store);
  for (const note of report.notes) complain(note);
  for (const { run } of report.interrupted) await queue.resumeIfWanted(run);
  const [first] = report.alive;
  if (first === undefined) return;
  // They have lost their parent: they save, say so in their files and go. The device is theirs until then.
  const waiting = host.hold(first.run, async () => {
    for (const { run, pid, pidStartedAt } of report.alive) {
      while (await isAlive({ pid, startedAt: pidStartedAt })) await after(500, undefined, { ref: false });
      const swept = await sweepRun(workspace, store, run);
      for (const note of swept.notes) complain(note);
      for (const { run: cut } of swept.interrupted) await queue.resumeIfWanted(cut);
    }
  });
  void waiting.catch((error: unknown) => complain(`sweep: ${faultOf(error).message}`));
}
