import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import type { Normalization } from '../../../trainer/protocol/run.ts';
import type { ImportedWeights } from '../../../trainer/protocol/weights.ts';
import { words } from '../../lib/language/i18n.svelte.ts';
import { scalings } from '../../lib/normalization.ts';
import NormalizationField from './testing/NormalizationField.svelte';

let shown: ReturnType<typeof mount> | null = null;
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
});

const known = { norms: null, headsFrom: 'size' } as unknown as ImportedWeights;
function show(normalization: Normalization, weights: ImportedWeights | undefined = known) {
  words.language = 'en';
  const onchange = vi.fn<(next: Normalization) => void>();
  shown = mount(NormalizationField, { target: document.body, props: { normalization, weights, onchange } });
  flushSync();
  return onchange;
}
const select = () => document.querySelector('select')!;
function choose(value: string): void {
  select().value = value;
  select().dispatchEvent(new Event('change', { bubbles: true }));
  flushSync();
}
const inputs = () => [...document.querySelectorAll<HTMLInputElement>('input')];

test('the usual way is chosen, and another one is taken whole', () => {
  const onchange = show(scalings.imagenet);
  expect(select().value).toBe('imagenet');
  expect(inputs()).toEqual([]);
  choose('signed');
  expect(onchange).toHaveBeenLastCalledWith(scalings.signed);
  expect(select().value).toBe('signed');
});

test('own values start from those that are there', () => {
  const onchange = show(scalings.signed);
  choose('own');
  expect(onchange).not.toHaveBeenCalled();
  expect(inputs()).toHaveLength(2);
  const [mean] = inputs();
  mean!.value = '0.4, 0.5, 0.6';
  for (const kind of ['input', 'change']) mean!.dispatchEvent(new Event(kind, { bubbles: true }));
  flushSync();
  expect(onchange).toHaveBeenLastCalledWith({ mean: [0.4, 0.5, 0.6], std: [0.5, 0.5, 0.5] });
  expect(select().value).toBe('own');
});

test.each([
  [known, 'Nothing in the file says how pixels were normalized. ImageNet’s statistics are usual; timm’s augreg'],
  [{ ...known, pixelsFrom: 'classes-21k' as const }, 'the 21,843 classes of ImageNet-21k'],
  [{ ...known, pixelsFrom: 'pooler' as const }, 'the pooler of Hugging Face’s ViT'],
  [{ norms: null } as unknown as ImportedWeights, 'normalized; ImageNet’s statistics are usual.'],
])('why it is the usual way is said', (weights, text) => {
  show(scalings.imagenet, weights);
  expect(document.body.textContent).toContain(text);
});
