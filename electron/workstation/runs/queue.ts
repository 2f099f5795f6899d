/** Which run is next: order, dependencies, one at a time. The order is in the database, so it outlives the program. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import type { ResolvedSubject } from '../../../trainer/protocol/commands.ts';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import type { RunConfig, Subject } from '../../../trainer/protocol/run.ts';
import type { RunRow } from '../../api/runs.ts';
import { resolveSubject } from '../drafts/evaluated-encoder.ts';
import type { Push } from '../request-types.ts';
import type { Store, StoredRun } from '../store/store.ts';
import type { SessionEnd } from '../trainer/trainer-session.ts';
import type { TrainerHost } from '../trainer/trainer-host.ts';
import { saveRunCard, type Workspace } from '../workspace/workspace.ts';

export interface Queue {
  readonly add: (runs: readonly string[], where: 'front' | 'back') => Promise<void>;
  readonly remove: (run: string) => Promise<void>;
  readonly move: (run: string, position: number) => Promise<void>;
  /** Why each queued run waits. */
  readonly waits: (runs: readonly StoredRun[]) => ReadonlyMap<string, RunRow['waitsFor']>;
  /** Starts the next run that can start, if the device is free. */
  readonly advance: () => Promise<void>;
  readonly ended: (end: SessionEnd) => void;
  readonly resumeIfWanted: (run: string) => Promise<void>;
  readonly whenIdle: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface QueueOptions {
  readonly store: Store;
  readonly host: TrainerHost;
  readonly workspace: Pick<Workspace, 'cache' | 'weights'>;
  readonly push: Push;
  readonly complain: (line: string) => void;
  /** 'own': only runs added through this queue are started. */
  readonly drain: 'all' | 'own';
  readonly resumeAutomatically: () => boolean;
}

/** The machine computes other last bits than the checkpoint's: the run stopped there and waits to be resumed once more. */
const asksAboutArithmetic = (fault: Fault | null): boolean => fault?.code === 'other-arithmetic';

/** Lost attempts in a row after which a run is no longer started by itself. */
const automaticResumes = 3;

