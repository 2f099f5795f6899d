/** Columns of the table of runs: the settings that differ, and figures where they were measured. */
import { expect, test } from 'vitest';
import {
  catalogue,
  evaluate,
  names as datasets,
  pretrain,
  storedResult,
  storedRun,
} from '../testing/comparison-fixture.ts';
import type { StoredRun } from '../store/store.ts';
import { figureColumns, ownSettings, settingColumns, settingsOf } from './run-columns.ts';

const names = new Map(datasets.map(({ fingerprint, name }) => [fingerprint, name]));

function settingsOfAll(runs: readonly StoredRun[]) {
  const own = ({ config }: Pick<StoredRun, 'config'>) => ownSettings(config, catalogue);
  const find = (id: string) => runs.find((run) => run.id === id);
  return settingColumns(runs.map((run) => settingsOf(run, { find, own, names })));
}

test('only settings of which two runs have different values are columns; an evaluation has those of its pretraining', () => {
  const config = pretrain(1);
  const wide = { ...config, batch: config.batch * 2, views: config.views.map((view) => ({ ...view, size: 96 })) };
  const runs = [
    storedRun('a', config),
    storedRun('b', wide),
    storedRun('c', evaluate({ kind: 'run', run: 'b', checkpoint: 'last', branch: 0 })),
  ];
  const columns = settingsOfAll(runs);
  const valuesOf = (field: string) => columns.find((column) => column.field === field)?.values;
  expect(valuesOf('batch')).toEqual([config.batch, wide.batch, wide.batch]);
  // Both views changed alike: one column.
  expect(columns.map(({ field }) => field).filter((field) => field.endsWith('.size'))).toEqual([
    `views.${wide.views.map((_, at) => at + 1).join(',')}.size`,
  ]);
  expect(columns.map(({ field }) => field).filter((field) => !/^(batch|views\..*size)$/.test(field))).toEqual([]);
});

test('runs that differ by seed alone have no setting in which they differ', () => {
  expect(settingsOfAll([storedRun('a', pretrain(1)), storedRun('b', pretrain(2))])).toEqual([]);
});

test('a figure is of the last epoch, and of the newest attempt', () => {
  const columns = figureColumns(
    ['a', 'b'],
    [
      storedResult('b', 70),
      storedResult('b', 71, { which: 'best' }),
      storedResult('b', 90, { metric: 'top5' }),
      storedResult('gone', 1),
    ],
    catalogue,
    names,
  );
  expect(
    columns.map(({ evaluator, metric, dataset, split, values }) => [evaluator, metric, dataset, split, values]),
  ).toEqual([
    ['linear', 'top1', 'imagenet', 'val', [null, 70]],
    ['linear', 'top5', 'imagenet', 'val', [null, 90]],
  ]);
});
