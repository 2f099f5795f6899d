/** Reads what a comparison or a report needs from the store and the run folders: the only part of both that touches either. */
import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import * as v from 'valibot';
import { canonicalJson } from '../../../trainer/durable/canonical-json.ts';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { isMissing, sha256OfFile } from '../../../trainer/durable/files.ts';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Paper } from '../../../trainer/protocol/paper.ts';
import { leftOutFile } from '../../../trainer/protocol/left-out.ts';
import { notFiniteChoicesFile, otherCourseCodes } from '../../../trainer/protocol/when-not-finite.ts';
import { Plan, placedPlan } from '../../../trainer/protocol/plan.ts';
import { evaluatedRun, type Execution } from '../../../trainer/protocol/run.ts';
import { spectrumRank } from '../../../trainer/protocol/spectrum.ts';
import type { Preset } from '../../../trainer/protocol/preset.ts';
import type { Comparison, RunPalette, Selection } from '../../api/comparison.ts';
import { compareRuns } from '../comparison/compare.ts';
import { membersOf } from '../comparison/members.ts';
import { selectionPalette } from '../comparison/selection-palette.ts';
import type { Memoize } from '../comparison/memoize.ts';
import type { ReportInput, ReportRun } from './model.ts';
import { readKept } from '../data/kept-results.ts';
import { readLeftOut } from '../data/left-out-images.ts';
import { figuresWithoutCopies } from '../data/without-copies.ts';
import { sourcesOf } from '../../../trainer/protocol/sources.ts';
import type { Store, StoredRun } from '../store/store.ts';

export interface Sources {
  readonly store: Store;
  /** The workspace's folder of data sets. */
  readonly datasetsFolder: string;
  readonly papers: readonly Paper[];
  readonly presets: readonly Preset[];
  readonly catalogue: Catalogue;
  readonly environment: ReportInput['environment'];
  /** Kept while the workspace is open: results never change once written. */
  readonly memoize: Memoize;
  /** The shipped plans, for those not started yet. */
  readonly plans: readonly Plan[];
}

/** The plan as it stood when it was started: later edits of its rules do not count. */
async function planOf(sources: Sources, selection: Selection): Promise<Plan | null> {
  if (selection.kind !== 'plan') return null;
  const stored = (await sources.store.plans()).find(({ id }) => id === selection.plan);
  if (stored !== undefined) return v.parse(Plan, JSON.parse(stored.plan));
  const shipped = sources.plans.find(({ id }) => id === selection.plan);
  if (shipped !== undefined) return shipped;
  throw new FaultError('unknown-id', `There is no plan "${selection.plan}".`, { id: selection.plan });
}

/** @param execution of runs that are not made yet, so that what they deviate in is known before; null: as the plan says */
export async function gatherComparison(
  sources: Sources,
  selection: Selection,
  execution: Execution | null,
): Promise<Comparison> {
  const stored = await planOf(sources, selection);
  const plan = stored === null ? null : placedPlan(stored, execution);
  const { store, papers, presets, catalogue, memoize } = sources;
  const runs = (await store.runs()).filter(({ deleted }) => !deleted);
  if (selection.kind === 'runs') expectRuns(selection.runs, runs);
  const folders = new Map(runs.map(({ id, folder }) => [id, folder]));
  return compareRuns({
    selection,
    runs,
    results: await store.results(membersOf(selection, plan, runs).flatMap(({ stored }) => stored?.id ?? [])),
    papers,
    presets,
    plan,
    datasets: await store.datasets(),
    catalogue,
    memoize,
    wentBack: new Set(await store.runsWithNotices(otherCourseCodes)),
    meanMetric: (run, name, fromStep) => store.meanMetric(run, name, fromStep),
    computedBy: async (run) => {
      const hello = await store.hello(run);
      return hello === null ? null : canonicalJson(hello);
    },
    perImage: async (run, file) => {
      const folder = folders.get(run);
      if (folder === undefined) return null;
      return readKept(folder, file);
    },
  });
}

function expectRuns(chosen: readonly string[], runs: readonly StoredRun[]): void {
  const known = new Set(runs.map(({ id }) => id));
  const unknown = chosen.find((id) => !known.has(id));
  if (unknown !== undefined) throw new FaultError('unknown-id', `There is no run "${unknown}".`, { id: unknown });
}

