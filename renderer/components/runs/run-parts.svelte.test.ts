/** A run's page: what it says of a run without training, and which evaluations it leads to. */
import { mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RunRow } from '../../../electron/api/runs.ts';
import { createFake } from '../../dev/fake/fake.ts';
import { words } from '../../lib/language/i18n.svelte.ts';
import RunParts from './testing/RunParts.svelte';

let shown: ReturnType<typeof mount> | null = null;
beforeEach(() => {
  words.language = 'en';
  Object.defineProperty(window, 'workstation', { value: createFake(), configurable: true });
});
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
});

async function rowOf(id: string): Promise<RunRow> {
  const answer = await window.workstation.runs();
  if (!answer.ok) throw new Error(answer.fault.message);
  return answer.value.find((row) => row.id === id)!;
}
function show(row: RunRow, isTrained: boolean): void {
  shown = mount(RunParts, { target: document.body, props: { row, isTrained } });
}

test('an evaluation without a head has no steps, no safe step and no checkpoint button', async () => {
  const row: RunRow = { ...(await rowOf('vicreg-small-1')), status: 'running', step: 0, steps: 0, safeStep: null };
  show(row, false);
  expect(document.body.textContent).not.toMatch(/Step|Last safe point|Save a checkpoint|0 \/ 0/);
  await unmount(shown!);
  show(row, true);
  expect(document.body.textContent).toMatch(/Step.*Last safe point.*Save a checkpoint/s);
});

test('the page of an encoder leads to its evaluations, with what each found', async () => {
  show(await rowOf('vicreg-small-1'), true);
  await vi.waitFor(() => expect(document.querySelector('[data-testid="evaluations"]')).not.toBeNull());
  const links = [...document.querySelectorAll<HTMLAnchorElement>('[data-testid="evaluations"] a')];
  expect(links.map((link) => [link.textContent, link.getAttribute('href')])).toEqual([
    ['VICReg, linear', '#/runs/vicreg-linear-1'],
  ]);
});
