/** Plans: what can be reproduced, what it needs on this machine, and the runs it becomes. Starting one again goes on where it was. */
import * as v from 'valibot';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import { Plan, type PlannedRun } from '../../../trainer/protocol/plan.ts';
import type { RunConfig } from '../../../trainer/protocol/run.ts';
import type { Estimate } from '../../api/drafts.ts';
import type { PlanRow } from '../../api/plans.ts';
import type { Datasets } from '../data/datasets.ts';
import { calibrationKey, type Estimates } from '../drafts/estimate.ts';
import type { DeviceChoice } from '../drafts/device-choice.ts';
import type { Queue } from '../runs/queue.ts';
import type { RequestHandler, Push } from '../request-types.ts';
import { Bundle } from '../report/bundle.ts';
import { completeConfig } from '../drafts/check-config.ts';
import { seedsOf, withSeeds } from './plan-seeds.ts';
import type { Runs } from '../runs/runs.ts';
import { readChecked } from '../workspace/resources.ts';
import { sourcesOf, withSources } from '../data/sources.ts';
import type { Store, StoredDataset, StoredPlan, StoredRun } from '../store/store.ts';
import type { TrainerHost } from '../trainer/trainer-host.ts';
import type { Weights } from '../weights/weights.ts';
import { forgetPlan, savePlan, type Workspace } from '../workspace/workspace.ts';

export interface Plans {
  readonly rows: () => Promise<readonly PlanRow[]>;
  /** `seeds`: how many its runs shall have; null: as many as they have. */
  readonly start: (plan: string, seeds?: number | null) => Promise<void>;
  readonly pause: (plan: string) => Promise<void>;
  readonly calibrate: (plan: string) => Promise<PlanRow>;
  readonly add: RequestHandler<'addPlan'>;
  readonly remove: RequestHandler<'removePlan'>;
  readonly undoRemove: RequestHandler<'undoRemovePlan'>;
}

export interface PlansOptions {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly shipped: readonly Plan[];
  readonly catalogue: Catalogue;
  readonly weights: Weights;
  readonly datasets: Datasets;
  readonly estimates: Estimates;
  readonly placement: DeviceChoice;
  readonly runs: Runs;
  readonly queue: Queue;
  readonly host: TrainerHost;
  readonly push: Push;
  readonly now: () => number;
}

const unfinished = new Set<StoredRun['status']>(['interrupted', 'stopped', 'failed', 'draft']);
const moving = new Set<StoredRun['status']>(['running', 'paused', 'queued']);

