/** Reads runs for display: rows of a list, details of one, interrupted ones. */
import { join } from 'node:path';
import { folderExists } from '../../../trainer/durable/files.ts';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import { curveUnit, declaredMetric } from '../../../trainer/protocol/declared-metrics.ts';
import { asksHowToGoOn } from '../../../trainer/protocol/fault.ts';
import { signs } from '../../../trainer/protocol/health.ts';
import { evaluatedRun, type DataSource, type RunConfig } from '../../../trainer/protocol/run.ts';
import { spectrumRank } from '../../../trainer/protocol/spectrum.ts';
import type { CheckpointRow, Interrupted, RunDetail, RunRow } from '../../api/runs.ts';
import { namesInLists } from '../../words/dataset-names.ts';
import { encoderName, encodersName } from '../comparison/subjects.ts';
import { partsOf } from '../recovery/checkpoint-folders.ts';
import { causeOf } from '../recovery/sweep.ts';
import type { RequestHandler } from '../request-types.ts';
import type { StoredCheckpoint, StoredResult, StoredRun } from '../store/store.ts';
import { createFolderSizes } from './folder-size.ts';
import { figuresWithoutCopies } from '../data/without-copies.ts';
import { readLeftOut } from '../data/left-out-images.ts';
import { createColumnReading } from './run-columns.ts';
import { newestChoice } from './not-finite-choices.ts';
import { getRun, isActive, type RunsContext } from './runs-context.ts';

export interface RunReading {
  readonly rows: RequestHandler<'runs'>;
  readonly columns: RequestHandler<'runColumns'>;
  readonly detail: RequestHandler<'run'>;
  readonly metric: RequestHandler<'metric'>;
  readonly log: RequestHandler<'log'>;
  readonly interrupted: RequestHandler<'interrupted'>;
  readonly progress: RequestHandler<'progress'>;
}

const activeSizeMs = 5_000;
const restingSizeMs = 60_000;

export function createRunReading(context: RunsContext): RunReading {
  const { store, host, queue, catalogue, workspace } = context;
  const sizes = createFolderSizes(context.now);
  const parts = new CheckpointParts();

  async function rowOf(
    run: StoredRun,
    waits: ReadonlyMap<string, RunRow['waitsFor']>,
    names: ReadonlyMap<string, string>,
    encoder: string,
  ): Promise<RunRow> {
    const { config, folder, deleted: _deleted, savedStep: _savedStep, ...shown } = run;
    const diskBytes = await sizes.of(folder, isActive(run) ? activeSizeMs : restingSizeMs, run.endedAt ?? 0);
    return {
      ...shown,
      dataset: names.get(dataOf(config).fingerprint ?? '') ?? shown.dataset,
      headline: headlineOf(run, catalogue),
      encoder,
      subject: evaluatedRun(config),
      waitsFor: waits.get(run.id) ?? null,
      diskBytes,
    };
  }

  return {
    rows: async () => {
      const [all, datasets] = await Promise.all([store.runs(), store.datasets()]);
      const waits = await queue.waits(all);
      const names = namesInLists(datasets);
      const shown = all.filter((run) => !run.deleted);
      const byId = new Map(shown.map((run) => [run.id, run]));
      return Promise.all(
        shown.map((run) =>
          rowOf(run, waits, names, encoderOf(run, byId.get(evaluatedRun(run.config) ?? ''), catalogue)),
        ),
      );
    },
    columns: createColumnReading(context),
    detail: async (id) => {
      const run = await getRun(store, id);
      const subject = evaluatedRun(run.config);
      // Only queued runs are compared with the others, of which there may be a thousand.
      const others = run.status === 'queued' ? await store.runs() : [];
      const names = namesInLists(await store.datasets());
      const [row, attempts, checkpoints, results, metrics, hello, marks] = await Promise.all([
        Promise.all([queue.waits(others), subject === null ? null : store.run(subject)]).then(([waits, evaluated]) =>
          rowOf(run, waits, names, encoderOf(run, evaluated ?? undefined, catalogue)),
        ),
        store.attempts(id),
        store.checkpoints(id),
        store.results([id]),
        store.metricNames(id),
        store.hello(id),
        store.marks(id),
      ]);
      const { config, folder } = run;
      const onDisk = await checkedOnDisk(folder, checkpoints);
      const withoutCopies = await figuresWithoutCopies(run, results, { store, datasetsFolder: workspace.datasets });
      const last = onDisk.findLast(({ present }) => present);
      return {
        row,
        config,
        folder,
        attempts,
        checkpoints: onDisk,
        holds: last === undefined ? [] : await parts.of(id, join(folder, last.folder)),
        results: resultRows(results, withoutCopies, names, catalogue),
        ...curvesIn(metrics, (name) => curveUnit(catalogue, config, name)),
        leftOut: await readLeftOut(folder),
        signs: signs.filter(({ metric }) => metrics.includes(metric)),
        hello,
        marks,
      };
    },
    metric: (id, name, points) => store.series(id, name, points),
    log: (id, lines) => store.log(id, lines),
    progress: () => host.progress(),
    interrupted: () => interruptedRuns(context),
  };
}

