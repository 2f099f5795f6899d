/** Classes, curves and errors of a detector; a picture of an error is drawn with both boxes and can be enlarged. */
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createFake } from '../../dev/fake/fake.ts';
import { detectorResults, detectorRun } from '../../dev/fake/detections.ts';
import { words } from '../../lib/language/i18n.svelte.ts';
import Detections from './Detections.svelte';

let shown: ReturnType<typeof mount> | null = null;
beforeEach(async () => {
  words.language = 'en';
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null);
  vi.spyOn(HTMLCanvasElement.prototype, 'toDataURL').mockReturnValue('data:image/png;base64,AAAA');
  Object.defineProperty(window, 'workstation', { value: createFake(), configurable: true });
  shown = mount(Detections, { target: document.body, props: { run: detectorRun, result: detectorResults[0]! } });
  await vi.waitFor(() => expect(all('error-picture')).toHaveLength(12));
  await vi.waitFor(() => expect(all('detection-box').length).toBe(12));
});
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
});

const all = (id: string): readonly HTMLElement[] => [
  ...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`),
];
const textOf = (node: Element | undefined): string => node?.textContent.replaceAll(/\s+/g, ' ').trim() ?? '';
function press(text: string): void {
  const found = [...document.querySelectorAll('button')].find((button) => textOf(button).startsWith(text));
  found!.click();
  flushSync();
}

test('each class has its figures and counts, and one without an object has none', () => {
  const rows = [...document.querySelectorAll('tbody tr')].map((row) => [...row.children].map((cell) => textOf(cell)));
  expect(rows).toEqual([
    ['all classes', '', '', '569', '2,703'],
    ['aeroplane', expect.stringContaining('71.5'), expect.stringContaining('40.1'), '285', '900'],
    ['bicycle', expect.stringContaining('51.5'), expect.stringContaining('30.1'), '284', '901'],
    ['bird', '–', '–', '0', '902'],
  ]);
  press('bird');
  expect(textOf(all('precision-recall')[0])).toContain('No image shows an object of this class.');
});

test('errors are counted by kind, and those of one class when it is chosen', async () => {
  const kinds = () => all('error-browser')[0]!.querySelectorAll('[aria-pressed]');
  expect([...kinds()].map((one) => textOf(one))).toEqual([
    'Localisation 96',
    'Confusion 39',
    'Confusion and localisation 30',
    'Duplicate 15',
    'Background 423',
    'Missed 168',
  ]);
  press('bicycle');
  await vi.waitFor(() => expect(textOf(kinds()[0])).toBe('Localisation 32'));
  await vi.waitFor(() => expect(textOf(all('error-browser')[0])).toContain('1 to 12 of 32'));
});

test('the detection and the object are drawn where they are, and a missed object has no detection', async () => {
  const place = (box: Element | undefined) => ['x', 'y', 'width', 'height'].map((key) => box?.getAttribute(key));
  expect(place(all('detection-box')[0])).toEqual(['5', '4', '13', '16']);
  expect(place(all('object-box')[0])).toEqual(['7', '6', '15', '18']);
  expect(textOf(all('error-picture')[0])).toContain('found as aeroplane, is aeroplane IoU 0.38, score 0.99');
  press('Missed');
  await vi.waitFor(() => expect(textOf(all('error-picture')[1])).toContain('not found, is bicycle IoU 0.38'));
  await vi.waitFor(() => expect(all('object-box')).toHaveLength(12));
  expect(all('detection-box')).toHaveLength(0);
});

test('one is enlarged by a click, the next comes by a key, and Escape goes back', async () => {
  document.querySelector<HTMLButtonElement>('button.open')!.click();
  flushSync();
  expect(all('error-picture')).toHaveLength(1);
  expect(textOf(all('error-picture')[0])).toContain('test/0.jpg');
  const key = (name: string): void => {
    window.dispatchEvent(new KeyboardEvent('keydown', { key: name }));
    flushSync();
  };
  key('ArrowRight');
  await vi.waitFor(() => expect(textOf(all('error-picture')[0])).toContain('test/1.jpg'));
  key('Escape');
  expect(all('error-picture')).toHaveLength(12);
});
