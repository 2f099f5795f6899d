import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, test } from 'vitest';
import type { Series } from '../../../electron/api/curves.ts';
import { signs } from '../../../trainer/protocol/health.ts';
import { words } from '../../lib/language/i18n.svelte.ts';
import Health from './Health.svelte';

let shown: ReturnType<typeof mount> | null = null;
function show(
  last: Readonly<Record<string, number | null>>,
  method = 'swav',
  watched = Object.keys(last),
): HTMLElement {
  words.language = 'en';
  const series = new Map(
    Object.entries(last).map(([name, value]): [string, Series] => {
      const mean = [0.5, value];
      return [name, { name, steps: [1, 5], mean, min: mean, max: mean, discarded: [] }];
    }),
  );
  const own = signs.filter(({ metric }) => watched.includes(metric));
  shown = mount(Health, { target: document.body, props: { signs: own, series, method } });
  flushSync();
  return document.querySelector<HTMLElement>('[data-testid="health"]')!;
}
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
});

test('all within their limits: no sign, every figure with its limit, and the method’s known problems', () => {
  const text = show({ embeddingStd: 0.82, effectiveRank: 13.9, codeSpread: 0.4 }).textContent;
  for (const part of [
    'No sign of collapse',
    '0.82 (alarm below 0.1)',
    '13.9 (alarm below 1.5)',
    '(alarm above 0.98)',
    'ln K',
  ])
    expect(text).toContain(part);
});

test('every sign beyond its limit is reported, on either side', () => {
  const view = show({ embeddingStd: 0.82, effectiveRank: 1.1, codeSpread: 0.99 });
  expect([...view.querySelectorAll('[role="status"]')].map((line) => line.textContent.trim())).toEqual([
    'The embeddings span little more than one dimension.',
    'The codes are nearly uniform over the prototypes.',
  ]);
  expect(view.textContent).not.toContain('No sign');
});

test('a figure that is no longer finite keeps the previous one and is reported', () => {
  const { textContent } = show({ embeddingStd: null }, 'vicreg');
  expect(textContent).toContain('0.5');
  expect(textContent).toContain('NaN or infinite');
  expect(textContent).not.toContain('No sign');
});

test('nothing counts as healthy before it is known', () => {
  const view = show({}, 'vicreg', ['embeddingStd']);
  expect(view.textContent).toContain('Not known yet');
  expect(view.textContent).not.toContain('No sign');
});
