import { flushSync, mount, tick, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DatasetRow } from '../../../electron/api/datasets.ts';
import { createFake } from '../../dev/fake/fake.ts';
import { inspection, streets } from '../../dev/fake/data.ts';
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

async function show(of = row): Promise<void> {
  shown = mount(WithWorkspace, { target: document.body, props: { row: of } });
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

const street: DatasetRow = { ...row, fingerprint: 'street', name: 'Streets', inspection: streets };
const choose = (id: string, value: string): void => {
  const select = byTest(id) as HTMLSelectElement;
  select.value = value;
  select.dispatchEvent(new Event('change', { bubbles: true }));
};

test('objects are drawn over the grid and over an enlarged picture, with their classes, until that is switched off', async () => {
  await show(street);
  const drawn = (cell: number) => cells()[cell]!.querySelectorAll('svg .box');
  expect([...drawn(0)].map((box) => box.getAttribute('stroke-dasharray'))).toEqual([null, '3 3', null]);
  expect(cells()[0]!.querySelectorAll('svg text')).toHaveLength(0);
  expect(drawn(1)).toHaveLength(0);
  cells()[0]!.click();
  await vi.waitFor(() => expect(byTest('objects-here')).not.toBeNull());
  const view = byTest('picture-view')!;
  expect([...view.querySelectorAll('svg text')].map(({ textContent }) => textContent)).toEqual([
    'car',
    'person',
    'bicycle',
  ]);
  expect(view.querySelector('path.mask')!.getAttribute('d')).toBe('M4 10 20 9 21 24 3 23z');
  // A crowd is hatched by a pattern that is there.
  const hatched = view.querySelector<SVGElement>('rect.mask')!.style.fill;
  expect(view.querySelector(`pattern[id="${/#([^")]+)/.exec(hatched)![1]}"]`)).not.toBeNull();
  expect(byTest('objects-here')!.textContent).toMatch(/person × 1.*car × 1.*bicycle × 1.*1 crowd .*1 difficult/s);
  byTest('draw-objects')!.click();
  await vi.waitFor(() => expect(byTest('objects-drawn')).toBeNull());
  byTest('picture-back')!.click();
  await vi.waitFor(() => expect(cells().length).toBeGreaterThan(0));
  expect(byTest('objects-drawn')).toBeNull();
});

test('pictures are filtered by what is annotated in them, and by the pictures that a problem names', async () => {
  const pictures = vi.spyOn(window.workstation, 'pictures');
  await show(street);
  const asked = async (value: string) => {
    choose('filter-objects', value);
    await vi.waitFor(() => expect((byTest('filter-objects') as HTMLSelectElement).value).toBe(value));
    await tick();
    return pictures.mock.calls.at(-1)![1];
  };
  const options = [...byTest('filter-objects')!.querySelectorAll('option')].map(({ value }) => value);
  expect(options).toEqual(['', 'without', 'crowds', 'difficult', 'problem no-area', 'class 0', 'class 1', 'class 2']);
  expect(byTest('filter-objects')!.textContent).toMatch(/Without objects \(171\).*Box without area: left out \(4\)/s);
  expect(await asked('crowds')).toMatchObject({ objects: { kind: 'crowds' }, among: { kind: 'all' } });
  expect(await asked('class 2')).toMatchObject({ objects: { kind: 'class', class: 2 } });
  const names = ['train/12.png', 'train/40.png', 'val/3.png'];
  expect(await asked('problem no-area')).toMatchObject({ objects: null, among: { kind: 'named', names } });
  expect(await asked('without')).toMatchObject({ objects: { kind: 'without' }, among: { kind: 'all' } });
  expect(await asked('')).toMatchObject({ objects: null, among: { kind: 'all' } });
});

test('a data set without annotated objects has no switch and no filter for them', async () => {
  await show();
  expect(byTest('filter-objects')).toBeNull();
  expect(byTest('draw-objects')).toBeNull();
});
