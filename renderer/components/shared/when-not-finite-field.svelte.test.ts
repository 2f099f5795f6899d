/** How a training goes past losses that are not finite, as it is chosen in a form and at a pause. */
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import type { WhenNotFinite } from '../../../trainer/protocol/when-not-finite.ts';
import { words } from '../../lib/language/i18n.svelte.ts';
import WhenNotFiniteField from './WhenNotFiniteField.svelte';

let shown: ReturnType<typeof mount> | null = null;
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
});

function show(value: WhenNotFinite, language: 'en' | 'zh' = 'en') {
  words.language = language;
  const onchange = vi.fn<(next: WhenNotFinite) => void>();
  shown = mount(WhenNotFiniteField, { target: document.body, props: { value, onchange } });
  flushSync();
  return onchange;
}
const input = () => document.querySelector('input');
function type(text: string): void {
  input()!.value = text;
  input()!.dispatchEvent(new Event('input', { bubbles: true }));
  flushSync();
}

test.each(['en', 'zh'] as const)('every way has words of its own (%s)', (language) => {
  show({ policy: 'skip' }, language);
  const options = [...document.querySelectorAll('option')];
  expect(options.map(({ value }) => value)).toEqual(['skip', 'lower-rate', 'clip']);
  for (const { value, textContent } of options) expect(textContent).not.toBe(value);
  expect(input()).toBeNull();
});

test('clipping begins with a norm of 1', () => {
  const onchange = show({ policy: 'skip' });
  const select = document.querySelector('select')!;
  select.value = 'clip';
  select.dispatchEvent(new Event('change', { bubbles: true }));
  expect(onchange).toHaveBeenLastCalledWith({ policy: 'clip', norm: 1 });
});

test('a norm is taken once it is one', () => {
  const onchange = show({ policy: 'clip', norm: 2 });
  expect(input()!.valueAsNumber).toBe(2);
  type('0');
  expect(onchange).not.toHaveBeenCalled();
  expect(input()!.getAttribute('aria-invalid')).toBe('true');
  type('0.5');
  expect(onchange).toHaveBeenLastCalledWith({ policy: 'clip', norm: 0.5 });
});