export function createPlans(options: PlansOptions): Plans {
  const withHead = new Set(options.catalogue.evaluators.filter(({ probe }) => !probe).map(({ id }) => id));
  const { workspace, store, datasets, estimates, runs, queue, host, push, now } = options;

  function shippedPlan(id: string): Plan {
    const found = options.shipped.find((plan) => plan.id === id);
    if (found !== undefined) return found;
    const known = options.shipped.map((plan) => plan.id).join(', ');
    throw new FaultError('unknown-id', `No plan "${id}". Known: ${known}.`, { id });
  }
  /** As it stood when it was started: later edits of the shipped file do not count. */
  function planOf(id: string, stored: StoredPlan | undefined): Plan {
    return stored === undefined ? shippedPlan(id) : v.parse(Plan, JSON.parse(stored.plan));
  }
  async function storedPlan(id: string): Promise<StoredPlan | undefined> {
    return (await store.plans()).find((plan) => plan.id === id);
  }
  async function runsOf(id: string): Promise<ReadonlyMap<string, StoredRun>> {
    return plannedIn(await store.runs(), id);
  }
  function plannedIn(runs: readonly StoredRun[], id: string): ReadonlyMap<string, StoredRun> {
    const found = runs.filter((run) => run.plan === id && run.planKey !== null && !run.deleted);
    // The newest of a key counts; the store lists newest first.
    return new Map(found.toReversed().map((run) => [run.planKey ?? '', run]));
  }

  /** Folder of each named data set: the very contents, where those are named; else what set-up laid there, or one with that title. */
  async function foldersOf(plan: Plan): Promise<ReadonlyMap<string, string>> {
    const [known, rows] = await Promise.all([datasets.known(), store.datasets()]);
    const found = new Map<string, string>();
    for (const { name, dataset, title, fingerprint } of plan.data) {
      const laid = known.find((data) => data.name === name)?.path;
      const same = rows.find((row) => row.fingerprint === fingerprint);
      const called = rows.find(
        (row) => row.inspection.dataset === dataset && [row.name, row.inspection.title].includes(title),
      );
      const path = same?.path ?? laid ?? (fingerprint === undefined ? called?.path : undefined);
      if (path !== undefined) found.set(name, path);
    }
    return found;
  }

  /** With the data and, where that is left to the machine and known, the device and precision of this one. */
  async function resolved(plan: Plan): Promise<readonly PlannedRun[]> {
    const [folders, rows] = await Promise.all([foldersOf(plan), store.datasets()]);
    const execution = plan.placed === true ? options.placement.known() : null;
    const found = new Map<string, Pick<StoredDataset, 'path'> & { readonly fingerprint?: string }>();
    for (const [name, path] of folders) found.set(name, rows.find((row) => row.path === path) ?? { path });
    return plan.runs.map((run) => {
      const config = withData(run.config, found);
      return { ...run, config: execution === null ? config : { ...config, execution } };
    });
  }

  async function rowOf(id: string, stored: StoredPlan | undefined, runs: readonly StoredRun[]): Promise<PlanRow> {
    const plan = planOf(id, stored);
    const own = plannedIn(runs, id);
    const [planned, folders] = await Promise.all([resolved(plan), foldersOf(plan)]);
    const wanted = planned.map(({ config }) => ({ config, subject: subjectConfig(config, planned) }));
    const found = await estimates.estimateAll(wanted, runs);
    const estimated = new Map(planned.map(({ key }, at) => [key, found[at]!]));
    const possible = possibleRuns(plan, folders);
    const left = planned.filter(({ key }) => possible.has(key) && own.get(key)?.status !== 'done');
    const isDone = planned.length > 0 && planned.every(({ key }) => own.get(key)?.status === 'done');
    const secondsLeft =
      isDone || left.length > 0 ? total(left.map(({ key }) => secondsLeftOf(own.get(key), estimated.get(key)))) : null;
    const statuses = plan.runs.map(({ key }) => own.get(key)?.status ?? null);
    const begun = statuses.some((status) => status !== null);
    const isMoving = statuses.some((status) => status !== null && moving.has(status));
    const state: PlanRow['state'] = isDone
      ? 'done'
      : left.length === 0
        ? 'blocked'
        : begun && (stored?.paused === true || !isMoving)
          ? 'paused'
          : isMoving
            ? 'running'
            : 'ready';
    return {
      plan,
      needs: needsOf(plan, folders, [...estimated.values()], secondsLeft),
      runs: plan.runs.map(({ key }) => ({ key, run: own.get(key)?.id ?? null, status: own.get(key)?.status ?? null })),
      state,
      secondsLeft,
      startedAt: begun ? (stored?.startedAt ?? null) : null,
      seeds: seedsOf(plan),
      isShipped: isShipped(id),
    };
  }

  function secondsLeftOf(run: StoredRun | undefined, estimate: Estimate | undefined): number | null {
    const live = run === undefined ? null : (host.sessionOrNull(run.id)?.progress() ?? null);
    if (live !== null && live.secondsLeft !== null) return live.secondsLeft;
    const seconds = estimate?.seconds ?? null;
    if (seconds === null || run?.safeStep == null || estimate?.steps == null) return seconds;
    return seconds * Math.max(0, 1 - run.safeStep / estimate.steps);
  }

  /** The data of the runs that can be made, inspected. Without any such run the first data set that is missing is named. */
  async function ensureData(plan: Plan): Promise<void> {
    const folders = await foldersOf(plan);
    const some = possibleRuns(plan, folders).size > 0;
    for (const { name, title, fingerprint } of plan.data.filter((data) => !some || folders.has(data.name))) {
      const path = folders.get(name);
      const same = fingerprint === undefined ? '' : ` (fingerprint ${fingerprint.slice(0, 12)}…)`;
      if (path === undefined) {
        const known = (await datasets.known()).find((data) => data.name === name);
        const advice = known?.missing ?? `Add a folder with ${title}${same} first.`;
        throw new FaultError(
          'not-available',
          `The plan needs ${title}. ${advice}`,
          { data: name },
          { retry: 'choose-folder' },
        );
      }
      const isBuiltIn = (await datasets.known()).some((data) => data.path === path);
      const there = await datasets.ensure(path, title, isBuiltIn);
      if (fingerprint === undefined || there.fingerprint === fingerprint) continue;
      const text = `The plan was made with other files of ${title}${same} than those in ${path} (${there.fingerprint.slice(0, 12)}…).`;
      throw new FaultError('dataset-changed', text, { data: name, path }, { retry: 'choose-folder' });
    }
  }

  async function start(id: string, seeds: number | null = null): Promise<void> {
    const before = await storedPlan(id);
    const known = planOf(id, before);
    if (seeds !== null && seeds < seedsOf(known))
      throw new FaultError('bad-argument', `The plan has ${seedsOf(known)} seeds already; ${seeds} would be fewer.`, {
        id,
      });
    const plan = seeds === null ? known : withSeeds(known, seeds, withHead);
    await ensureData(plan);
    const own = new Map(await runsOf(id));
    const startedAt = own.size === 0 ? now() : (before?.startedAt ?? now());
    await savePlan(workspace, store, { id, plan: JSON.stringify(plan), startedAt, paused: false });
    const ids = new Map([...own].map(([key, run]) => [key, run.id]));
    const toQueue: string[] = [];
    if (plan.placed === true) await options.placement.chosen();
    const possible = possibleRuns(plan, await foldersOf(plan));
    for (const run of inDependencyOrder(await resolved(plan)).filter(({ key }) => possible.has(key))) {
      const there = own.get(run.key);
      const made = there?.id ?? (await runs.make(withSubject(run.config, ids), { plan: id, planKey: run.key }));
      ids.set(run.key, made);
      if (there === undefined || there.status === 'queued' || unfinished.has(there.status)) toQueue.push(made);
    }
    await queue.add(toQueue, 'back');
    push('runsChanged', toQueue);
  }

  const isShipped = (id: string): boolean => options.shipped.some((plan) => plan.id === id);
  /** For as long as the workspace is open. */
  const removed = new Map<string, StoredPlan>();

  async function expectWeights(plan: Plan): Promise<void> {
    const there = new Set((await options.weights.rows()).map(({ id }) => id));
    for (const { config } of plan.runs) {
      if (config.kind !== 'evaluate' || config.subject.kind !== 'weights' || there.has(config.subject.weights))
        continue;
      const { weights, name } = config.subject;
      const text = `The plan evaluates the weights "${name}" (${weights}): import their file first.`;
      throw new FaultError('not-available', text, { weights });
    }
  }

  return {
    start,
    add: async (file) => {
      const { plan, results, environment } = await readChecked(file, Bundle);
      // All that this build cannot do is found before anything is kept.
      for (const { config } of plan.runs) completeConfig(config, options.catalogue);
      inDependencyOrder(plan.runs);
      await expectWeights(plan);
      const { id } = plan;
      if (isShipped(id))
        throw new FaultError('bad-argument', `${file} calls its plan "${id}", which is one that ships.`, { id });
      if ((await storedPlan(id)) === undefined)
        await savePlan(workspace, store, { id, plan: JSON.stringify(plan), startedAt: now(), paused: false });
      push('runsChanged', []);
      return { plan: id, results, environment };
    },
    remove: async (id) => {
      if (isShipped(id))
        throw new FaultError('bad-argument', `The plan "${id}" came with the program and stays.`, { id });
      const stored = await storedPlan(id);
      if (stored === undefined) throw new FaultError('unknown-id', `There is no plan "${id}" to remove.`, { id });
      const open = [...(await runsOf(id)).values()].find(({ status }) => moving.has(status));
      if (open !== undefined) {
        const text = `The plan's run "${open.title}" is ${open.status}: pause the plan before removing it.`;
        throw new FaultError('busy', text, { run: open.id });
      }
      removed.set(id, stored);
      await forgetPlan(workspace, store, id);
      push('runsChanged', []);
    },
    undoRemove: async (id) => {
      const stored = removed.get(id);
      if (stored === undefined) throw new FaultError('unknown-id', `No plan "${id}" was removed here.`, { id });
      await savePlan(workspace, store, stored);
      removed.delete(id);
      push('runsChanged', []);
    },
    rows: async () => {
      const [stored, all] = await Promise.all([store.plans(), store.runs()]);
      const ids = new Set([...options.shipped.map((plan) => plan.id), ...stored.map((plan) => plan.id)]);
      return Promise.all(
        [...ids].map((id) =>
          rowOf(
            id,
            stored.find((plan) => plan.id === id),
            all,
          ),
        ),
      );
    },
    pause: async (id) => {
      const stored = await storedPlan(id);
      if (stored === undefined) throw new FaultError('not-available', `The plan "${id}" has not been started.`, { id });
      await savePlan(workspace, store, { ...stored, paused: true });
      // The run that is on the device is saved and stopped; starting the plan again resumes it.
      for (const run of (await runsOf(id)).values()) {
        if (host.sessionOrNull(run.id) !== null) await runs.stop(run.id, 'safely');
      }
    },
    calibrate: async (id) => {
      const plan = planOf(id, await storedPlan(id));
      await ensureData(plan);
      if (plan.placed === true) await options.placement.chosen();
      const possible = possibleRuns(plan, await foldersOf(plan));
      const planned = (await resolved(plan)).filter(({ key }) => possible.has(key));
      const shapes = new Map<string, RunConfig>();
      for (const { config } of planned) {
        const subject = subjectConfig(config, planned);
        const key = calibrationKey(config, subject);
        if (!shapes.has(key)) shapes.set(key, withRandomSubject(config, subject));
      }
      for (const config of shapes.values()) await estimates.calibrate(config);
      return rowOf(id, await storedPlan(id), await store.runs());
    },
  };
}

