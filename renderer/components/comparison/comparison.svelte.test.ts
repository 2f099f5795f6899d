/** A run measured at its last and best epoch gives a row two figures. */
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, test } from 'vitest';
import type { ComparisonRow } from '../../../electron/api/comparison.ts';
import { words } from '../../lib/language/i18n.svelte.ts';
import ComparisonTable from './ComparisonTable.svelte';
import IntervalPlot from './IntervalPlot.svelte';

const row: ComparisonRow = {
  key: 'linear top1',
  subject: { id: 'vicreg', label: 'VICReg', role: 'main', method: 'vicreg', encoder: 'resnet-18' },
  evaluator: 'linear',
  dataset: 'fashion-mnist',
  split: 'test',
  metric: 'top1',
  unit: 'share',
  isSecondary: false,
  protocol: {},
  paper: null,
  earlier: null,
  difference: null,
  verdict: 'not-comparable',
  reasons: [],
  notes: [],
  ours: {
    mean: 84.08,
    which: 'best',
    n: 1,
    unit: 'pretraining',
    varied: ['evaluation-seed'],
    sd: null,
    disagreeing: [],
    images: 10_000,
    interval: { low: 83.32, high: 84.75, confidence: 0.95, method: 'wilson' },
    values: [
      { run: '20261124-145045-ad7806', unit: 1, seed: 1, evaluationSeed: 2, value: 84.05, which: 'last' },
      { run: '20261124-145045-ad7806', unit: 1, seed: 1, evaluationSeed: 2, value: 84.08, which: 'best' },
    ],
  },
};

const shown: ReturnType<typeof mount>[] = [];
afterEach(async () => {
  for (const one of shown.splice(0)) await unmount(one);
});

test('the plot and the table show it, and the expanded row distinguishes the two', () => {
  words.language = 'en';
  const target = document.body;
  shown.push(mount(IntervalPlot, { target, props: { rows: [row], palette: {}, label: 'plot' } }));
  shown.push(
    mount(ComparisonTable, { target, props: { groups: [{ id: 'g', title: 'Linear', rows: [row] }], palette: {} } }),
  );
  flushSync();
  expect(document.querySelector('[role="img"]')).not.toBeNull();
  document.querySelector<HTMLButtonElement>('[data-testid="comparison"] tbody button')!.click();
  flushSync();
  const text = document.querySelector('[data-testid="comparison"]')!.textContent.replaceAll(/\s+/g, ' ');
  expect(text).toContain('last epoch: 84.05');
  expect(text).toContain('seed 1 / 2, best epoch, chosen on the test set: 84.08');
  // Beside the figure itself: of what it is the mean, and how its epoch was chosen.
  const figure = document.querySelectorAll('[data-testid="comparison"] tbody td')[3]!.textContent;
  expect(figure).toMatch(/84\.08.*n = 1 pretraining.*varied: evaluation seed.*best epoch, chosen on the test set/s);
});

test('deviations are counted in the verdict and told with both sides and why; what the paper does not say is folded', () => {
  const why = (en: string) => ({ en, zh: '' });
  const reasons: ComparisonRow['reasons'] = [
    { field: 'optimizer', theirs: 'lars', ours: 'adamw', kind: 'deviation', why: why('Another course.') },
    { field: 'views.1,2.jitter', theirs: 0.8, ours: 0, kind: 'deviation', why: why('Augmentation decides.') },
    { field: 'protocol.temperature', theirs: null, ours: 0.07, kind: 'unstated', why: why('Not said.') },
  ];
  const cell = {
    method: 'vicreg',
    evaluator: 'linear',
    dataset: 'imagenet',
    split: 'val',
    metric: 'top1',
    protocol: {},
  };
  const setting = { encoder: 'resnet-50', pretrainedOn: 'imagenet' };
  const paper = { ...cell, value: 84, where: 'Table 1', preset: 'vicreg-official-code', setting };
  const compared: ComparisonRow = { ...row, paper, verdict: 'reproduced', reasons };
  words.language = 'en';
  shown.push(
    mount(ComparisonTable, {
      target: document.body,
      props: { groups: [{ id: 'g', title: 'Linear', rows: [compared] }], palette: {} },
    }),
  );
  flushSync();
  const tables = document.querySelectorAll('[data-testid="comparison"]');
  const table = tables[tables.length - 1]!;
  table.querySelector<HTMLButtonElement>('tbody button')!.click();
  flushSync();
  const text = table.textContent.replaceAll(/\s+/g, ' ');
  expect(text).toContain('Reproduced, with 2 deviations');
  expect(text).toContain('Optimizer deviation paper: LARS; here: AdamW Another course.');
  expect(text).toContain('Views 1, 2 · colour jitter deviation paper: 0.8; here: 0 Augmentation decides.');
  const folded = table.querySelector('details')!;
  expect(folded.open).toBe(false);
  expect(folded.textContent.replaceAll(/\s+/g, ' ')).toContain('Not stated by the paper: 1 setting Temperature: 0.07');
});
