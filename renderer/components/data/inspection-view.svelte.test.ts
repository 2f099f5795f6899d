import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import type { Inspection, Reading, Thumbnail } from '../../../trainer/protocol/dataset.ts';
import { inspection, streets, wrongFolder } from '../../dev/fake/data.ts';
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
interface Props {
  readonly inspection: Inspection;
  readonly oncheck: (() => void) | null;
  readonly language?: 'en' | 'zh';
  readonly onread?: (reading: Reading) => void;
  readonly onpictures?: (names: readonly string[]) => void;
}
function show({ language = 'en', ...given }: Props): HTMLElement {
  words.language = language;
  const props = { pictures, onread: null, onpictures: null, ...given };
  shown = mount(InspectionView, { target: document.body, props });
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

test('another way to read the folder is asked about with what it gives, and keeps the other answers', () => {
  const read = vi.fn();
  const answers = [
    { value: 'first-level', count: 2 },
    { value: 'deepest', count: 5 },
  ];
  const choices: Inspection['choices'] = [{ about: 'classes', now: 'first-level', answers }];
  const view = show({ inspection: { ...listed, reading: { order: 'text' }, choices }, oncheck: null, onread: read });
  expect(view.textContent).toContain('the deepest (classes: 5)');
  const radios = [...view.querySelectorAll<HTMLInputElement>('input[type="radio"]')];
  expect(radios.map(({ checked }) => checked)).toEqual([true, false]);
  radios[1]!.click();
  expect(read).toHaveBeenCalledExactlyOnceWith({ order: 'text', classes: 'deepest' });
});

test('a leak leads to both of its pictures, a rejected file to its own; without a grid they are names', async () => {
  const rejects = [{ file: 'train/cut.png', reason: 'truncated' }];
  const found = { ...inspection, rejects, rejectCount: 1 };
  const open = vi.fn();
  const view = show({ inspection: found, oncheck: null, onpictures: open });
  for (const link of view.querySelectorAll<HTMLButtonElement>('button.link')) link.click();
  expect(open.mock.calls).toEqual([[['train/cut.png']], [['train/1284', 'test/77']], [['train/1284', 'test/77']]]);
  await unmount(shown!);
  expect(show({ inspection: found, oncheck: null }).querySelector('button.link')).toBeNull();
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

test('what an inspection says is in the language of the window, and names are as they are', async () => {
  const missing = { say: 'a JPEG file with a missing marker at byte {1}', with: [12345] };
  const found: Inspection = {
    ...inspection,
    found: [
      { say: 'split folders: {1}', with: [['train', 'val']] },
      { say: '{1} shards', with: [3] },
    ],
    rejects: [
      { file: 'train/a.jpg', reason: missing },
      { file: 'train/b.jpg', reason: 'of an older record' },
    ],
    rejectKinds: [{ reason: missing, count: 2, examples: ['train/a.jpg'] }],
    rejectCount: 2,
    unused: [
      {
        what: { say: '{1}: {2}', with: [{ say: 'archives', with: [] }, ['unpack them']] },
        count: 1,
        why: { say: 'they may hold pictures, which are not read', with: [] },
        use: { say: 'unpack them', with: [] },
      },
    ],
    warnings: [{ say: 'Classes without usable pictures: {1}.', with: [['cat', 'dog']] }],
  };
  const view = show({ inspection: found, oncheck: null, language: 'zh' });
  const text = view.textContent;
  expect(view.querySelector('[data-testid="found"]')!.textContent).toBe('划分文件夹：train、val；3 个分片');
  expect(view.querySelector('[data-testid="warnings"]')!.textContent).toContain('没有可用图像的类别：cat、dog。');
  expect(view.querySelector('[data-testid="unused"]')!.textContent).toContain('压缩包：unpack them');
  expect(view.querySelector('[data-testid="reject-kinds"]')!.textContent).toContain(
    'JPEG 文件在第 12,345 字节处缺少标记',
  );
  expect(text).toContain('of an older record');
  await unmount(shown!);
  expect(show({ inspection: wrongFolder, oncheck: null, language: 'zh' }).textContent).toContain(
    '2 个文件夹，14 个文件：letters/、taxes/、paper.pdf',
  );
});

test('annotated objects are counted by split and class; a problem leads to its pictures, an unlisted one to none', () => {
  const open = vi.fn();
  const view = show({ inspection: streets, oncheck: null, onpictures: open });
  const objects = view.querySelector('[data-testid="objects"]')!;
  const rows = [...objects.querySelector('tbody')!.rows].map((row) => [...row.cells].map((cell) => cell.textContent));
  expect(rows).toEqual([
    ['train', '3,610', '3,598', '14', '0', '93', '171'],
    ['val', '861', '861', '2', '5', '41', '0'],
  ]);
  const perClass = objects.querySelector<HTMLTableElement>('[data-testid="objects-per-class"]')!;
  expect([...perClass.rows[1]!.cells].map((cell) => cell.textContent)).toEqual([
    'person',
    '2,310',
    '800',
    '560',
    '190',
  ]);
  const problems = objects.querySelector('[data-testid="object-problems"]')!;
  expect(problems.textContent).toContain('Box without area: left out');
  expect(problems.textContent).toContain('9031');
  for (const link of problems.querySelectorAll<HTMLButtonElement>('button.link')) link.click();
  expect(open.mock.calls).toEqual([[['train/12.png', 'train/40.png']], [['val/3.png']]]);
});

test('a data set without annotated objects has no such section', () => {
  expect(show({ inspection, oncheck: null }).querySelector('[data-testid="objects"]')).toBeNull();
});