/** `$name` in a planned path becomes the folder on this machine. */
export function withData(
  config: RunConfig,
  found: ReadonlyMap<string, { readonly path: string; readonly fingerprint?: string }>,
): RunConfig {
  return withSources(config, (source) => {
    const data = source.path.startsWith('$') ? found.get(source.path.slice(1)) : undefined;
    if (data === undefined) return source;
    return { ...source, path: data.path, ...(data.fingerprint === undefined ? {} : { fingerprint: data.fingerprint }) };
  });
}

/** The key of a planned run becomes the id of the run it was made into. */
export function withSubject(config: RunConfig, ids: ReadonlyMap<string, string>): RunConfig {
  if (config.kind !== 'evaluate' || config.subject.kind !== 'run') return config;
  const run = ids.get(config.subject.run);
  if (run === undefined)
    throw new FaultError('internal', `The plan evaluates "${config.subject.run}", which it does not have before it.`);
  return { ...config, subject: { ...config.subject, run } };
}

/** Keys of the runs whose data is there, and that of what they evaluate. */
function possibleRuns(plan: Plan, folders: ReadonlyMap<string, string>): ReadonlySet<string> {
  const possible = new Set<string>();
  for (const { key, config } of inDependencyOrder(plan.runs)) {
    const hasData = sourcesOf(config).every(({ path }) => !path.startsWith('$') || folders.has(path.slice(1)));
    const evaluates = config.kind === 'evaluate' && config.subject.kind === 'run' ? config.subject.run : null;
    if (hasData && (evaluates === null || possible.has(evaluates))) possible.add(key);
  }
  return possible;
}

