/** Takes up the work left by the last session when the workspace is opened. */
import { setTimeout as after } from 'node:timers/promises';
import { faultOf } from '../../trainer/durable/fault-of.ts';
import { sweep, sweepRun } from './recovery/sweep.ts';
import type { Queue } from './runs/queue.ts';
import type { Store } from './store/store.ts';
import type { TrainerHost } from './trainer/trainer-host.ts';
import { isAlive } from './workspace/processes.ts';
import type { Workspace } from './workspace/workspace.ts';

interface TakeUp {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly host: TrainerHost;
  readonly queue: Queue;
  readonly reportDamage: (note: string) => void;
  readonly complain: (line: string) => void;
}

/** Updates the rows from the files, and waits for trainers that are still saving. */
export async function takeUp({ workspace, store, host, queue, reportDamage, complain }: TakeUp): Promise<void> {
  const report = await sweep(workspace, store);
  for (const note of report.notes) (report.damage.includes(note) ? reportDamage : complain)(note);
  for (const { run } of report.interrupted) await queue.resumeIfWanted(run);
  const [first] = report.alive;
  if (first === undefined) return;
  // They have lost their parent: they save, record it in their files and exit. They hold the device until then.
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
