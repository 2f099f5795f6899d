import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, test } from 'vitest';
import type { Workstation } from '../../../electron/api/bridge.ts';
import { presetOf } from '../../../electron/words/preset-origins.ts';
import { createFake } from '../../dev/fake/fake.ts';
import { words } from '../../lib/language/i18n.svelte.ts';
import PresetSources from './testing/PresetSources.svelte';

const commit = '0123456789abcdef0123456789abcdef01234567';
const preset = presetOf(
  {
    id: 'tiny',
    method: 'vicreg',
    title: 'tiny',
    summary: { en: '', zh: '' },
    values: [
      { path: 'batch', value: 2048 },
      { path: 'dropLast', value: true },
      { path: 'method.options.variance', value: 25 },
      {
        path: 'views',
        value: [
          { size: 224, flip: 0.5 },
          { size: 224, flip: 0.5 },
          { size: 96, flip: 0.5 },
        ],
      },
    ],
  },
  {
    preset: 'tiny',
    read: [
      {
        repository: 'authors/code',
        commit,
        values: [
          { field: 'batch', value: 2048, file: 'main.py', lines: [3, 9, 10] },
          { field: 'views.0-1.size', value: 224, file: 'augmentations.py', lines: [5] },
          { field: 'views.2.size', value: 96, file: 'augmentations.py', lines: [6] },
          { field: 'views.*.flip', value: 0.5, file: 'augmentations.py', lines: [7] },
        ],
      },
      {
        paper: 'VICReg',
        arxiv: '2105.04906v3',
        values: [{ field: 'method.options.variance', value: 25, where: { en: 'section 4.2', zh: '第 4.2 节' } }],
      },
    ],
    ours: [{ fields: ['dropLast'], reason: { en: 'not stated', zh: '未说明' } }],
  },
);

let shown: ReturnType<typeof mount> | null = null;
function show(language: 'en' | 'zh'): readonly (readonly string[])[] {
  words.language = language;
  shown = mount(PresetSources, { target: document.body, props: { preset } });
  flushSync();
  return [...document.querySelectorAll('tbody tr')].map((row) =>
    [...row.querySelectorAll('td')].map((cell) => cell.textContent.replaceAll(/\s+/g, ' ').trim()),
  );
}
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
});

test('every value stands beside its source', () => {
  expect(show('en')).toEqual([
    ['Batch size', '2,048', 'authors/code 0123456, main.py, lines 3, 9–10'],
    ['Views 1–2 · Size (px)', '224', 'authors/code 0123456, augmentations.py, line 5'],
    ['Views 3 · Size (px)', '96', 'authors/code 0123456, augmentations.py, line 6'],
    ['Views · Horizontal flip', '0.5', 'authors/code 0123456, augmentations.py, line 7'],
    ['Method · Variance weight μ', '25', 'VICReg (arXiv:2105.04906v3), section 4.2'],
    ['Drop the last incomplete batch', 'yes', 'ours: not stated'],
  ]);
});

test('in Chinese', () => {
  const rows = show('zh');
  expect([rows[0], rows[1], ...rows.slice(-2)]).toEqual([
    ['批量大小', '2,048', 'authors/code 0123456，main.py，第 3、9–10 行'],
    ['视图 1–2 · 尺寸（像素）', '224', 'authors/code 0123456，augmentations.py，第 5 行'],
    ['方法 · 方差权重 μ', '25', 'VICReg（arXiv:2105.04906v3），第 4.2 节'],
    ['丢弃最后不完整的批次', '是', '本项目：未说明'],
  ]);
});

test('a source opens at its line, a paper as a whole; what is ours has no page', () => {
  const opened: string[] = [];
  const fake = createFake();
  const workstation: Workstation = {
    ...fake,
    openLink: (address) => {
      opened.push(address);
      return Promise.resolve({ ok: true, value: undefined });
    },
  };
  Object.defineProperty(window, 'workstation', { value: workstation, configurable: true });
  show('en');
  const links = [...document.querySelectorAll<HTMLButtonElement>('tbody button')];
  expect(links).toHaveLength(5);
  links[0]!.click();
  links[4]!.click();
  expect(opened).toEqual([
    `https://github.com/authors/code/blob/${commit}/main.py#L3`,
    'https://arxiv.org/abs/2105.04906v3',
  ]);
});