function subjectConfig(config: RunConfig, planned: readonly PlannedRun[]): RunConfig | null {
  if (config.kind !== 'evaluate' || config.subject.kind !== 'run') return null;
  const { run } = config.subject;
  return planned.find((other) => other.key === run)?.config ?? null;
}

/** What an evaluation costs does not depend on what the weights have learned: a random encoder stands in for one not trained yet. */
function withRandomSubject(config: RunConfig, subject: RunConfig | null): RunConfig {
  if (config.kind !== 'evaluate' || config.subject.kind !== 'run' || subject?.kind !== 'pretrain') return config;
  const encoder = subject.encoders[config.subject.branch] ?? subject.encoders[0];
  return { ...config, subject: { kind: 'random', encoder, seed: config.seed } };
}

/** Stable: a run comes after what it evaluates, else in the plan's own order. */
export function inDependencyOrder(runs: readonly PlannedRun[]): readonly PlannedRun[] {
  const ordered: PlannedRun[] = [];
  const open = [...runs];
  while (open.length > 0) {
    const done = new Set(ordered.map((run) => run.key));
    const next = open.findIndex(
      ({ config }) => config.kind !== 'evaluate' || config.subject.kind !== 'run' || done.has(config.subject.run),
    );
    if (next < 0)
      throw new FaultError(
        'internal',
        `The plan's runs ${open.map((run) => run.key).join(', ')} wait for each other or for a run it does not have.`,
      );
    ordered.push(...open.splice(next, 1));
  }
  return ordered;
}

