/** A figure that is a mean over classes can be expanded; others cannot. */
import { flushSync, mount, unmount } from 'svelte';
import { expect, test } from 'vitest';
import type { ResultRow } from '../../../electron/api/runs.ts';
import { words } from '../../lib/language/i18n.svelte.ts';
import ResultsTable from './ResultsTable.svelte';

const common = { dataset: 'voc', split: 'test', n: 4952, protocol: {}, withoutCopies: null };
const linear = { ...common, evaluator: 'linear', metric: 'top1', unit: 'share' } as const;

test('the classes of a mean are listed with their C, and one that is nowhere has no figure', async () => {
  words.language = 'en';
  const results: readonly ResultRow[] = [
    { ...linear, value: 60, which: 'last', withoutCopies: { images: 3, value: 59.5, splits: ['train'] } },
    { ...linear, value: 61, which: 'best' },
    {
      ...common,
      evaluator: 'voc-svm',
      metric: 'map',
      unit: 'percent',
      value: 61.5,
      which: 'only',
      byClass: [
        { name: 'boat', value: 61.5, cost: 10 },
        { name: 'cow', value: null, cost: 0.01 },
      ],
    },
  ];
  const shown = mount(ResultsTable, { target: document.body, props: { results } });
  flushSync();
  expect(document.querySelectorAll('details')).toHaveLength(1);
  expect(
    [...document.querySelectorAll('[data-testid="without-copies"]')].map(({ textContent }) => textContent),
  ).toEqual([expect.stringMatching(/59\.50.*without the 3 images that have a copy, exact or near, in train/s)]);
  const rows = [...document.querySelectorAll('[data-testid="by-class"] tbody tr')].map((row) =>
    [...row.querySelectorAll('td')].map((cell) => cell.textContent),
  );
  expect(rows).toEqual([
    ['boat', expect.stringContaining('61.50'), '10'],
    ['cow', '–', '0.01'],
  ]);
  await unmount(shown);
});
