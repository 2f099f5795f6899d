/** A new evaluation is never an empty page: without data, and with data that no evaluator can use, it says so. */
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Workstation } from '../../electron/api/bridge.ts';
import type { DatasetRow } from '../../electron/api/datasets.ts';
import { createFake } from '../dev/fake/fake.ts';
import { words } from '../lib/language/i18n.svelte.ts';
import EvaluatePage from './testing/EvaluatePage.svelte';

let shown: ReturnType<typeof mount> | null = null;
beforeEach(() => (words.language = 'en'));
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
  vi.unstubAllGlobals();
});

/** @param change what becomes of the data sets of the workspace */
async function show(
  change: (rows: readonly DatasetRow[]) => readonly DatasetRow[],
  fake = createFake(),
): Promise<void> {
  const [listed, weights] = [await fake.datasets(), await fake.weights()];
  if (!listed.ok || !weights.ok) throw new Error('The made-up workstation has data and weights.');
  const workstation: Workstation = {
    ...fake,
    datasets: () => Promise.resolve({ ok: true, value: change(listed.value) }),
  };
  vi.stubGlobal('workstation', workstation);
  shown = mount(EvaluatePage, {
    target: document.body,
    props: { of: { kind: 'weights', weights: weights.value[0]!.id } },
  });
}
const says = (text: string | RegExp): Promise<void> =>
  vi.waitFor(() => {
    flushSync();
    expect(document.body.textContent).toMatch(text);
  });

test('without a data set it leads to where one is added', async () => {
  await show(() => []);
  await says(/An evaluation needs a data set\./);
  expect(document.querySelector('.empty a')!.getAttribute('href')).toBe('#/datasets');
});

test('a data set without labels is named as the reason, and another can be chosen', async () => {
  await show(([one]) => [{ ...one!, fingerprint: 'unlabelled', evaluators: [] }, one!]);
  await says(/Start the evaluation/);
  const [first, second] = document.querySelectorAll<HTMLOptionElement>('select option');
  const choose = (option: HTMLOptionElement): void => {
    const select = option.closest('select')!;
    select.value = option.value;
    select.dispatchEvent(new Event('change', { bubbles: true }));
  };
  choose(first!);
  await says(/No evaluation can use this data set/);
  expect(document.body.textContent).not.toContain('Start the evaluation');
  choose(second!);
  await says(/Start the evaluation/);
  expect(document.body.textContent).not.toContain('No evaluation can use');
});

test('a configuration without a layer is of the pooled one, and shows it', async () => {
  const fake = createFake();
  const older: Workstation = {
    ...fake,
    draftEvaluation: async (...asked) => {
      const answer = await fake.draftEvaluation(...asked);
      if (!answer.ok || answer.value.kind !== 'evaluate') throw new Error('An evaluation was asked for.');
      const { layer: _left, ...config } = answer.value;
      return { ok: true, value: config };
    },
  };
  await show((rows) => rows, older);
  await says(/Layer/);
  const layer = [...document.querySelectorAll('select')].find((one) => one.textContent.includes('pooled'))!;
  expect(layer.value).toBe('pooled');
  expect(document.body.textContent).not.toContain('not a valid choice');
});
