/** The workstation without its window: opens a workspace, answers requests, runs what is queued. Plain Node. */
import { appendFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import type { Interrupted } from '../api.ts';
import { changesSince } from './changes.ts';
import { childEnvironment } from './child-environment.ts';
import { createDatasets } from './datasets.ts';
import { runDoctor } from './doctor.ts';
import { createEstimates } from './estimate.ts';
import { faultOf } from './fault.ts';
import { createGpuWatch } from './gpu-watch.ts';
import { createHardware } from './hardware.ts';
import { createMachine } from './machine.ts';
import { createPlans } from './plans.ts';
import { createPresets } from './presets.ts';
import { processStartedAt } from './processes.ts';
import { createQueue, type Queue } from './queue.ts';
import { createReports } from './reports.ts';
import { createHandlers, readersOnly, type Handlers, type Push } from './requests.ts';
import { readResources } from './resources.ts';
import { createRuns } from './runs.ts';
import { readSettings } from './settings.ts';
import { createSideJobs } from './side-jobs.ts';
import { openStore } from './store/client.ts';
import { createTrainerHost } from './trainer-host.ts';
import { adoptWorkspaceFiles, openWorkspace } from './workspace.ts';

/** What only a desktop can do; the terminal has its own answers. */
export interface Desktop {
  readonly pickFolder: () => Promise<string | null>;
  /** Moves a file or folder where the system keeps deleted things. */
  readonly trash: (path: string) => Promise<void>;
  readonly openPath: (path: string) => Promise<void>;
  readonly showItem: (path: string) => Promise<void>;
  readonly openLink: (url: string) => Promise<void>;
  /** Prints a finished HTML file; where that cannot be had, the sentence that says why. */
  readonly htmlToPdf: ((html: string, pdf: string) => Promise<void>) | { readonly unavailable: string };
}

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
  /** The trainer's program, where it is another than the bundle (tests). */
  readonly trainer?: string;
}

export interface Workstation {
  readonly handlers: Handlers;
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
  const complain = (line: string): void => {
    console.error(line);
    // The log is a help, not a record: where it cannot be written the line above is all there is.
    if (write) void appendFile(join(workspace.logs, 'workstation.log'), `${new Date().toISOString()} ${line}\n`).catch(() => undefined);
  };
  const environment = { ...childEnvironment(process.env), REPRISE_RUNTIME: options.runtime };
  const opened = await openStore({
    node: options.node,
    script: join(appRoot, 'out', 'node', 'store.js'),
    database: workspace.database,
    migrations: join(appRoot, 'migrations'),
    env: environment,
    readonly: !write,
    log: complain,
  }).catch(async (error: unknown) => {
    await workspace.close();
    throw error;
  });

  const program = { node: options.node, script: options.trainer ?? join(appRoot, 'out', 'node', 'trainer.js'), env: environment };
  const settings = { current: await readSettings(home) };
  const threads = () => settings.current.threads;
  const jobs = createSideJobs(program, write ? home : appRoot, push);
  const gpus = createGpuWatch(complain);
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
    cacheFolder: workspace.cache,
    drain: options.drain ?? 'all',
    resumeAutomatically: () => settings.current.resumeAutomatically,
  });
  const causes = new Map<string, Interrupted['cause']>();
  const presets = createPresets(resources, opened, threads);
  const { catalogue, papers } = resources;
  const datasets = createDatasets({ ...common, jobs, dataFolder: join(options.runtime, 'data') });
  const estimates = createEstimates({ ...common, jobs, catalogue, home, cacheFolder: workspace.cache });
  const runs = createRuns({
    ...common,
    queue,
    catalogue,
    trash: desktop.trash,
    changesSince: (run) => changesSince(run, opened, datasets),
    importFolder: () => Promise.reject(new Error('import')),
    causeOf: (run) => causes.get(run) ?? null,
  });
  const plans = createPlans({ ...common, shipped: resources.plans, datasets, estimates, runs, queue });
  const versions = { node: process.versions.node };
  const reports = createReports({
    ...common,
    desktop,
    sources: {
      store: opened,
      papers,
      presets: resources.presets,
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
  const machine = createMachine({
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
        gpuNames: () => gpus.read().map((device) => device.name),
        threads,
        versions: { reprise: `${options.version}${options.edition}`, ...versions },
        now,
      }),
  });
  const handlers = createHandlers({ machine, presets, estimates, runs, plans, datasets, reports });

  if (write) {
    for (const line of await adoptWorkspaceFiles(workspace, opened)) complain(line);
    await takeUpQueue(opened, queue);
    void runs.emptyTrash().catch((error: unknown) => complain(`trash: ${faultOf(error).message}`));
    if (options.drain !== 'own') void queue.advance();
  }

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
  return {
    handlers: write ? handlers : readersOnly(handlers, home),
    whenIdle: queue.whenIdle,
    close: async (how) => {
      if (how === 'now' && closing !== null) await host.close('now');
      await (closing ??= close(how));
    },
  };
}

/** A run that is queued but stands in no order (the program died between the two) goes to the end of it. */
async function takeUpQueue(store: Awaited<ReturnType<typeof openStore>>, queue: Queue): Promise<void> {
  const order = await store.queue();
  const queued = (await store.runs()).filter((run) => run.status === 'queued' && !run.deleted).map((run) => run.id);
  const kept = order.filter((run) => queued.includes(run));
  await store.setQueue([...kept, ...queued.toReversed().filter((run) => !kept.includes(run))]);
  void queue;
}
