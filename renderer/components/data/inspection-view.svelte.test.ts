import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import type { Inspection, Reading } from '../../../trainer/protocol/dataset.ts';
import { inspection } from '../../dev/fake/data.ts';
import { words } from '../../lib/language/i18n.svelte.ts';
import InspectionView from './InspectionView.svelte';

let shown: ReturnType<typeof mount> | null = null;
interface Props {
  readonly inspection: Inspection;
  readonly oncheck: (() => void) | null;
  readonly onread?: (reading: Reading) => void;
}
function show({ onread = () => undefined, ...props }: Props): HTMLElement {
  words.language = 'en';
  shown = mount(InspectionView, { target: document.body, props: { ...props, onread } });
  flushSync();
  return document.body;
}
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
});

const listed: Inspection = {
  ...inspection,
  contents: 'listed',
  smallest: null,
  largest: null,
  leaks: [],
  leakCount: 0,
  duplicateCount: 0,
};

test('a listing without a check says so, claims nothing about leaks, and offers to check the contents', () => {
  const check = vi.fn();
  const view = show({ inspection: listed, oncheck: check });
  expect(view.textContent).toContain('names and sizes only');
  expect(view.textContent).toContain('not checked');
  expect(view.textContent).not.toContain('none (compared by content)');
  view.querySelector<HTMLButtonElement>('[data-testid="check-contents"]')!.click();
  expect(check).toHaveBeenCalledOnce();
});

test('the offer is disabled during an inspection, and disappears once the contents are checked', async () => {
  const button = () => document.querySelector<HTMLButtonElement>('[data-testid="check-contents"]');
  show({ inspection: listed, oncheck: null });
  expect(button()!.disabled).toBe(true);
  await unmount(shown!);
  expect(show({ inspection, oncheck: null }).textContent).toContain('every image: read, decoded, compared');
  expect(button()).toBeNull();
});

test('another way to read the folder is asked about with what it gives, and keeps the other answers', () => {
  const read = vi.fn();
  const answers = [
    { value: 'first-level', count: 2 },
    { value: 'deepest', count: 5 },
  ];
  const choices: Inspection['choices'] = [{ about: 'classes', now: 'first-level', answers }];
  const view = show({ inspection: { ...listed, reading: { order: 'text' }, choices }, oncheck: null, onread: read });
  expect(view.textContent).toContain('the deepest (5 classes)');
  const radios = [...view.querySelectorAll<HTMLInputElement>('input[type="radio"]')];
  expect(radios.map(({ checked }) => checked)).toEqual([true, false]);
  radios[1]!.click();
  expect(read).toHaveBeenCalledExactlyOnceWith({ order: 'text', classes: 'deepest' });
});