export async function gatherPalette(
  { store, catalogue }: Pick<Sources, 'store' | 'catalogue'>,
  chosen: readonly string[],
): Promise<RunPalette> {
  const runs = (await store.runs()).filter(({ deleted }) => !deleted);
  expectRuns(chosen, runs);
  const given = membersOf({ kind: 'runs', runs: chosen }, null, runs);
  const measured = await store.results(given.map(({ id }) => id));
  return selectionPalette(given, new Set(measured.map(({ run }) => run)), {
    runs,
    catalogue,
    datasets: await store.datasets(),
  });
}

/** Points of a curve in a report: enough for its width on paper. */
const curvePoints = 300;
const logLines = 1000;

export async function gatherReport(sources: Sources, selection: Selection): Promise<ReportInput> {
  const { store, datasetsFolder, papers, presets, catalogue, environment } = sources;
  // The same records always give the same report, whatever machine would run the rest.
  const comparison = await gatherComparison(sources, selection, null);
  const plan = await planOf(sources, selection);
  const started = (await store.plans()).find(({ id }) => id === plan?.id);
  const stored = (await store.runs()).filter(({ deleted }) => !deleted);
  const runs = reportedRuns(stored, selection, comparison, plan);
  const fingerprints = new Set(runs.flatMap(({ config }) => sourcesOf(config)).map(({ fingerprint }) => fingerprint));
  return {
    comparison,
    plan,
    planStoredAt: started?.startedAt ?? null,
    papers,
    presets,
    catalogue,
    environment,
    runs: await Promise.all(runs.map((run) => gatherRun(store, datasetsFolder, run))),
    datasets: (await store.datasets()).filter(({ fingerprint }) => fingerprints.has(fingerprint)),
  };
}

/** The runs of the plan or the selection, those behind their figures, and their sources. Oldest first. */
function reportedRuns(
  stored: readonly StoredRun[],
  selection: Selection,
  comparison: Comparison,
  plan: Plan | null,
): readonly StoredRun[] {
  const ids = new Set(selection.kind === 'runs' ? selection.runs : []);
  for (const row of comparison.rows) for (const { run } of row.ours?.values ?? []) ids.add(run);
  // Failed and repeated runs of a plan also took time and belong to its history.
  if (plan !== null) for (const run of stored) if (run.plan === plan.id) ids.add(run.id);
  for (const { id, config } of stored) {
    const evaluated = evaluatedRun(config);
    if (ids.has(id) && evaluated !== null) ids.add(evaluated);
  }
  return stored
    .filter(({ id }) => ids.has(id))
    .sort((one, other) => one.createdAt - other.createdAt || (one.id < other.id ? -1 : 1));
}

async function gatherRun(store: Store, datasetsFolder: string, run: StoredRun): Promise<ReportRun> {
  const names = (await store.metricNames(run.id)).filter((name) => spectrumRank(name) === null);
  const results = await store.results([run.id]);
  return {
    run,
    attempts: await store.attempts(run.id),
    checkpoints: await store.checkpoints(run.id),
    results,
    withoutCopies: await figuresWithoutCopies(run, results, { store, datasetsFolder }),
    hello: await store.hello(run.id),
    log: await store.log(run.id, logLines),
    leftOut: await readLeftOut(run.folder),
    series: await Promise.all([...names].sort().map((name) => store.series(run.id, name, curvePoints))),
    files: await hashFiles(run.folder),
  };
}

/**
 * Hashes of files a reader can check without the weights: the configuration, the events, the checkpoints' manifests and
 * per-image results.
 */
async function hashFiles(folder: string): Promise<ReportRun['files']> {
  const found: ReportRun['files'][number][] = [];
  const add = async (path: string): Promise<void> => {
    const { size } = await stat(path);
    found.push({ path: relative(folder, path).split(sep).join('/'), bytes: size, sha256: await sha256OfFile(path) });
  };
  const names = await list(folder);
  for (const name of ['config.json', 'events.ndjson', leftOutFile, notFiniteChoicesFile])
    if (names.includes(name)) await add(join(folder, name));
  for (const checkpoint of await list(join(folder, 'checkpoints'))) {
    if (checkpoint.startsWith('.')) continue;
    const inside = join(folder, 'checkpoints', checkpoint);
    if ((await list(inside)).includes('manifest.json')) await add(join(inside, 'manifest.json'));
  }
  for (const result of await list(join(folder, 'results'))) await add(join(folder, 'results', result));
  return found;
}

async function list(folder: string): Promise<readonly string[]> {
  return readdir(folder).then(
    (names) => names.sort(),
    (error: unknown) => {
      // If the folder was moved or deleted, only the rows remain; the report then lists no files for it.
      if (isMissing(error)) return [];
      throw error;
    },
  );
}
