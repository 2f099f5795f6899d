/** Classes, confusions and pictures of a classification: what is chosen in one part is shown in the others. */
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ResultRow } from '../../../electron/api/runs.ts';
import { createFake } from '../../dev/fake/fake.ts';
import { words } from '../../lib/language/i18n.svelte.ts';
import PredictionsPage from './testing/PredictionsPage.svelte';

const result: ResultRow = {
  evaluator: 'linear',
  dataset: 'fashion-mnist',
  fingerprint: 'fashion',
  split: 'test',
  metric: 'top1',
  unit: 'share',
  value: 80.1,
  n: 1000,
  which: 'last',
  protocol: {},
  perImage: 'results/linear-top1-last.bin.gz',
  predictions: 'results/linear-top1-last.predictions.bin.gz',
  withoutCopies: null,
};
let shown: ReturnType<typeof mount> | null = null;
const all = (id: string): readonly HTMLElement[] => [
  ...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`),
];
const textOf = (node: Element | undefined): string => node?.textContent.replaceAll(/\s+/g, ' ').trim() ?? '';
const titleOf = (): string => textOf(all('tested-pictures')[0]!.querySelector('h3')!);

function show(results: readonly ResultRow[]): void {
  shown = mount(PredictionsPage, { target: document.body, props: { results } });
}
beforeEach(() => {
  words.language = 'en';
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null);
  vi.spyOn(HTMLCanvasElement.prototype, 'toDataURL').mockReturnValue('data:image/png;base64,AAAA');
  Object.defineProperty(window, 'workstation', { value: createFake(), configurable: true });
});
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
});

async function showWhole(): Promise<void> {
  show([result]);
  await vi.waitFor(() => expect(all('tested-pictures')).toHaveLength(1));
  await vi.waitFor(() => expect(all('tested-pictures')[0]!.querySelectorAll('img')).toHaveLength(18));
}

test('the worst class comes first with its interval, and the sentence names what is confused most', async () => {
  await showWhole();
  expect(textOf(all('predictions-summary')[0])).toBe(
    '801 of 1,000 images are right (80.10 %). Confused most: Pullover taken for Coat (49), Coat taken for Pullover (41), T-shirt/top taken for Dress (30).',
  );
  const rows = [...all('predicted-classes')[0]!.querySelectorAll('tbody tr')].map((row) =>
    [...row.children].map((cell) => textOf(cell)).join(' '),
  );
  expect(rows[0]).toContain('all classes');
  expect(rows[1]).toBe('Pullover 70.0 % 65.0 to 74.0 200 197');
  expect(rows.at(-1)).toContain('Trouser 98.0 %');
  expect(all('confusions')[0]!.querySelectorAll('tbody tr')).toHaveLength(15);
});

test('a class, a pair or a cell chooses the images, which are enlarged by a click and walked through by keys', async () => {
  await showWhole();
  expect(titleOf()).toBe('Wrong images, the surest first 199 images');
  const press = (text: string, id: string): void => {
    const buttons = [...all(id)[0]!.querySelectorAll('button')];
    buttons.find((button) => textOf(button).startsWith(text))!.click();
    flushSync();
  };
  press('Coat', 'predicted-classes');
  await vi.waitFor(() => expect(titleOf()).toBe('Wrong images of “Coat”, the surest first 55 images'));
  press('Coat', 'confusions');
  await vi.waitFor(() => expect(titleOf()).toBe('“Pullover” taken for “Coat”, the surest first 49 images'));
  press('Dress: 170 right', 'confusion-matrix');
  await vi.waitFor(() => expect(titleOf()).toBe('Right images of “Dress”, the surest first 170 images'));
  await vi.waitFor(() => expect(textOf(all('tested-picture')[0])).toBe('Dress confidence 99.0 %'));
  document.querySelector<HTMLButtonElement>('button.open')!.click();
  flushSync();
  const key = (name: string): void => {
    window.dispatchEvent(new KeyboardEvent('keydown', { key: name }));
    flushSync();
  };
  await vi.waitFor(() => expect(textOf(all('tested-picture')[0])).toContain('test/0.png'));
  key('ArrowRight');
  await vi.waitFor(() => expect(textOf(all('tested-picture')[0])).toContain('test/1.png'));
  expect(all('tested-neighbours')[0]!.getAttribute('href')).toBe('#/map/vicreg-1/at/fashion/test/1');
  key('Escape');
  expect(all('tested-picture')).toHaveLength(18);
});

test('one cell of the matrix is reached by Tab, the others by arrow keys', async () => {
  await showWhole();
  const cells = [...all('confusion-matrix')[0]!.querySelectorAll<HTMLButtonElement>('td button')];
  expect(cells).toHaveLength(25);
  expect(cells.map(({ tabIndex }) => tabIndex).filter((index) => index === 0)).toHaveLength(1);
  cells[0]!.focus();
  cells[0]!.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }));
  await vi.waitFor(() => expect(document.activeElement).toBe(cells[5]));
  expect(textOf(cells[5])).toContain('Trouser taken for T-shirt/top (1)');
});

test('an evaluation from before says so and leads to another; one whose data is not here has no pictures', async () => {
  const { predictions: _, ...before } = result;
  show([before]);
  flushSync();
  expect(textOf(all('no-predictions')[0])).toContain('Evaluate again');
  expect(all('no-predictions')[0]!.querySelector('a')?.getAttribute('href')).toBe('#/new/again/linear-1');
  await unmount(shown!);
  show([{ ...result, fingerprint: 'elsewhere' }]);
  await vi.waitFor(() => expect(textOf(all('no-pictures')[0])).toContain('not in this workspace'));
  await vi.waitFor(() => expect(all('tested-picture')).toHaveLength(18));
  expect(document.querySelectorAll('button.open')).toHaveLength(0);
});
