/** The queue of runs: order, dependencies, one at a time. The order is in the database, so it outlives the program. */
import { isRefusedWrite } from '../../../trainer/durable/disk-fault.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { faultOf } from '../../../trainer/durable/fault-of.ts';
import type { RunRow } from '../../api/runs.ts';
import type { Push } from '../request-types.ts';
import type { Store, StoredRun } from '../store/store.ts';
import type { SessionEnd } from '../trainer/session-end.ts';
import type { TrainerHost } from '../trainer/trainer-host.ts';
import type { HeldWrites } from '../workspace/held-writes.ts';
import { saveRunCard, type Workspace } from '../workspace/workspace.ts';
import { beginRun, hasCrashedAtPictures, isQuestion, isWorthResuming } from './begin-run.ts';
import { dependencyOf, pausedPlans, waitsOf } from './dependency.ts';
import { QueueOrder, withPutBack } from './queue-order.ts';

export interface Queue {
  readonly add: (runs: readonly string[], where: 'front' | 'back') => Promise<void>;
  /** Gives the order before. */
  readonly remove: (runs: readonly string[]) => Promise<readonly string[]>;
  /** Puts runs, in the order they are given in, where the first of them is at `position`, from 1. */
  readonly move: (runs: readonly string[], position: number) => Promise<void>;
  /** Queues runs that were taken out, each behind what it stood behind. @param order the order before */
  readonly putBack: (runs: readonly string[], order: readonly string[]) => Promise<void>;
  /** Reason for each queued run to wait. */
  readonly waits: (runs: readonly StoredRun[]) => Promise<ReadonlyMap<string, RunRow['waitsFor']>>;
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
  readonly held: HeldWrites;
  readonly workspace: Pick<Workspace, 'cache' | 'datasets' | 'weights'>;
  readonly push: Push;
  readonly complain: (line: string) => void;
  /** 'own': only runs added through this queue are started. */
  readonly drain: 'all' | 'own';
  readonly resumeAutomatically: () => boolean;
  /** Awaited before a run is looked for, while the device is free. */
  readonly beforeStart?: () => Promise<void>;
  /** Called with what a trainer has begun on. */
  readonly begun?: (run: StoredRun) => void;
}

export function createQueue(options: QueueOptions): Queue {
  const { store, host, held, push, complain } = options;
  const order = new QueueOrder(store, push);
  const starter = new RunStarter(options, order, () => void advance());

  async function advance(): Promise<void> {
    await order
      .inTurn(() => starter.startNext())
      .catch((error: unknown) => {
        complain(`queue: ${faultOf(error).message}`);
        starter.giveUp(error);
      });
  }

  async function enter(
    runs: readonly string[],
    place: (before: readonly string[]) => readonly string[],
  ): Promise<void> {
    for (const run of runs) {
      starter.own.add(run);
      // Resuming answers its question, which must be known when its turn comes.
      const fault = (await store.run(run))?.fault ?? null;
      await store.setStatus(run, 'queued', isQuestion(fault) ? fault : null);
      await saveRunCard(store, run);
    }
    if (runs.length > 0) await order.change(place);
    void advance();
  }

  function add(runs: readonly string[], where: 'front' | 'back'): Promise<void> {
    return enter(runs, (before) => {
      const others = before.filter((run) => !runs.includes(run));
      return where === 'front' ? [...runs, ...others] : [...others, ...runs];
    });
  }

  /** Requeues a lost run if the user wants it and it is worth it, or only a picture is to blame. */
  async function resumeIfWanted(id: string): Promise<void> {
    const run = await store.run(id);
    // A question is for the user.
    if (starter.isClosed || !run || isQuestion(run.fault)) return;
    const attempts = await store.attempts(id);
    const isWanted = options.resumeAutomatically() && isWorthResuming(attempts);
    if (isWanted || (await hasCrashedAtPictures(run, attempts))) await add([id], 'front');
  }

  async function afterEnd(end: SessionEnd): Promise<void> {
    if (end.ended === 'lost')
      await held
        .keep(() => resumeIfWanted(end.run))
        .catch((error: unknown) => complain(`queue: ${faultOf(error).message}`));
    await advance();
  }

  return {
    add,
    remove: (runs) => order.remove(runs),
    move: (runs, position) => order.move(runs, position),
    putBack: (runs, former) => enter(runs, (now) => withPutBack(now, runs, former)),
    waits: async (runs) => {
      const isPlanned = runs.some(({ status, plan }) => status === 'queued' && plan !== null);
      return waitsOf(runs, host.holder(), isPlanned ? await pausedPlans(store) : new Set());
    },
    advance,
    resumeIfWanted,
    ended: (end) => void afterEnd(end).catch((error: unknown) => complain(`queue: ${faultOf(error).message}`)),
    whenIdle: async () => {
      await new Promise<void>((resolve, reject) => {
        starter.tellWhenIdle({ resolve, reject });
        void advance();
      });
    },
    close: () => starter.close(),
  };
}

