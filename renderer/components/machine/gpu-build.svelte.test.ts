/** TensorFlow for NVIDIA GPUs on the page of the hardware: what each of its states says and lets a person do. */
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { GpuBuild } from '../../../electron/api/gpu-build.ts';
import type { Workstation } from '../../../electron/api/bridge.ts';
import { createFake } from '../../dev/fake/fake.ts';
import { words } from '../../lib/language/i18n.svelte.ts';
import GpuBuildPart from './testing/GpuBuildPart.svelte';

let shown: ReturnType<typeof mount> | null = null;
let installed: (readonly string[] | null)[];
let offered: GpuBuild;

beforeEach(async () => {
  words.language = 'en';
  installed = [];
  const fake = createFake();
  const answer = await fake.gpuBuild();
  if (!answer.ok || answer.value === null) throw new Error('The made-up machine has a GPU.');
  offered = answer.value;
  const workstation: Workstation = {
    ...fake,
    chooseFiles: () => Promise.resolve({ ok: true, value: ['/wheels/a.whl', '/wheels/b.whl'] }),
    chooseFolder: () => Promise.resolve({ ok: true, value: '/wheels' }),
    installGpuBuild: (from) => {
      installed.push(from);
      return Promise.resolve({ ok: true, value: { ...offered, state: 'used' } });
    },
  };
  vi.stubGlobal('workstation', workstation);
});
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
  vi.unstubAllGlobals();
});

function show(changed: Partial<GpuBuild>): string {
  shown = mount(GpuBuildPart, { target: document.body, props: { build: { ...offered, ...changed } } });
  flushSync();
  return document.body.textContent;
}
const buttons = (): readonly HTMLButtonElement[] => [...document.body.querySelectorAll<HTMLButtonElement>('.button')];
function press(name: string): void {
  buttons()
    .find(({ textContent }) => textContent.trim() === name)!
    .click();
  flushSync();
}

test('the offer names size, place, index and licences, and is taken from PyPI, a folder or files', async () => {
  const text = show({});
  for (const part of ['2.5 GB from pypi.org', '4.1 GB', offered.folder, 'NVIDIA CUDA Toolkit EULA', 'RTX 3060'])
    expect(text).toContain(part);
  press('Download and install');
  await vi.waitFor(() => expect(installed).toEqual([null]));
  await vi.waitFor(() => expect(buttons().every(({ disabled }) => !disabled)).toBe(true));
  press('From a folder of wheels…');
  await vi.waitFor(() => expect(installed).toEqual([null, ['/wheels']]));
  await vi.waitFor(() => expect(buttons().every(({ disabled }) => !disabled)).toBe(true));
  press('From wheel files…');
  await vi.waitFor(() => expect(installed[2]).toEqual(['/wheels/a.whl', '/wheels/b.whl']));
});

test('a disk without room is said before anything is downloaded', () => {
  expect(show({ freeBytes: 1e9 })).toContain('needs 4.7 GB of free space, and 1 GB are free');
  expect(buttons()[0]!.disabled).toBe(true);
});

test('what was cut off says what is left and goes on', () => {
  expect(show({ downloadBytes: 5e8, usedBytes: 2e9 })).toContain('500 MB of 2.5 GB left, from pypi.org');
  expect(buttons().map(({ textContent }) => textContent.trim())).toEqual([
    'Continue the download',
    'From a folder of wheels…',
    'From wheel files…',
    'Remove',
  ]);
});

test.each(['en', 'zh'] as const)(
  'a failure says why in TensorFlow’s words, and that the processor computes (%s)',
  (language) => {
    words.language = language;
    const fault = {
      code: 'device-unavailable' as const,
      message: 'TensorFlow said: failed call to cuInit',
      values: {},
    };
    const text = show({ state: 'failed', fault, usedBytes: 4.1e9 });
    expect(text).toContain('TensorFlow said: failed call to cuInit');
    expect(text).toContain(language === 'en' ? 'Runs compute on the processor.' : '实验由处理器计算。');
    expect(buttons()).toHaveLength(2);
  },
);

test('without a GPU any more, what lies there can be removed and nothing else', () => {
  expect(show({ cards: [], usedBytes: 2e9 })).not.toContain('This machine has a GPU');
  expect(buttons().map(({ textContent }) => textContent.trim())).toEqual(['Remove']);
});

test('a build in use can be removed after a question, and nothing else', () => {
  show({ state: 'used', usedBytes: 4.1e9 });
  expect(buttons().map(({ textContent }) => textContent.trim())).toEqual(['Remove']);
  press('Remove');
  expect(document.body.textContent).toContain('This frees 4.1 GB');
});
