import { flushSync, mount, tick, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DatasetRow } from '../../../electron/api/datasets.ts';
import { createFake } from '../../dev/fake/fake.ts';
import { inspection } from '../../dev/fake/data.ts';
import { words } from '../../lib/language/i18n.svelte.ts';
import WithWorkspace from './testing/WithWorkspace.svelte';

const row: DatasetRow = {
  fingerprint: 'fashion',
  name: 'Fashion-MNIST',
  path: '/data/fashion-mnist',
  inspection,
  inspectedAt: 0,
  state: 'ready',
  builtIn: true,
  excluded: 0,
  evaluators: [],
};
/** Five columns and five rows of the grid. */
const [width, height] = [520, 620];

let shown: ReturnType<typeof mount> | null = null;
beforeEach(() => {
  words.language = 'en';
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe = () => undefined;
      unobserve = () => undefined;
      disconnect = () => undefined;
    },
  );
  // jsdom draws and scrolls nothing.
  Element.prototype.scrollIntoView = () => undefined;
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null);
  vi.spyOn(HTMLCanvasElement.prototype, 'toDataURL').mockReturnValue('data:image/png;base64,AAAA');
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(width);
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(height);
  Object.defineProperty(window, 'workstation', { value: createFake(), configurable: true });
});
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const cells = () => [...document.querySelectorAll<HTMLButtonElement>('[data-place]')];
const placesOf = () => cells().map((cell) => Number(cell.dataset['place']));
const byTest = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
const press = (key: string) =>
  document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));

async function show(): Promise<void> {
  shown = mount(WithWorkspace, { target: document.body, props: { row } });
  flushSync();
  await vi.waitFor(() => expect(document.querySelector('[data-place="0"] img')).not.toBeNull());
}

test('of a million images the visible ones are drawn and requested, and the keyboard reaches the last', async () => {
  const pictures = vi.spyOn(window.workstation, 'pictures');
  await show();
  expect(byTest('picture-count')!.textContent).toBe('1,000,000 images');
  expect(placesOf()).toEqual(Array.from({ length: cells().length }, (_, at) => at));
  expect(cells().length).toBeLessThanOrEqual(30);
  cells()[0]!.focus();
  press('ArrowDown');
  await tick();
  expect((document.activeElement as HTMLElement).dataset['place']).toBe('5');
  press('ArrowRight');
  press('End');
  await vi.waitFor(() => expect((document.activeElement as HTMLElement).dataset['place']).toBe('999999'));
  await vi.waitFor(() => expect(document.querySelector('[data-place="999999"] img')).not.toBeNull());
  expect(cells().length).toBeLessThanOrEqual(30);
  expect(cells().filter((cell) => cell.tabIndex === 0)).toEqual([document.activeElement]);
  // The first view and the last, whatever lies between them.
  expect(pictures.mock.calls.every(([, , from]) => from < 100 || from > 999_800)).toBe(true);
  expect(pictures.mock.calls.length).toBeLessThanOrEqual(4);
});

test('Enter enlarges a picture with its path and its views; Escape leads back to it', async () => {
  const views = vi.spyOn(window.workstation, 'augmentedViews');
  await show();
  cells()[3]!.focus();
  cells()[3]!.click();
  await vi.waitFor(() => expect(document.querySelectorAll('[data-testid="augmented-view"]')).toHaveLength(2));
  expect(byTest('picture-file')!.textContent).toContain('/data/fashion-mnist/train/3.png');
  const first = document.querySelector('[data-testid="augmented-view"]')!;
  expect(first.textContent).toContain('20 × 18 px at x = 2, y = 0');
  expect(first.textContent).toMatch(/contrast\s×\s1\.234 → hue/);
  expect(first.textContent).toContain('(no effect on one channel)');
  expect(first.textContent).toContain('σ = 1.5 px');
  byTest('draw-again')!.click();
  await vi.waitFor(() => expect(first.textContent).toContain('y = 1'));
  expect(views.mock.calls.at(-1)).toMatchObject(['fashion', {}, 3, { epoch: 1, seed: 1 }]);
  byTest('picture-back')!.focus();
  press('ArrowRight');
  await vi.waitFor(() => expect(byTest('picture-file')!.textContent).toContain('train/4.png'));
  press('Escape');
  await vi.waitFor(() => expect((document.activeElement as HTMLElement).dataset['place']).toBe('4'));
});

test('a file that cannot be shown has its reason, and a filter without images says how to see some', async () => {
  await show();
  const choose = (value: string): void => {
    const select = byTest('filter-among') as HTMLSelectElement;
    select.value = value;
    select.dispatchEvent(new Event('change', { bubbles: true }));
  };
  choose('rejected');
  await vi.waitFor(() => expect(byTest('picture-count')!.textContent).toBe('2 images'));
  expect(cells()[0]!.querySelector('img')).toBeNull();
  cells()[0]!.click();
  await vi.waitFor(() => expect(byTest('picture-view')!.textContent).toContain('the file is empty (0 bytes)'));
  expect(byTest('augmented-views')).toBeNull();
  choose('copies');
  await vi.waitFor(() => expect(byTest('pictures')!.textContent).toContain('No image matches this filter.'));
  [...byTest('pictures')!.querySelectorAll('button')]
    .find(({ textContent }) => textContent === 'Show all images')!
    .click();
  await vi.waitFor(() => expect(byTest('picture-count')!.textContent).toBe('1,000,000 images'));
});