interface Idler {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Starts queued runs until one holds the device or none can start. */
class RunStarter {
  /** Runs added through this queue. */
  readonly own = new Set<string>();
  readonly #options: QueueOptions;
  readonly #order: QueueOrder;
  #isClosed = false;
  readonly #advance: () => void;
  #idlers: Idler[] = [];

  constructor(options: QueueOptions, order: QueueOrder, advance: () => void) {
    this.#options = options;
    this.#order = order;
    this.#advance = advance;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  tellWhenIdle(idler: Idler): void {
    this.#idlers.push(idler);
  }

  /** Nothing can be started any more; whoever waits for the work to be done hears why. */
  giveUp(reason: unknown): void {
    for (const { reject } of this.#idlers.splice(0)) reject(reason);
  }

  async startNext(): Promise<void> {
    const { store, host } = this.#options;
    if (this.#isClosed || host.holder() !== null) return;
    await this.#options.beforeStart?.();
    // Either may be otherwise by now.
    if (this.isClosed || host.holder() !== null) return;
    const all = new Map((await store.runs()).map((run) => [run.id, run]));
    const paused = await pausedPlans(store);
    for (const id of await store.queue()) {
      const run = all.get(id);
      if (run === undefined || run.deleted || run.status !== 'queued') continue;
      if (this.#options.drain === 'own' && !this.own.has(id)) continue;
      if (run.plan !== null && paused.has(run.plan)) continue;
      if (dependencyOf(run.config, all).kind === 'wait') continue;
      if (await this.#starts(run, all)) return;
    }
    this.#tellIdlers();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#order.settled();
    this.#tellIdlers();
  }

  /**
   * True if the search for a run is over: this one has started, the queue was closed meanwhile, or the disk refuses to
   * record a start and the run waits for it. A run that cannot start fails.
   */
  async #starts(run: StoredRun, all: ReadonlyMap<string, StoredRun>): Promise<boolean> {
    const { store, held, push } = this.#options;
    try {
      expectSubject(run, all);
      await beginRun(this.#options, run, all);
      await held.keep(() => this.#order.takeOut(run.id));
      this.#options.begun?.(run);
      return true;
    } catch (error) {
      if (this.#isClosed) return true;
      if (isRefusedWrite(error)) {
        void held.untilWritable(error.fault).then(this.#advance);
        return true;
      }
      await held.keep(() => this.#order.takeOut(run.id));
      await held.keep(() => store.setStatus(run.id, 'failed', faultOf(error)));
      await held.keep(() => saveRunCard(store, run.id));
      push('runsChanged', [run.id]);
      return false;
    }
  }

  #tellIdlers(): void {
    for (const { resolve } of this.#idlers.splice(0)) resolve();
  }
}

function expectSubject({ id, title, config }: StoredRun, all: ReadonlyMap<string, StoredRun>): void {
  const dependency = dependencyOf(config, all);
  if (dependency.kind !== 'missing') return;
  const text = `Run "${title}" evaluates ${dependency.what}, which is gone. Choose another run to evaluate.`;
  throw new FaultError('subject-missing', text, { run: id });
}
