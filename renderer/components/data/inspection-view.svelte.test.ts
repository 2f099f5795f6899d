import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import type { Inspection } from '../../../trainer/protocol/dataset.ts';
import type { Thumbnail } from '../../../trainer/protocol/dataset.ts';
import { inspection } from '../../dev/fake/data.ts';
import { words } from '../../lib/language/i18n.svelte.ts';
import InspectionView from './InspectionView.svelte';

const asked: (readonly [split: string, places: number | readonly number[]])[] = [];
const pictures = {
  want: (_fingerprint: string, split: string, places: number | readonly number[]) => void asked.push([split, places]),
  of: (_fingerprint: string, split: string, places: number | readonly number[]): readonly Thumbnail[] =>
    [places].flat().map((index) => ({ index, label: null, mime: 'image/png', base64: `${split}${index}` })),
};
/** Everything is in view at once. */
vi.stubGlobal(
  'IntersectionObserver',
  class {
    readonly #seen: (entries: readonly { isIntersecting: boolean }[]) => void;
    constructor(seen: (entries: readonly { isIntersecting: boolean }[]) => void) {
      this.#seen = seen;
    }
    observe(): void {
      this.#seen([{ isIntersecting: true }]);
    }
    disconnect(): void {
      // Nothing is watched.
    }
  },
);

let shown: ReturnType<typeof mount> | null = null;
function show(props: { inspection: Inspection; oncheck: (() => void) | null }): HTMLElement {
  words.language = 'en';
  shown = mount(InspectionView, { target: document.body, props: { ...props, pictures } });
  flushSync();
  return document.body;
}
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
  asked.length = 0;
});

const listed: Inspection = {
  ...inspection,
  contents: 'listed',
  smallest: null,
  largest: null,
  leaks: [],
  leakCount: 0,
  duplicateCount: 0,
  nearDuplicates: null,
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

test('near duplicates are shown side by side, each picture from its place in its split', () => {
  const view = show({ inspection, oncheck: null });
  expect(view.querySelector('[data-testid="near"]')!.textContent).toMatch(
    /34 pairs\s+26 evaluation images with a near duplicate in a training split\s+1 image too plain/,
  );
  const pairs = [...view.querySelectorAll('[data-testid="copy-pairs"] li')].map((pair) => [
    pair.querySelector('p')!.textContent.trim().split(/\s+/)[0],
    ...[...pair.querySelectorAll('img')].map((image) => image.src.split(',')[1]),
  ]);
  expect(pairs).toEqual([
    ['saved', 'test77', 'train1284'],
    ['mirrored', 'test78', 'train1285'],
  ]);
  expect(asked).toEqual([
    ['test', [77, 78]],
    ['train', [1284, 1285]],
  ]);
  expect(view.textContent).toContain('The 2 most similar of 34 pairs.');
});

test('a record from before they were looked for claims nothing about them', () => {
  const view = show({ inspection: { ...inspection, nearDuplicates: null }, oncheck: null });
  expect(view.querySelector('[data-testid="near"]')!.textContent.trim()).toBe('not checked');
});
