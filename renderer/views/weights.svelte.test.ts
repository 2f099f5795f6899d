/** The networks of a weights file on the page of weights: which there are, taking another, and a file that is doubted. */
import { mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Answer, Workstation } from '../../electron/api/bridge.ts';
import type { ImportedWeights, WantedWeights } from '../../trainer/protocol/weights.ts';
import { createFake } from '../dev/fake/fake.ts';
import { words } from '../lib/language/i18n.svelte.ts';
import WeightsPage from './testing/WeightsPage.svelte';

const row: ImportedWeights = {
  version: 1,
  id: '0123456789abcdef',
  name: 'dino',
  file: 'dino.pth',
  format: 'pth',
  bytes: 1000,
  prefix: 'teacher.backbone.',
  layout: 'torchvision',
  network: 'teacher.backbone',
  networks: [
    { name: 'student.backbone', tensors: 120, why: null },
    { name: 'teacher.backbone', tensors: 122, why: 'teacher' },
    { name: '', tensors: 3, why: null },
  ],
  why: 'teacher',
  path: '/weights/dino.pth',
  norms: null,
  passedOver: [],
  warnings: [],
  detector: null,
  noDetector: null,
  channels: 3,
  tensors: 122,
  sameAs: [],
  importedAt: 0,
  encoder: { id: 'resnet-18', options: { stem: 'imagenet', width: 64 } },
  unmatched: [],
  origin: { method: null, pretrainedOn: null, epochs: null, batch: null },
};

const asked: (readonly [file: string, wanted: WantedWeights | undefined])[] = [];
/** What reading a file answers. */
let reading: Answer<ImportedWeights> = { ok: true, value: row };
let rows: readonly ImportedWeights[] = [row];

let shown: ReturnType<typeof mount> | null = null;
beforeEach(() => {
  words.language = 'en';
  asked.length = 0;
  reading = { ok: true, value: row };
  rows = [row];
  const workstation: Workstation = {
    ...createFake(),
    weights: () => Promise.resolve({ ok: true, value: rows }),
    chooseFile: () => Promise.resolve({ ok: true, value: '/weights/guessed.pth' }),
    importWeights: (file, wanted) => {
      asked.push([file, wanted]);
      return Promise.resolve(reading);
    },
  };
  Object.defineProperty(window, 'workstation', { value: workstation, configurable: true });
});
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
});

const cards = () => [...document.querySelectorAll('[data-testid="weights-card"]')];
const networks = () => [...document.querySelectorAll<HTMLElement>('[data-testid="networks"] li')];
const textOf = (one: Element): string => one.textContent.replaceAll(/\s+/g, ' ').trim();
const button = (name: string): HTMLButtonElement | undefined =>
  [...document.querySelectorAll('button')].find((one) => textOf(one) === name);

async function show(): Promise<void> {
  shown = mount(WeightsPage, { target: document.body });
  await vi.waitFor(() => expect(cards()).toHaveLength(rows.length));
}

test('every network of a file is listed, and the one taken is marked, with why its method evaluates it', async () => {
  await show();
  expect(networks().map(textOf)).toEqual([
    'student.backbone · 120 tensors Import this one',
    'teacher.backbone · 122 tensors · the teacher, which DINO and its successors evaluate',
    '(no prefix) · 3 tensors Import this one',
  ]);
  expect(networks().map((one) => one.querySelector('.mark svg') !== null)).toEqual([false, true, false]);
});

test('another network is taken from the same file by its name, also one without a prefix', async () => {
  await show();
  for (const at of [0, 2]) {
    networks()[at]!.querySelector('button')!.click();
    await vi.waitFor(() => expect(asked).toHaveLength(at === 0 ? 1 : 2));
  }
  expect(asked).toEqual([
    ['/weights/dino.pth', { network: 'student.backbone' }],
    ['/weights/dino.pth', { network: '' }],
  ]);
});

test('one chosen by hand says so, and the usual one can be taken again', async () => {
  rows = [{ ...row, network: 'student.backbone', why: 'asked' }];
  await show();
  expect(networks().map(textOf).slice(0, 2)).toEqual([
    'student.backbone · 120 tensors · chosen by hand',
    'teacher.backbone · 122 tensors · the teacher, which DINO and its successors evaluate Import this one',
  ]);
});

test('where the file is not known to be, no other network is offered', async () => {
  rows = [{ ...row, path: null }];
  await show();
  expect(networks()).toHaveLength(3);
  expect(button('Import this one')).toBeUndefined();
});

test('a file of one network has no list', async () => {
  rows = [{ ...row, networks: [{ name: 'teacher.backbone', tensors: 122, why: 'only' }], why: 'only' }];
  await show();
  expect(networks()).toEqual([]);
});

test('weights that fit no order are asked about, and taken all the same if that is wanted, of the network asked for', async () => {
  await show();
  reading = { ok: false, fault: { code: 'weights-unlike', message: 'off', values: { path: 'p', first: 'layer1' } } };
  networks()[0]!.querySelector('button')!.click();
  await vi.waitFor(() => expect(button('Import anyway')).toBeDefined());
  reading = { ok: true, value: row };
  button('Import anyway')!.click();
  await vi.waitFor(() => expect(button('Import anyway')).toBeUndefined());
  expect(asked).toEqual([
    ['/weights/dino.pth', { network: 'student.backbone' }],
    ['/weights/dino.pth', { network: 'student.backbone', anyway: true }],
  ]);
});

test('a file that cannot be read is not offered to be taken anyway', async () => {
  await show();
  reading = { ok: false, fault: { code: 'unreadable-file', message: 'no weights', values: {} } };
  document.querySelector<HTMLButtonElement>('[data-testid="import-weights"]')!.click();
  await vi.waitFor(() => expect(document.querySelector('[role="alert"]')).not.toBeNull());
  expect(asked).toEqual([['/weights/guessed.pth', {}]]);
  expect(button('Import anyway')).toBeUndefined();
});

test('a detector is told with how its network sees pictures, and the file can be imported the other way', async () => {
  const detector = {
    evaluator: 'detection-c4',
    prefix: 'model.',
    classes: 20,
    options: { extraNorm: true, norm: 'frozen' },
    tensors: 14,
  } as const;
  rows = [{ ...row, detector, convention: { is: 'caffe2', from: 'norms' } }];
  await show();
  const text = textOf(cards()[0]!);
  expect(text).toContain(
    'Faster R-CNN C4, 20 classes, batch norm after res5, frozen batch norm in the encoder; 14 tensors',
  );
  expect(text).toContain('blue first, levels around the mean (MSRA)');
  button('Import as torchvision’s: red first')!.click();
  await vi.waitFor(() => expect(asked).toHaveLength(1));
  expect(asked).toEqual([['/weights/dino.pth', { network: 'teacher.backbone', convention: 'torchvision' }]]);
});
