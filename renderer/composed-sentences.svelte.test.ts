/** Sentences that are composed from values: with none, zero, one and a large one, in both languages, they stay sentences. */
import { flushSync, mount, unmount, type Component } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Workstation } from '../electron/api/bridge.ts';
import type { Estimate } from '../electron/api/drafts.ts';
import type { Interrupted, Progress, RunRow } from '../electron/api/runs.ts';
import type { ImportedWeights } from '../trainer/protocol/weights.ts';
import StartPanel from './components/drafts/testing/StartPanel.svelte';
import InterruptedBanner from './components/runs/testing/InterruptedBanner.svelte';
import Now from './components/runs/Now.svelte';
import RunParts from './components/runs/testing/RunParts.svelte';
import { draftFrom, presets } from './dev/fake/drafts.ts';
import { createFake } from './dev/fake/fake.ts';
import { words } from './lib/language/i18n.svelte.ts';
import WeightsPage from './views/testing/WeightsPage.svelte';

const values = [null, 0, 1, 1_281_167] as const;
const cases = (['en', 'zh'] as const).flatMap((language) => values.map((value) => [language, value] as const));

let shown: ReturnType<typeof mount> | null = null;
let workstation: Workstation;
beforeEach(() => {
  workstation = createFake();
  vi.stubGlobal('workstation', new Proxy({}, { get: (_, name) => workstation[name as keyof Workstation] }));
});
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
  vi.unstubAllGlobals();
});

/** A dash is a value of its own, never a part of a sentence; one thing is no plural; nothing is left of a slot. */
const broken: readonly RegExp[] = [
  /[(（/:：] ?–/,
  /– ?[A-Za-z一-鿿)）%]/,
  /(?:of|to|at least|at most|需要|可用|共) –/,
  /\b1 (?:steps|tensors|runs|images|seeds|values|channels|attempts|classes|pairs)\b/,
  /(?<![\d,.])0 (?:steps? will be recomputed|unsaved)|其后 0 步/,
  /undefined|null|NaN|\{|\}|Infinity/,
];

async function textOf<Props extends Record<string, unknown>>(
  component: Component<Props>,
  props: Props,
  ready: RegExp,
): Promise<readonly string[]> {
  shown = mount(component, { target: document.body, props });
  await vi.waitFor(() => expect(document.body.textContent).toMatch(ready), { timeout: 3000 });
  flushSync();
  const said = [...document.querySelectorAll('p, dd, .value, summary, button, h2, h3')].map((one) => one.textContent);
  const titles = [...document.querySelectorAll('[title]')].map((one) => one.getAttribute('title') ?? '');
  return [...said, ...titles].map((text) => text.replaceAll(/\s+/g, ' ').trim());
}
function expectSentences(texts: readonly string[]): void {
  expect(texts.length).toBeGreaterThan(0);
  for (const text of texts) for (const pattern of broken) expect(text).not.toMatch(pattern);
}

test.each(cases)('the estimate of a run in %s, with %s', async (language, value) => {
  words.language = language;
  const estimate: Estimate = {
    steps: value,
    seconds: value,
    secondsSpread: value,
    roughSeconds: null,
    basis: value === null ? 'none' : 'measured',
    diskBytes: value,
    diskFreeBytes: 1e9,
    memoryBytes: value,
    memoryFreeBytes: value,
    warnings: [],
    fits: [],
  };
  workstation = { ...workstation, estimate: () => Promise.resolve({ ok: true, value: estimate }) };
  const text = await textOf(
    StartPanel,
    { config: draftFrom(presets[0]!, 1) },
    language === 'en' ? /1 GB/ : /1 吉字节|1 GB/,
  );
  expectSentences(text);
});

test.each(cases)('the state of a run in %s, with %s', async (language, value) => {
  words.language = language;
  const runs = await workstation.runs();
  if (!runs.ok) throw new Error(runs.fault.message);
  const row: RunRow = { ...runs.value[0]!, step: value ?? 0, steps: value, safeStep: value, startedAt: value };
  expectSentences(await textOf(RunParts, { row, isTrained: true }, /VICReg/));
});

test.each(cases)('what a trainer does in %s, with %s', async (language, value) => {
  words.language = language;
  const progress: Progress = {
    run: 'a',
    phase: value === null ? null : 'training',
    pausedBy: null,
    quietForMs: 8000,
    silentMs: value === null ? 0 : Math.min(value * 4000, 9e8),
    liveness: value === null ? 'alive' : 'slow',
    step: value ?? 0,
    steps: value,
    epoch: value ?? 0,
    fraction: value === null ? null : Math.min(value, 1),
    samplesPerSecond: value,
    waitShare: value === null ? null : Math.min(value, 1),
    secondsLeft: value,
    secondsLeftSpread: value,
    memoryBytes: value,
    safeStep: value,
    safeAt: value,
    device: value === null ? '' : 'CPU',
  };
  const text = await textOf(Now, { progress, heardAt: Date.now(), status: 'running' }, /./);
  expectSentences(text);
  // A number and its unit stay on one line.
  for (const share of document.querySelectorAll('.split + p > span')) expect(share.classList).toContain('nowrap');
});

test.each(cases)('an interrupted run in %s, with %s', async (language, value) => {
  words.language = language;
  for (const lost of [0, 1, 12_345]) {
    const cut: Interrupted = {
      run: 'a',
      title: 'VICReg',
      step: (value ?? 0) + lost,
      safeStep: value,
      cause: 'trainer-killed',
      fault: null,
      whenNotFinite: null,
      changes: [],
    };
    expectSentences(await textOf(InterruptedBanner, { cut }, /VICReg/));
    await unmount(shown!);
    shown = null;
  }
});

test.each(cases)('imported weights in %s, with %s', async (language, value) => {
  words.language = language;
  const listed = await workstation.weights();
  if (!listed.ok) throw new Error(listed.fault.message);
  const count = value ?? 0;
  const row: ImportedWeights = {
    ...listed.value[0]!,
    prefix: value === null ? '' : 'module.encoder_q.',
    tensors: count,
    channels: Math.max(1, count),
    bytes: count,
    unmatched: value === 1 ? ['head.weight'] : [],
    networks: [
      { name: 'a', tensors: count, why: null },
      { name: '', tensors: 3, why: null },
    ],
  };
  workstation = { ...workstation, weights: () => Promise.resolve({ ok: true, value: [row] }) };
  expectSentences(await textOf(WeightsPage, {}, /head\.weight|tensor|张量/));
});
