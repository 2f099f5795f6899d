/** Creates, queues, pauses, stops and resumes runs. */
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import { asksHowToGoOn } from '../../../trainer/protocol/fault.ts';
import type { RunConfig } from '../../../trainer/protocol/run.ts';
import type { WhenNotFinite } from '../../../trainer/protocol/when-not-finite.ts';
import { completeConfig } from '../drafts/check-config.ts';
import type { RequestHandler } from '../request-types.ts';
import type { StoredRun } from '../store/store.ts';
import { createRun } from '../workspace/workspace.ts';
import { addChoice, newestChoice } from './not-finite-choices.ts';
import { newRunId } from './run-id.ts';
import { changeRun, getRun, isActive, type RunsContext } from './runs-context.ts';

/** Position of a run in a plan. */
interface PlanPlace {
  readonly plan: string;
  readonly planKey: string;
}

export interface RunControl {
  readonly create: RequestHandler<'createRun'>;
  readonly pause: RequestHandler<'pauseRun'>;
  readonly continue: RequestHandler<'continueRun'>;
  readonly stop: RequestHandler<'stopRun'>;
  readonly resume: RequestHandler<'resumeRun'>;
  readonly checkpointNow: RequestHandler<'checkpointNow'>;
  readonly discard: RequestHandler<'discardRun'>;
  readonly recordsHeld: RequestHandler<'recordsHeld'>;
  readonly tryRecordsAgain: RequestHandler<'tryRecordsAgain'>;
  /** Creates a run without queueing it; plans queue theirs together. */
  readonly make: (config: RunConfig, place: PlanPlace | null) => Promise<string>;
}

export function createRunControl(context: RunsContext): RunControl {
  const { store, host, held, queue } = context;
  const make: RunControl['make'] = (config, place) => makeRun(context, config, place);

  return {
    make,
    create: async (config) => {
      const id = await make(config, null);
      await queue.add([id], 'back');
      return id;
    },
    pause: (id, when) => host.session(id).tell({ type: 'pause', when }),
    continue: (id) => host.session(id).tell({ type: 'resume' }),
    checkpointNow: (id) => host.session(id).tell({ type: 'checkpointNow' }),
    stop: (id, how) => stopRun(context, id, how),
    resume: async (id, chosen) => {
      // Its trainer may have outlived the program that ran it.
      if (isActive(await getRun(store, id)) && host.sessionOrNull(id) === null) await host.whenNotHeld();
      const run = await getRun(store, id);
      // A queued run goes to the front. In a terminal it is its own from then on.
      if (run.deleted || isActive(run) || run.status === 'done')
        throw new FaultError(
          'not-available',
          `Run "${run.title}" cannot be resumed: it is ${run.deleted ? 'deleted' : run.status}.`,
          { run: id },
        );
      await answerPause(run, chosen);
      await queue.add([id], 'front');
    },
    discard: async (id) => {
      const run = await getRun(store, id);
      if (isActive(run))
        throw new FaultError('not-available', `Run "${run.title}" is running; stop it first.`, { run: id });
      await queue.remove([id]);
      await changeRun(context, id, () => store.setStatus(id, 'stopped', run.fault));
    },
    recordsHeld: held.fault,
    tryRecordsAgain: held.tryNow,
  };
}

async function makeRun(
  { workspace, store, catalogue, now }: RunsContext,
  config: RunConfig,
  place: PlanPlace | null,
): Promise<string> {
  const complete = completeConfig(config, catalogue);
  const id = newRunId(new Date(now()));
  const { plan, planKey } = place ?? { plan: null, planKey: null };
  await createRun(workspace, store, { id, config: complete, createdAt: now(), plan, planKey, status: 'queued' });
  return id;
}

/** Keeps how a run goes on that stopped to ask: as chosen, or as before. */
async function answerPause(run: StoredRun, chosen: WhenNotFinite | undefined): Promise<void> {
  if (asksHowToGoOn(run.fault)) {
    await addChoice(run.folder, chosen ?? (await newestChoice(run)));
  } else if (chosen !== undefined) {
    const text = `Run "${run.title}" is not paused by steps that are not finite: how it goes past them is set when it is created.`;
    throw new FaultError('not-available', text, { run: run.id });
  }
}

async function stopRun(context: RunsContext, id: string, how: 'safely' | 'now'): Promise<void> {
  const { store, host, queue, complain } = context;
  const running = await host.sessionWhenOpen(id);
  // Remove from the queue first: afterwards the run either has a trainer or never will.
  if (running === null) await queue.remove([id]);
  const session = running ?? host.sessionOrNull(id);
  if (session !== null) {
    // Not awaited: a safe stop takes as long as the step and the save; the row changes when it is done.
    void session.stop(how).catch((error: unknown) => complain(faultOf(error).message));
    return;
  }
  const run = await getRun(store, id);
  if (run.status !== 'queued')
    throw new FaultError('not-available', `Run "${run.title}" is not running (${run.status}).`, { run: id });
  await changeRun(context, id, () => store.setStatus(id, 'stopped', null));
}
