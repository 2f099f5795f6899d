/** The computing side: the trainer on the device, side jobs, and the queue of runs. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { computingEnvironment } from '../../trainer/protocol/computing-environment.ts';
import { createContentsChecks, type ContentsChecks } from './data/contents-checks.ts';
import { GpuBuilds } from './machine/gpu-build.ts';
import { createGpuWatch, type GpuWatch } from './machine/gpu-watch.ts';
import type { Records } from './records.ts';
import { createQueue, type Queue } from './runs/queue.ts';
import { createPictureDesk, type PictureDesk } from './trainer/picture-desk.ts';
import type { StopReason } from './trainer/session-end.ts';
import { createSideJobs, type SideJobs } from './trainer/side-jobs.ts';
import type { TrainerProgram } from './trainer/trainer-process.ts';
import { createTrainerHost, type TrainerHost } from './trainer/trainer-host.ts';
import { createHeldWrites, type HeldWrites } from './workspace/held-writes.ts';
import { processStartedAt } from './workspace/processes.ts';
import type { WorkstationOptions } from './workstation-options.ts';

export interface Computing {
  readonly jobs: SideJobs;
  readonly contentsChecks: ContentsChecks;
  readonly pictureDesk: PictureDesk;
  readonly gpus: GpuWatch;
  readonly host: TrainerHost;
  readonly queue: Queue;
  readonly held: HeldWrites;
  readonly gpuBuilds: GpuBuilds;
  /** Of a process that computes. */
  readonly threads: () => number;
  /** Stops the current run. 'now' loses the work since the last checkpoint. */
  readonly close: (how: 'safely' | 'now', why?: StopReason) => Promise<void>;
}

export function createComputing(options: WorkstationOptions, records: Records, now: () => number): Computing {
  const { push } = options;
  const { workspace, store, settings, resources, environment, complain } = records;
  const script = options.trainer ?? join(options.appRoot, 'out', 'node', 'trainer.js');
  const program: TrainerProgram = {
    node: options.node,
    script,
    get env() {
      return { ...computingEnvironment, ...environment, ...gpuBuilds.environment };
    },
  };
  const folder = options.write ? workspace.home : options.appRoot;
  const jobs = createSideJobs(program, folder, push);
  const contentsChecks = createContentsChecks({ workspace, store, jobs, push, complain, now });
  const pictureDesk = createPictureDesk(program, folder, push);
  const gpus = createGpuWatch(complain);
  const held = createHeldWrites((fault) => push('recordsHeld', fault));
  // The host and the queue refer to each other.
  const host = createTrainerHost({
    program,
    store,
    held,
    push,
    now,
    complain,
    startOf: async (pid) => (await processStartedAt(pid)) ?? 0,
    ended: (end) => queue.ended(end),
    freed: () => void queue.advance(),
  });
  const threads = (): number => settings.current.threads ?? availableParallelism();
  const gpuBuilds = new GpuBuilds({
    pins: resources.tensorflow,
    runtime: options.runtime,
    jobs,
    host,
    threads,
    push,
    complain,
  });
  const queue: Queue = createQueue({
    workspace,
    store,
    host,
    held,
    push,
    complain,
    drain: options.drain ?? 'all',
    resumeAutomatically: () => settings.current.resumeAutomatically,
    beforeStart: () => gpuBuilds.settle(),
    begun: ({ config }) => contentsChecks.runBegan(config),
  });
  return {
    jobs,
    contentsChecks,
    pictureDesk,
    gpus,
    host,
    queue,
    held,
    gpuBuilds,
    threads,
    close: async (how, why) => {
      // The queue first; otherwise the end of one run would start the next.
      held.close();
      const settled = queue.close();
      await host.close(how, why);
      await settled;
      await Promise.all([contentsChecks.close(), jobs.close(), pictureDesk.close()]);
      gpus.close();
    },
  };
}
