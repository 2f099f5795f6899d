/** Takes up the work left by the last session when the workspace is opened. */
import { faultOf } from '../../trainer/durable/fault-of.ts';
import { sweep, sweepRun } from './recovery/sweep.ts';
import type { Queue } from './runs/queue.ts';
import type { Push } from './request-types.ts';
import type { Store } from './store/store.ts';
import type { TrainerHost } from './trainer/trainer-host.ts';
import { awaitOrphan } from './trainer/orphan.ts';
import type { Workspace } from './workspace/workspace.ts';

interface TakeUp {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly host: TrainerHost;
  readonly queue: Queue;
  readonly push: Push;
  readonly reportDamage: (note: string) => void;
  readonly complain: (line: string) => void;
}

/** Updates the rows from the files, and waits for trainers that are still saving. */
export async function takeUp(given: TakeUp): Promise<void> {
  const { workspace, store, host, queue, push, reportDamage, complain } = given;
  const report = await sweep(workspace, store);
  for (const note of report.notes) (report.damage.includes(note) ? reportDamage : complain)(note);
  for (const { run } of report.interrupted) await queue.resumeIfWanted(run);
  const [first] = report.alive;
  if (first === undefined) return;
  // They have lost their parent: they save, record it in their files and exit. They hold the device until then.
  const waiting = host.hold(first.run, async () => {
    for (const { run, pid, pidStartedAt } of report.alive) {
      const title = (await store.run(run))?.title ?? run;
      await awaitOrphan({ pid, startedAt: pidStartedAt }, (state) => push('trainerLeft', { run, title, pid, state }));
      const swept = await sweepRun(workspace, store, run);
      for (const note of swept.notes) complain(note);
      for (const { run: cut } of swept.interrupted) await queue.resumeIfWanted(cut);
      push('runsChanged', [run]);
    }
  });
  void waiting.catch((error: unknown) => complain(`sweep: ${faultOf(error).message}`));
}
