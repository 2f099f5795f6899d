/** Columns of the table of runs: the settings in which runs differ, and the figures of their evaluations. */
import { canonicalJson } from '../../../trainer/durable/canonical-json.ts';
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import { declaredMetric } from '../../../trainer/protocol/declared-metrics.ts';
import { evaluatedRun, type RunConfig } from '../../../trainer/protocol/run.ts';
import type { RunColumns } from '../../api/runs.ts';
import {
  below,
  measuringFields,
  operationFields,
  trainingFields,
  type Fields,
} from '../comparison/configuration-fields.ts';
import { shown } from '../comparison/field-differences.ts';
import { dataName, pretrainingData } from '../comparison/subjects.ts';
import type { RequestHandler } from '../request-types.ts';
import type { StoredResult, StoredRun } from '../store/store.ts';
import type { RunsContext } from './runs-context.ts';

type SettingColumn = RunColumns['settings'][number];
type Run = Pick<StoredRun, 'id' | 'config'>;

export interface Configurations {
  readonly find: (run: string) => Run | undefined;
  /** What a run's configuration says by itself. */
  readonly own: (run: Run) => Fields;
  /** Names of data sets by fingerprint. */
  readonly names: ReadonlyMap<string, string>;
}

/** What a configuration says by itself, under the names of a comparison. */
export function ownSettings(config: RunConfig, catalogue: Catalogue): Fields {
  if (config.kind === 'pretrain') {
    const { epochs, batch } = config;
    return { epochs, batch, ...trainingFields(config, catalogue), ...operationFields(config) };
  }
  const measuring = { ...measuringFields(config, catalogue), ...operationFields(config) };
  return { evaluator: config.evaluator.id, ...below('protocol', measuring) };
}

/** All that a run is configured by; an evaluation has the settings of its pretraining too. */
export function settingsOf(run: Run, { find, own, names }: Configurations): Fields {
  const { config } = run;
  const evaluated = find(evaluatedRun(config) ?? '');
  const training = config.kind === 'pretrain' ? run : evaluated;
  return {
    ...(training?.config.kind === 'pretrain'
      ? { pretrainedOn: pretrainingData(training.config, names), ...own(training) }
      : {}),
    ...(config.kind === 'evaluate' ? own(run) : {}),
  };
}

/** `views.1.blur` and `views.2.blur` of equal values are one column, `views.1,2.blur`. */
function mergeRepeated(columns: RunColumns['settings']): RunColumns['settings'] {
  const merged = new Map<string, { readonly field: string; readonly values: SettingColumn['values'] }>();
  for (const { field, values } of columns) {
    const [, name, index, leaf] = /^(views|encoders)\.(\d+)\.(.+)$/.exec(field) ?? [];
    const key = name === undefined ? field : canonicalJson([name, leaf ?? '', values]);
    const before = merged.get(key);
    const at = before === undefined ? index : `${before.field.split('.')[1]},${index}`;
    merged.set(key, { field: name === undefined ? field : `${name}.${at}.${leaf}`, values });
  }
  return [...merged.values()];
}

/** The settings of which two runs have different values, in the order of a configuration. */
export function settingColumns(settings: readonly Fields[]): RunColumns['settings'] {
  const fields = [...new Set(settings.flatMap((one) => Object.keys(one)))];
  const columns = fields.flatMap((field) => {
    const values = settings.map((one) => shown(field, one[field]));
    const different = new Set(values.filter((value) => value !== null));
    return different.size > 1 ? [{ field, values }] : [];
  });
  return mergeRepeated(columns);
}

/** One column for each figure, on each split of each data set; of a head that has two epochs, the last. */
export function figureColumns(
  runs: readonly string[],
  results: readonly StoredResult[],
  catalogue: Catalogue,
  names: Configurations['names'],
): RunColumns['figures'] {
  const rowOf = new Map(runs.map((run, at) => [run, at]));
  const columns = new Map<string, RunColumns['figures'][number] & { readonly values: (number | null)[] }>();
  for (const { run, result } of results) {
    const at = rowOf.get(run);
    if (at === undefined || result.which === 'best') continue;
    const { evaluator, metric, split } = result;
    const dataset = dataName(result, names);
    const key = canonicalJson([evaluator, metric, dataset, split]);
    let column = columns.get(key);
    if (column === undefined) {
      const { unit } = declaredMetric(catalogue, evaluator, metric);
      column = { evaluator, metric, dataset, split, unit, values: runs.map(() => null) };
      columns.set(key, column);
    }
    column.values[at] = result.value;
  }
  return [...columns.values()];
}

export function createColumnReading({
  store,
  catalogue,
}: Pick<RunsContext, 'store' | 'catalogue'>): RequestHandler<'runColumns'> {
  /** A configuration never changes; a thousand of them take a tenth of a second. */
  const known = new Map<string, Fields>();
  const own = ({ id, config }: Run): Fields => {
    let settings = known.get(id);
    if (settings === undefined) known.set(id, (settings = ownSettings(config, catalogue)));
    return settings;
  };
  return async () => {
    const [all, results, datasets] = await Promise.all([store.runs(), store.results(null), store.datasets()]);
    const shown = all.filter((run) => !run.deleted);
    const byId = new Map(shown.map((run) => [run.id, run]));
    const names = new Map(datasets.map(({ fingerprint, name }) => [fingerprint, name]));
    const runs = shown.map(({ id }) => id);
    const settings = shown.map((run) => settingsOf(run, { find: (id) => byId.get(id), own, names }));
    return {
      runs,
      settings: settingColumns(settings),
      figures: figureColumns(runs, results, catalogue, names),
    };
  };
}
