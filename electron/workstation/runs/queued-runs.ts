/** The queue as it is shown and changed: expected ends, another order, runs taken out of it and put back. */
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { RunConfig } from '../../../trainer/protocol/run.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Estimate } from '../../api/drafts.ts';
import type { QueuedRun } from '../../api/queue.ts';
import { completeConfig } from '../drafts/check-config.ts';
import type { Estimates } from '../drafts/estimate.ts';
import { secondsLeftOf } from '../drafts/seconds-left.ts';
import type { RequestHandler } from '../request-types.ts';
import type { StoredRun } from '../store/store.ts';
import { saveRunCard } from '../workspace/workspace.ts';
import { isQuestion } from './begin-run.ts';
import { dependencyOf, pausedPlans } from './dependency.ts';
import { expectedEnds, type DeviceUse, type WaitingRun } from './expected-ends.ts';
import { isActive, type RunsContext } from './runs-context.ts';

export interface QueuedRuns {
  readonly queued: RequestHandler<'queue'>;
  readonly moveInQueue: RequestHandler<'moveInQueue'>;
  readonly cancelQueued: RequestHandler<'cancelQueued'>;
  readonly undoCancel: RequestHandler<'undoCancel'>;
}

export function createQueuedRuns(context: RunsContext, estimates: Estimates): QueuedRuns {
  const { store, queue, push } = context;
  return {
    queued: () => listQueue(context, estimates),
    moveInQueue: (runs, position) => queue.move(runs, position),
    cancelQueued: async (runs) => {
      const order = await queue.remove(runs);
      const taken = order.filter((run) => runs.includes(run));
      for (const id of taken) {
        // What it asked before it was queued is not answered by this.
        const fault = (await store.run(id))?.fault ?? null;
        await store.setStatus(id, 'stopped', isQuestion(fault) ? fault : null);
        await saveRunCard(store, id);
      }
      push('runsChanged', taken);
      return { runs: taken, order };
    },
    undoCancel: async ({ runs, order }) => {
      const back: string[] = [];
      for (const id of runs) {
        const run = await store.run(id);
        // One that was resumed, deleted or forgotten since is no longer what was taken out.
        if (run !== null && !run.deleted && run.status === 'stopped') back.push(id);
      }
      if (back.length < runs.length)
        throw new FaultError(
          'not-available',
          `${runs.length - back.length} of ${runs.length} runs cannot be put back into the queue: they were resumed or deleted since.`,
        );
      await queue.putBack(back, order);
    },
  };
}

async function listQueue(context: RunsContext, estimates: Estimates): Promise<readonly QueuedRun[]> {
  const { store, catalogue, host } = context;
  const runs = await store.runs();
  const all = new Map(runs.map((run) => [run.id, run]));
  const order = (await store.queue()).flatMap((id) => all.get(id) ?? []);
  const queued = order.filter(({ deleted, status }) => !deleted && status === 'queued');
  // A reader beside the program that trains knows from the records alone what holds the device.
  const current = runs.find((run) => run.id === host.holder()) ?? runs.find(isActive);
  // A run of a recipe that this build does not have fails when its turn comes, and says so.
  const known = [...queued, ...(current === undefined ? [] : [current])].filter(({ config }) =>
    isKnown(config, catalogue),
  );
  const found = await estimates.estimateAll(
    known.map(({ config }) => ({ config, subject: null })),
    runs,
  );
  const estimated = new Map(known.map(({ id }, at) => [id, found[at]]));
  const paused = await pausedPlans(store);
  const waiting = queued.map((run) =>
    waitingRun(run, all, paused, secondsLeftOf(host, run, estimated.get(run.id), true)),
  );
  const ends = expectedEnds(waiting, deviceUse(context, current, current && estimated.get(current.id)));
  const isRoughly = ({ id }: Pick<WaitingRun, 'id'>): boolean => estimated.get(id)?.roughSeconds != null;
  const firstRough = current !== undefined && isRoughly(current) && progressOf(context, current) === null;
  return waiting.map(({ id, seconds }, at) => ({
    run: id,
    seconds,
    isRough: firstRough || waiting.slice(0, at + 1).some(isRoughly),
    endsAt: ends.get(id) ?? null,
  }));
}

function progressOf({ host }: RunsContext, { id }: StoredRun): number | null {
  return host.sessionOrNull(id)?.progress().secondsLeft ?? null;
}

function isKnown(config: RunConfig, catalogue: Catalogue): boolean {
  try {
    completeConfig(config, catalogue);
    return true;
  } catch (error) {
    if (error instanceof FaultError) return false;
    throw error;
  }
}

function waitingRun(
  { id, config, plan }: StoredRun,
  all: ReadonlyMap<string, StoredRun>,
  paused: ReadonlySet<string>,
  seconds: number | null,
): WaitingRun {
  const dependency = dependencyOf(config, all);
  return {
    id,
    seconds,
    after: dependency.kind === 'wait' ? dependency.run : null,
    isHeldBack: dependency.kind === 'missing' || (plan !== null && paused.has(plan)),
  };
}

/** A job that holds the device in place of a run is over soon; a paused run holds it for nobody knows how long. */
function deviceUse(
  { host, now }: RunsContext,
  current: StoredRun | undefined,
  estimate: Estimate | undefined,
): DeviceUse {
  if (current === undefined) return { run: null, freeAt: now() };
  const seconds = current.status === 'paused' ? null : secondsLeftOf(host, current, estimate, true);
  const isTrained = isActive(current);
  return { run: current.id, freeAt: seconds === null || !isTrained ? null : now() + seconds * 1000 };
}