function needsOf(
  plan: Plan,
  folders: ReadonlyMap<string, string>,
  estimates: readonly Estimate[],
  secondsLeft: number | null,
): PlanRow['needs'] {
  const disk = total(estimates.map((estimate) => estimate.diskBytes));
  const memory = estimates.map((estimate) => estimate.memoryBytes).filter((bytes) => bytes !== null);
  const [first] = estimates;
  const free = { disk: first?.diskFreeBytes ?? null, memory: first?.memoryFreeBytes ?? null };
  const most = memory.length === 0 ? null : Math.max(...memory);
  const fits = (needed: number | null, has: number | null) => (needed === null || has === null ? null : needed <= has);
  const known = (values: Readonly<Record<string, number | null>>) =>
    Object.fromEntries(Object.entries(values).filter((entry): entry is [string, number] => entry[1] !== null));
  return [
    ...plan.data.map(({ name, title }) => {
      const path = folders.get(name);
      return {
        kind: 'data' as const,
        ok: path !== undefined,
        values: { name, title, ...(path === undefined ? {} : { path }) },
      };
    }),
    { kind: 'disk', ok: fits(disk, free.disk), values: known({ needed: disk, free: free.disk }) },
    { kind: 'memory', ok: fits(most, free.memory), values: known({ needed: most, free: free.memory }) },
    // A plan that is done needs none.
    ...(secondsLeft === 0
      ? []
      : [{ kind: 'time' as const, ok: secondsLeft === null ? null : true, values: known({ seconds: secondsLeft }) }]),
  ];
}

/** Unknown as soon as one part is. */
function total(values: readonly (number | null)[]): number | null {
  let sum = 0;
  for (const value of values) {
    if (value === null) return null;
    sum += value;
  }
  return sum;
}