export function createQueue(options: QueueOptions): Queue {
  const { workspace, store, host, push } = options;
  const own = new Set<string>();
  let closed = false;
  let turn: Promise<unknown> = Promise.resolve();
  let idlers: (() => void)[] = [];

  /** One change of the queue after the other: each reads the order the one before wrote. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  }

  async function reorder(change: (order: readonly string[]) => readonly string[]): Promise<void> {
    await inTurn(async () => {
      const before = await store.queue();
      const after = change(before);
      await store.setQueue(after);
      push('runsChanged', [...new Set([...before, ...after])]);
    });
  }

  async function add(runs: readonly string[], where: 'front' | 'back'): Promise<void> {
    for (const run of runs) {
      own.add(run);
      // What it asked is answered by resuming it, and has to be known when its turn comes.
      const fault = (await store.run(run))?.fault ?? null;
      await store.setStatus(run, 'queued', asksAboutArithmetic(fault) ? fault : null);
      await saveRunCard(store, run);
    }
    await reorder((order) => {
      const others = order.filter((run) => !runs.includes(run));
      return where === 'front' ? [...runs, ...others] : [...others, ...runs];
    });
    void advance();
  }

  async function startNext(): Promise<void> {
    if (closed || host.holder() !== null) return;
    const all = new Map((await store.runs()).map((run) => [run.id, run]));
    const paused = new Set((await store.plans()).filter((plan) => plan.paused).map((plan) => plan.id));
    for (const id of await store.queue()) {
      const run = all.get(id);
      if (run === undefined || run.deleted || run.status !== 'queued') continue;
      if (options.drain === 'own' && !own.has(id)) continue;
      if (run.plan !== null && paused.has(run.plan)) continue;
      const dependency = dependencyOf(run.config, all);
      if (dependency.kind === 'wait') continue;
      try {
        if (dependency.kind === 'missing')
          throw new FaultError(
            'subject-missing',
            `Run "${run.title}" evaluates ${dependency.what}, which is gone. Choose another run to evaluate.`,
            { run: id },
          );
        await begin(run, all);
        await store.setQueue((await store.queue()).filter((queued) => queued !== id));
        return;
      } catch (error) {
        if (closed) return;
        await store.setQueue((await store.queue()).filter((queued) => queued !== id));
        await store.setStatus(id, 'failed', faultOf(error));
        await saveRunCard(store, id);
        push('runsChanged', [id]);
      }
    }
    const waiting = idlers;
    idlers = [];
    for (const resolve of waiting) resolve();
  }

  async function begin(run: StoredRun, all: ReadonlyMap<string, StoredRun>): Promise<void> {
    const attempts = await store.attempts(run.id);
    const attempt = Math.max(0, ...attempts.map((row) => row.attempt)) + 1;
    const subject =
      run.config.kind === 'evaluate' ? await resolveSubject(store, run.config.subject, all, workspace.weights) : null;
    const job = {
      kind: 'train' as const,
      run: run.id,
      attempt,
      runFolder: run.folder,
      cacheFolder: workspace.cache,
      config: run.config,
      from: run.safeStep,
      anyArithmetic: asksAboutArithmetic(run.fault),
      subject,
    };
    await host.start(job, run.safeStep ?? 0);
  }

  function advance(): Promise<void> {
    return inTurn(startNext).catch((error: unknown) => options.complain(`queue: ${faultOf(error).message}`));
  }

  /** Once more by itself: where the user wants that, the last attempt came further, and it was not lost over and over. */
  async function resumeIfWanted(run: string): Promise<void> {
    if (closed || !options.resumeAutomatically()) return;
    const attempts = await store.attempts(run);
    const last = attempts.at(-1);
    const progressed = last !== undefined && (last.lastStep ?? 0) > last.fromStep;
    const lost = attempts.length - 1 - attempts.findLastIndex((row) => row.ended !== 'lost');
    if (progressed && lost <= automaticResumes) await add([run], 'front');
  }

  async function afterEnd(end: SessionEnd): Promise<void> {
    if (end.ended === 'lost') await resumeIfWanted(end.run);
    await advance();
  }

  return {
    add,
    remove: (run) => reorder((order) => order.filter((queued) => queued !== run)),
    move: (run, position) =>
      reorder((order) => {
        if (!order.includes(run)) throw new FaultError('not-available', `Run "${run}" is not queued.`, { run });
        return order.filter((queued) => queued !== run).toSpliced(position - 1, 0, run);
      }),
    waits: (runs) => {
      const all = new Map(runs.map((run) => [run.id, run]));
      const holder = host.holder();
      return new Map(
        runs
          .filter((run) => run.status === 'queued')
          .map((run): [string, RunRow['waitsFor']] => {
            const dependency = dependencyOf(run.config, all);
            if (dependency.kind === 'wait') return [run.id, { kind: 'run', run: dependency.run }];
            return [run.id, holder === null ? null : { kind: 'device', run: holder }];
          }),
      );
    },
    advance,
    resumeIfWanted,
    ended: (end) => void afterEnd(end).catch((error: unknown) => options.complain(`queue: ${faultOf(error).message}`)),
    whenIdle: async () => {
      await new Promise<void>((resolve) => {
        idlers.push(resolve);
        void advance();
      });
    },
    close: async () => {
      closed = true;
      await turn;
      for (const resolve of idlers.splice(0)) resolve();
    },
  };
}

type Dependency =
  | { readonly kind: 'none' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'wait'; readonly run: string }
  | { readonly kind: 'missing'; readonly what: string };

const active = new Set<StoredRun['status']>(['queued', 'running', 'paused']);

/** The last checkpoint means that of a finished run; a numbered one is enough as soon as it exists. */
export function dependencyOf(config: RunConfig, all: ReadonlyMap<string, StoredRun>): Dependency {
  if (config.kind !== 'evaluate' || config.subject.kind !== 'run') return { kind: 'none' };
  const { run: id, checkpoint } = config.subject;
  const subject = all.get(id);
  if (subject === undefined || subject.deleted) return { kind: 'missing', what: `run "${id}"` };
  if (checkpoint === 'last') return subject.status === 'done' ? { kind: 'ready' } : { kind: 'wait', run: id };
  if (subject.safeStep !== null && subject.safeStep >= checkpoint) return { kind: 'ready' };
  return active.has(subject.status)
    ? { kind: 'wait', run: id }
    : { kind: 'missing', what: `step ${checkpoint} of run "${id}"` };
}
