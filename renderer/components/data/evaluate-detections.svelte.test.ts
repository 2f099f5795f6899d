/** Anyone's detections on the page of a data set: what is asked, progress, figures, and what is wrong with a file. */
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Answer, Workstation } from '../../../electron/api/bridge.ts';
import type { DatasetRow } from '../../../electron/api/datasets.ts';
import type { EvaluatedDetections } from '../../../trainer/protocol/results.ts';
import { createFake } from '../../dev/fake/fake.ts';
import { inspection, streets } from '../../dev/fake/data.ts';
import { evaluated } from '../../dev/fake/detections.ts';
import { words } from '../../lib/language/i18n.svelte.ts';
import DetectionsPage from './testing/DetectionsPage.svelte';

const row: DatasetRow = {
  fingerprint: 'street',
  name: 'Streets',
  path: '/data/streets',
  inspection: streets,
  inspectedAt: 0,
  state: 'ready',
  builtIn: false,
  excluded: 0,
  evaluators: [],
};

let shown: ReturnType<typeof mount> | null = null;
let asked: unknown[] = [];
let answer: (value: Answer<EvaluatedDetections>) => void = () => undefined;
let picked: string | null = '/home/me/found.json';

beforeEach(() => {
  words.language = 'en';
  asked = [];
  picked = '/home/me/found.json';
  Element.prototype.scrollIntoView = () => undefined;
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null);
  vi.spyOn(HTMLCanvasElement.prototype, 'toDataURL').mockReturnValue('data:image/png;base64,AAAA');
  serve('en');
});

function serve(language: 'en' | 'zh'): void {
  const fake = createFake({ language });
  const workstation: Workstation = {
    ...fake,
    chooseFile: (kind) => {
      asked.push(kind);
      return Promise.resolve({ ok: true, value: picked });
    },
    chooseFolder: () => Promise.resolve({ ok: true, value: '/home/me/voc' }),
    evaluateDetections: (...args) => {
      asked.push(args);
      return new Promise((resolve) => (answer = resolve));
    },
    cancelJob: () => {
      asked.push('cancelled');
      answer({ ok: false, fault: { code: 'cancelled', message: 'cancelled', values: {} } });
      return Promise.resolve({ ok: true, value: undefined });
    },
  };
  Object.defineProperty(window, 'workstation', { value: workstation, configurable: true });
}
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const byTest = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
const choice = (id: string) => document.querySelector<HTMLSelectElement>(`select[data-testid="${id}"]`)!;
const textOf = (id: string): string => byTest(id)!.textContent.replaceAll(/\s+/g, ' ').trim();

async function open(of = row): Promise<void> {
  shown = mount(DetectionsPage, { target: document.body, props: { row: of } });
  flushSync();
  byTest('open-evaluate-detections')?.click();
  await vi.waitFor(() => expect(byTest('evaluate-detections') !== null).toBe(of === row));
}
async function choose(button = 'detections-file'): Promise<void> {
  byTest(button)!.click();
  await vi.waitFor(() => expect(byTest('cancel-job')).not.toBeNull());
}

test('a file is evaluated on the split and by the rules that were chosen, with intervals and classes', async () => {
  await open();
  const split = choice('detections-split');
  expect([...split.options].map(({ value }) => value)).toEqual(['train', 'val']);
  expect(split.value).toBe('val');
  const rules = choice('detections-rules');
  expect(rules.value).toBe('coco');
  rules.value = 'voc-2010';
  rules.dispatchEvent(new Event('change'));
  await choose();
  expect(asked).toEqual(['detections', ['/home/me/found.json', 'street', 'val', 'voc-2010']]);
  answer({ ok: true, value: { ...evaluated, missing: ['car'] } });
  await vi.waitFor(() => expect(byTest('detection-figures')).not.toBeNull());
  const text = textOf('detection-figures');
  expect(text).toContain('4,210 detections in 300 images, measured by the rules of COCO (101 points).');
  expect(text).toContain('No result file for this class, evaluated as without detections: car.');
  expect(text).toContain('Nothing was found in 12 images. The masks were not evaluated: some detections have none.');
  expect(text).toMatch(/Box AP37\.40 %35\.80 % to 39\.00 %/);
  expect(textOf('detections-by-class')).toMatch(/person43\.40 %64\.21 %46\.90 %car.*bicycle–––/);
});

test('a folder of PASCAL VOC is evaluated too, and a dialog that was closed asks nothing', async () => {
  await open();
  picked = null;
  byTest('detections-file')!.click();
  await vi.waitFor(() => expect(asked).toEqual(['detections']));
  await choose('detections-folder');
  expect(asked.at(-1)).toEqual(['/home/me/voc', 'street', 'val', 'coco']);
});

test('it can be cancelled, which needs no message', async () => {
  await open();
  await choose();
  byTest('cancel-job')!.click();
  await vi.waitFor(() => expect(byTest('cancel-job')).toBeNull());
  expect(asked.at(-1)).toBe('cancelled');
  expect(byTest('evaluate-detections')!.querySelector('[role="alert"]')).toBeNull();
});

test('what is wrong with a file is said in the language of the window, and it can be tried again', async () => {
  serve('zh');
  await open();
  await vi.waitFor(() => expect(words.language).toBe('zh'));
  await choose();
  const reason = {
    say: 'entry {1}: {2}',
    with: [3, { say: 'image {1} is none of the {2} annotated images of this split', with: [{ quoted: '99' }, 4952] }],
  };
  const message = '/home/me/found.json: entry 3: image 99 is none of the 4952 annotated images of this split.';
  answer({ ok: false, fault: { code: 'unreadable-file', message, values: { path: '/home/me/found.json' }, reason } });
  await vi.waitFor(() => expect(byTest('fault-reason')).not.toBeNull());
  expect(textOf('fault-reason')).toBe('第 3 项：图像 99 不在该划分的 4,952 张已标注图像之中。');
  expect(byTest('evaluate-detections')!.querySelector('[role="alert"]')!.textContent).not.toContain('恢复读取权限');
  byTest('evaluate-detections')!.querySelector<HTMLButtonElement>('[role="alert"] button')!.click();
  await vi.waitFor(() => expect(asked).toHaveLength(3));
  expect(asked[2]).toEqual(asked[1]);
});

test('data without objects has no such action', async () => {
  await open({ ...row, inspection });
  expect(byTest('open-evaluate-detections')).toBeNull();
});
