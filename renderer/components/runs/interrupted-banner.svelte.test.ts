/** An interrupted run: what is said of it, and how it goes on. */
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Workstation } from '../../../electron/api/bridge.ts';
import type { Interrupted } from '../../../electron/api/runs.ts';
import { createFake } from '../../dev/fake/fake.ts';
import { words } from '../../lib/language/i18n.svelte.ts';
import InterruptedBanner from './testing/InterruptedBanner.svelte';

const resumed: (readonly unknown[])[] = [];
let shown: ReturnType<typeof mount> | null = null;
beforeEach(() => {
  words.language = 'en';
  resumed.length = 0;
  const workstation: Workstation = {
    ...createFake(),
    resumeRun: (...given) => {
      resumed.push(given);
      return Promise.resolve({ ok: true, value: undefined });
    },
  };
  Object.defineProperty(window, 'workstation', { value: workstation, configurable: true });
});
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
});

const killed: Interrupted = {
  run: 'run-1',
  title: 'VICReg',
  step: 14,
  safeStep: 10,
  cause: 'trainer-killed',
  fault: null,
  whenNotFinite: null,
  changes: [],
};
const asking: Interrupted = {
  ...killed,
  cause: 'failed',
  fault: {
    code: 'diverged',
    message: 'Training diverged at step 14.',
    values: { step: 14, terms: 'location', images: 'a.jpg, b.jpg' },
    retry: 'resume',
  },
  whenNotFinite: { policy: 'skip' },
};

function show(cut: Interrupted): string {
  shown = mount(InterruptedBanner, { target: document.body, props: { cut } });
  flushSync();
  return document.querySelector('[data-testid="interrupted"]')!.textContent.replaceAll(/\s+/g, ' ');
}
function resume(): void {
  document.querySelector<HTMLButtonElement>('[data-testid="resume"]')!.click();
  flushSync();
}

test('a run whose trainer was killed is resumed, with nothing to choose', () => {
  const text = show(killed);
  expect(text).toContain('VICReg was interrupted at step 14');
  expect(text).toContain('with the same result');
  expect(document.querySelector('select')).toBeNull();
  resume();
  expect(resumed).toEqual([['run-1']]);
});

test.each([
  ['en', 'The trainer was killed (SIGKILL).'],
  ['zh', '训练程序被强制结束（SIGKILL）。'],
] as const)(
  'a killed trainer is told as one in %s, its own last words under the details alone',
  (language, sentence) => {
    words.language = language;
    const message = 'The trainer was killed (SIGKILL), and not by this program. Its last lines: tcmalloc: 1';
    const values = { tail: 'tcmalloc: 1', how: 'SIGKILL' };
    show({ ...killed, fault: { code: 'trainer-died', message, values, retry: 'resume' } });
    const banner = document.querySelector('[data-testid="interrupted"]')!;
    const details = banner.querySelector('details')!;
    expect(details.open).toBe(false);
    expect(details.textContent).toContain('tcmalloc: 1');
    details.remove();
    expect(banner.textContent).toContain(sentence);
    expect(banner.textContent).not.toMatch(/tcmalloc|tail|how|trainer-died/);
    expect(document.querySelector('[data-testid="resume"]')!.classList).toContain('primary');
  },
);

test('where the same settings meet the same end, changing them is the main button', () => {
  const primary = (): string => document.querySelector('.primary')!.textContent.trim();
  const fault = { code: 'out-of-memory', message: 'Out of memory.', values: {}, retry: 'smaller-batch' } as const;
  show({ ...killed, fault });
  expect(primary()).toBe('Run again with changes');
  expect(document.querySelector('[data-testid="resume"]')).not.toBeNull();
});

test('a run that went back without success says what was not finite, on which images, and asks how it goes on', () => {
  const text = show(asking);
  for (const part of [
    'VICReg is paused at step 14',
    'Not finite: RPN box regression loss',
    'Images: a.jpg, b.jpg',
    'Safe up to step 10',
  ])
    expect(text).toContain(part);
  expect(text).not.toContain('with the same result');
  const select = document.querySelector('select')!;
  expect(select.value).toBe('skip');
  // The same way again would come to the same.
  expect(document.querySelector('[data-testid="resume"]')!.classList).not.toContain('primary');
  select.value = 'clip';
  select.dispatchEvent(new Event('change', { bubbles: true }));
  flushSync();
  expect(document.querySelector('[data-testid="resume"]')!.classList).toContain('primary');
  resume();
  expect(resumed).toEqual([['run-1', { policy: 'clip', norm: 1 }]]);
});