/** The curves that are drawn alone, and those of a spectrum, which are drawn together. */
function curvesIn(
  names: readonly string[],
  unitOf: (name: string) => RunDetail['metrics'][number]['unit'],
): Pick<RunDetail, 'metrics' | 'spectrum'> {
  const ranked = names.map((name) => ({ name, rank: spectrumRank(name) }));
  return {
    metrics: ranked.filter(({ rank }) => rank === null).map(({ name }) => ({ name, unit: unitOf(name) })),
    spectrum: ranked
      .flatMap(({ name, rank }) => (rank === null ? [] : [{ name, rank }]))
      .sort((one, other) => one.rank - other.rank),
  };
}

function resultRows(
  results: readonly StoredResult[],
  withoutCopies: Awaited<ReturnType<typeof figuresWithoutCopies>>,
  names: ReadonlyMap<string, string>,
  catalogue: RunsContext['catalogue'],
): RunDetail['results'] {
  return results.map(({ result }, at) => ({
    ...result,
    dataset: names.get(result.fingerprint ?? '') ?? result.dataset,
    withoutCopies: withoutCopies[at] ?? null,
    unit: declaredMetric(catalogue, result.evaluator, result.metric).unit,
  }));
}

/** The data a run learns from, or is measured on. */
const dataOf = (config: RunConfig): DataSource => (config.kind === 'pretrain' ? config.data : config.test);

async function interruptedRuns({ store, changesSince }: RunsContext): Promise<readonly Interrupted[]> {
  const cut = (await store.runs('interrupted')).filter((run) => !run.deleted);
  return Promise.all(
    cut.map(async (run): Promise<Interrupted> => {
      const { id, title, step, safeStep, fault } = run;
      const changes = await changesSince(run);
      const whenNotFinite = asksHowToGoOn(fault) ? await newestChoice(run) : null;
      return { run: id, title, step, safeStep, cause: causeOf(fault), fault, whenNotFinite, changes };
    }),
  );
}

function encoderOf(run: StoredRun, evaluated: StoredRun | undefined, catalogue: Catalogue): string {
  const { config } = run;
  if (config.kind === 'pretrain') return encodersName(catalogue, config);
  const { subject } = config;
  if (subject.kind === 'run')
    return evaluated?.config.kind === 'pretrain' ? encodersName(catalogue, evaluated.config) : '';
  return subject.kind === 'pixels' ? 'pixels' : encoderName(catalogue, subject.encoder);
}

function headlineOf({ headline, config }: StoredRun, catalogue: Catalogue): RunRow['headline'] {
  if (headline === null) return null;
  const { evaluator, metric, value } = headline;
  const unit =
    evaluator === null ? curveUnit(catalogue, config, metric) : declaredMetric(catalogue, evaluator, metric).unit;
  return { metric, value, unit };
}

/** Checks the disk: the trainer prunes old folders itself, and only the next sweep marks them. */
function checkedOnDisk(folder: string, checkpoints: readonly StoredCheckpoint[]): Promise<CheckpointRow[]> {
  return Promise.all(
    checkpoints.map(async ({ manifestSha256: _sha256, ...one }) => ({
      ...one,
      present: one.present && (await folderExists(join(folder, one.folder))),
    })),
  );
}

/** Caches the parts of each run's last checkpoint: a folder never changes, but pages ask on every change of the run. */
class CheckpointParts {
  readonly #known = new Map<string, { readonly folder: string; readonly parts: RunDetail['holds'] }>();

  async of(run: string, folder: string): Promise<RunDetail['holds']> {
    const known = this.#known.get(run);
    if (known?.folder === folder) return known.parts;
    // Unreadable ones are reported by the sweep, and when a run resumes from one.
    const parts = await partsOf(folder).catch(() => null);
    if (parts !== null) this.#known.set(run, { folder, parts });
    return parts ?? [];
  }
}
