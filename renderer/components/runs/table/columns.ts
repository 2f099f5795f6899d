/** Columns of the table of runs: what they are called, show, and are sorted by. */
import type { PlanRow } from '../../../../electron/api/plans.ts';
import type { RunColumns, RunRow } from '../../../../electron/api/runs.ts';
import { choiceInWords } from '../../../../electron/words/choices.ts';
import { f, t, tCode } from '../../../lib/language/i18n.svelte.ts';
import { comparedField, encoderText, fieldValue, nameOf } from '../../../lib/language/words.ts';
import { secondsTaken } from '../run-list.ts';
import type { SortValue } from './lines.ts';

export interface Column {
  /** Kept between starts. */
  readonly id: string;
  readonly group: 'run' | 'figure' | 'setting';
  readonly name: string;
  /** Pixels. */
  readonly width: number;
  /** Numbers, aligned at their end. */
  readonly isFigure: boolean;
  readonly valueOf: (row: RunRow) => SortValue;
  /** As it is shown and copied; empty where there is nothing. */
  readonly textOf: (row: RunRow) => string;
}

/** Shown until a person chooses others. */
export const usualColumns: readonly string[] = ['status', 'result', 'method', 'dataset', 'seed', 'tags', 'created'];
/** Facts of a run that are settings too: shown among the changed ones where they differ. */
export const settingFacts: readonly string[] = ['method', 'encoder', 'dataset', 'seed'];
/** Shown beside the changed settings whatever else is chosen. */
export const alwaysShown: readonly string[] = ['status', 'result'];

const statusOrder: readonly RunRow['status'][] = [
  ...(['running', 'paused', 'queued', 'interrupted', 'failed'] as const),
  ...(['stopped', 'done', 'draft'] as const),
];

export function planTitle(row: RunRow, plans: readonly PlanRow[]): string | null {
  const plan = plans.find((one) => one.plan.id === row.plan);
  return plan === undefined ? (row.plan === null ? null : t('runs.removedPlan')) : plan.plan.title[f().language];
}

/** A column of texts is sorted by what it shows. */
const text = (id: string, name: string, width: number, textOf: Column['textOf']): Column => {
  const valueOf = (row: RunRow): SortValue => textOf(row) || null;
  return { id, group: 'run', name, width, isFigure: false, valueOf, textOf };
};
const figure = (
  id: string,
  name: string,
  width: number,
  valueOf: (row: RunRow) => number | null,
  textOf: Column['textOf'],
): Column => ({ id, group: 'run', name, width, isFigure: true, valueOf, textOf });

export function runColumns(plans: readonly PlanRow[]): readonly Column[] {
  return [
    {
      ...text('status', t('runs.column.status'), 152, (row) => t(`status.${row.status}`)),
      valueOf: ({ status }) => statusOrder.indexOf(status),
    },
    figure(
      'result',
      t('runs.column.result'),
      128,
      ({ headline }) => headline?.value ?? null,
      ({ headline }) =>
        headline === null ? '' : `${f().measured(headline.unit, headline.value)} ${nameOf('metric', headline.metric)}`,
    ),
    text('kind', t('runs.column.kind'), 96, (row) => t(`kind.${row.kind}`)),
    text('method', t('runs.column.method'), 104, (row) => nameOf('method', row.method)),
    text('encoder', t('runs.column.encoder'), 184, (row) => (row.encoder === '' ? '' : encoderText(row.encoder))),
    text('dataset', t('runs.column.dataset'), 104, (row) => nameOf('dataset', row.dataset)),
    figure(
      'seed',
      t('runs.column.seed'),
      56,
      (row) => row.seed,
      (row) => String(row.seed),
    ),
    text('tags', t('runs.column.tags'), 160, (row) => row.tags.join(', ')),
    text('plan', t('runs.column.plan'), 200, (row) => planTitle(row, plans) ?? ''),
    figure(
      'step',
      t('runs.column.step'),
      112,
      (row) => row.step,
      (row) => (row.steps === null ? f().number(row.step) : t('runs.steps', { step: row.step, steps: row.steps })),
    ),
    figure('duration', t('runs.column.duration'), 96, secondsTaken, (row) => {
      const seconds = secondsTaken(row);
      return seconds === null ? '' : f().duration(seconds);
    }),
    figure(
      'disk',
      t('runs.column.disk'),
      80,
      (row) => row.diskBytes,
      (row) => f().bytes(row.diskBytes),
    ),
    figure(
      'created',
      t('runs.column.created'),
      136,
      (row) => row.createdAt,
      (row) => f().date(row.createdAt),
    ),
    text('note', t('runs.column.note'), 200, (row) => row.note),
  ];
}

type Setting = RunColumns['settings'][number];

/** A value of a setting in words: no id of a recipe or a choice reaches a person. */
export function settingText(field: string, value: Setting['values'][number]): string {
  if (value === null) return '';
  if (typeof value !== 'string') return fieldValue(field, value);
  if (field === 'evaluator') return nameOf('evaluator', value);
  if (field === 'pretrainedOn')
    return value
      .split(' + ')
      .map((name) => nameOf('dataset', name))
      .join(' + ');
  if (field.endsWith('.split')) return tCode('split', value) ?? value;
  return choiceInWords(f().language, field, value) ?? tCode('choice', value) ?? fieldValue(field, value);
}

/** Columns of settings and figures; their values are those of when they were asked for. */
export function askedColumns({ runs, settings, figures }: RunColumns): readonly Column[] {
  const rowOf = new Map(runs.map((run, at) => [run, at]));
  const valueIn = <T>(values: readonly (T | null)[], row: RunRow): T | null => values[rowOf.get(row.id) ?? -1] ?? null;
  return [
    ...figures.map(({ evaluator, metric, dataset, split, unit, values }): Column => {
      const where = [nameOf('dataset', dataset), tCode('split', split) ?? split].join(', ');
      const name = `${nameOf('evaluator', evaluator)} · ${nameOf('metric', metric)}`;
      return {
        id: `figure ${evaluator} ${metric} ${dataset} ${split}`,
        group: 'figure',
        name: t('runs.column.figure', { figure: name, where }),
        width: 144,
        isFigure: true,
        valueOf: (row) => valueIn(values, row),
        textOf: (row) => {
          const value = valueIn(values, row);
          return value === null ? '' : f().measured(unit, value);
        },
      };
    }),
    ...settings.map(({ field, values }): Column => {
      const isFigure = values.every((value) => value === null || typeof value === 'number');
      return {
        id: `setting ${field}`,
        group: 'setting',
        name: comparedField(field),
        width: isFigure ? 112 : 152,
        isFigure,
        valueOf: (row) => {
          const value = valueIn(values, row);
          return typeof value === 'boolean' ? Number(value) : value;
        },
        textOf: (row) => settingText(field, valueIn(values, row)),
      };
    }),
  ];
}

/** Those of which two of the rows have different values. */
export function changedAmong(columns: readonly Column[], rows: readonly RunRow[]): readonly Column[] {
  return columns.filter((column) => {
    const values = rows.map((row) => column.valueOf(row)).filter((value) => value !== null);
    return values.some((value) => value !== values[0]);
  });
}
