/** Reference curves on a run's page: drawn, hidden, matched with another metric, added, removed and taken back. */
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createFake } from '../../dev/fake/fake.ts';
import { words } from '../../lib/language/i18n.svelte.ts';
import References from './testing/References.svelte';

let shown: ReturnType<typeof mount> | null = null;
beforeEach(() => {
  words.language = 'en';
  Object.defineProperty(window, 'workstation', { value: createFake(), configurable: true });
});
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
});

const found = (selector: string): HTMLElement => document.querySelector<HTMLElement>(selector)!;
const drawn = (): string => found('output').textContent;
function choose(testid: string, item: number): void {
  found(`[data-testid="${testid}"]`).click();
  flushSync();
  document.querySelectorAll<HTMLButtonElement>('[role="menuitem"]')[item]!.click();
}

test('what fits the run is drawn under it, and can be hidden', async () => {
  shown = mount(References, { target: document.body, props: { method: 'vicreg' } });
  await vi.waitFor(() => expect(drawn()).toBe('stats.txt true'));
  found('input[type="checkbox"]').click();
  await vi.waitFor(() => expect(drawn()).toBe(''));
  expect(document.body.textContent).toContain('stats.txt');
});

test('another method’s run has none, and is offered to add one, which is drawn with that method', async () => {
  shown = mount(References, { target: document.body, props: { method: 'byol' } });
  await vi.waitFor(() => expect(document.body.textContent).toContain('No comparison counts them'));
  choose('add-reference', 1);
  await vi.waitFor(() => expect(drawn()).toBe('/home/me/Documents true'));
  expect(document.body.textContent).toContain('2 of its 3 curves are matched');
});

test('removing them can be undone', async () => {
  shown = mount(References, { target: document.body, props: { method: 'vicreg' } });
  await vi.waitFor(() => expect(drawn()).toBe('stats.txt true'));
  choose('reference-more', 0);
  await vi.waitFor(() => expect(drawn()).toBe(''));
  found('[data-testid="notice-action"]').click();
  await vi.waitFor(() => expect(drawn()).toBe('stats.txt true'));
});

test('a metric goes over to the curve that it is chosen for', async () => {
  shown = mount(References, { target: document.body, props: { method: 'vicreg' } });
  await vi.waitFor(() => expect(drawn()).toBe('stats.txt true'));
  const described = vi.spyOn(window.workstation, 'describeCurves');
  const time = [...document.querySelectorAll('select')][1]!;
  expect(time.value).toBe('');
  time.value = 'loss';
  time.dispatchEvent(new Event('change', { bubbles: true }));
  await vi.waitFor(() => expect(described).toHaveBeenCalled());
  expect(described.mock.lastCall).toEqual([
    'ref-official1',
    { name: 'stats.txt', metrics: { time: 'loss', loss: null } },
  ]);
});
