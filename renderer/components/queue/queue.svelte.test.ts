/** The queue on the page of runs: moved by keys and by dragging, taken out together, with one message and one undo. */
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Workstation } from '../../../electron/api/bridge.ts';
import type { RunRow } from '../../../electron/api/runs.ts';
import { createFake } from '../../dev/fake/fake.ts';
import { words } from '../../lib/language/i18n.svelte.ts';
import { placeOf } from './queue-state.svelte.ts';
import Queue from './testing/Queue.svelte';

let order: string[];
const undone: unknown[] = [];
let shown: ReturnType<typeof mount> | null = null;

beforeEach(async () => {
  words.language = 'en';
  order = ['a', 'b', 'c', 'd'];
  undone.length = 0;
  const fake = createFake();
  const listed = await fake.runs();
  if (!listed.ok) throw new Error(listed.fault.message);
  const [some] = listed.value;
  const rows = (): readonly RunRow[] =>
    order.map((id, at) => ({ ...some!, id, title: `Run ${id}`, status: 'queued', queuePosition: at + 1 }));
  const ok = <T>(value: T) => Promise.resolve({ ok: true as const, value });
  const workstation: Workstation = {
    ...fake,
    runs: () => ok(rows()),
    queue: () => ok(order.map((run, at) => ({ run, seconds: 60, isRough: at > 0, endsAt: Date.now() + 60_000 }))),
    moveInQueue: (runs, position) => {
      order = order.filter((run) => !runs.includes(run)).toSpliced(position - 1, 0, ...runs);
      return ok(undefined);
    },
    cancelQueued: (runs) => {
      const before = order;
      order = order.filter((run) => !runs.includes(run));
      return ok({ runs, order: before });
    },
    undoCancel: (cancelled) => {
      undone.push(cancelled);
      order = [...cancelled.order];
      return ok(undefined);
    },
  };
  vi.stubGlobal('workstation', workstation);
  shown = mount(Queue, { target: document.body });
  await settled(['a', 'b', 'c', 'd']);
});
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
  vi.unstubAllGlobals();
});

const items = () => [...document.querySelectorAll<HTMLElement>('[data-testid="queued-run"]')];
const item = (run: string): HTMLElement => items().find(({ dataset }) => dataset['run'] === run)!;
async function settled(expected: readonly string[]): Promise<void> {
  await vi.waitFor(() => {
    flushSync();
    expect(items().map(({ dataset }) => dataset['run'])).toEqual(expected);
    expect(order).toEqual(expected);
  });
}
const press = (run: string, key: string): void => {
  item(run)
    .querySelector('.handle')!
    .dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
};
const choose = (run: string): void => item(run).querySelector<HTMLInputElement>('input')!.click();

test('the keys move a run, which keeps the focus and is told', async () => {
  press('c', 'Home');
  await settled(['c', 'a', 'b', 'd']);
  press('c', 'ArrowDown');
  await settled(['a', 'c', 'b', 'd']);
  press('c', 'End');
  await settled(['a', 'b', 'd', 'c']);
  await vi.waitFor(() => expect(document.activeElement).toBe(item('c').querySelector('.handle')));
  expect(document.querySelector('[role="status"]')!.textContent).toBe('Run c is number 4 of 4 in the queue.');
});

test('a dragged run takes its selection along', async () => {
  choose('b');
  choose('d');
  flushSync();
  item('b').dispatchEvent(new Event('dragstart', { bubbles: true }));
  flushSync();
  const over = Object.assign(new Event('dragover', { bubbles: true, cancelable: true }), { clientY: -1 });
  item('a').dispatchEvent(over);
  flushSync();
  expect(over.defaultPrevented).toBe(true);
  item('a').dispatchEvent(new Event('drop', { bubbles: true, cancelable: true }));
  await settled(['b', 'd', 'a', 'c']);
});

test('all are taken out by one action, with one message, and come back by one undo', async () => {
  document.querySelector<HTMLInputElement>('[aria-label="Select all queued runs"]')!.click();
  flushSync();
  document.querySelector<HTMLButtonElement>('[data-testid="queue-cancel"]')!.click();
  await settled([]);
  await vi.waitFor(() => {
    flushSync();
    expect(document.querySelectorAll('.notice')).toHaveLength(1);
  });
  expect(document.querySelector('.notice')!.textContent).toContain('4 runs removed from the queue.');
  document.querySelector<HTMLButtonElement>('[data-testid="notice-action"]')!.click();
  await settled(['a', 'b', 'c', 'd']);
  expect(undone).toEqual([{ runs: ['a', 'b', 'c', 'd'], order: ['a', 'b', 'c', 'd'] }]);
});

test('the place of a gap is counted without the runs that move', () => {
  expect(placeOf(['a', 'b', 'c'], ['a'], 3)).toBe(3);
  expect(placeOf(['a', 'b', 'c'], ['a', 'c'], 2)).toBe(2);
  expect(placeOf(['a', 'b', 'c'], ['c'], 0)).toBe(1);
});
