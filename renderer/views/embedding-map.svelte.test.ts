/** The page of embedding maps on made-up points: one selection for two maps, neighbours, moments that have no map yet. */
import { mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { WantedMap } from '../../electron/api/maps.ts';
import type { Workstation } from '../../electron/api/bridge.ts';
import { createFake } from '../dev/fake/fake.ts';
import type { MapPlace } from '../lib/route.svelte.ts';
import { words } from '../lib/language/i18n.svelte.ts';
import MapPage from './testing/MapPage.svelte';

HTMLCanvasElement.prototype.getContext = () => null;
HTMLCanvasElement.prototype.toDataURL = () => 'data:image/png;base64,';
vi.stubGlobal('matchMedia', () => Object.assign(new EventTarget(), { matches: true }));

const asked: WantedMap[] = [];
let shown: ReturnType<typeof mount> | null = null;
function open(beside: string | null, changed: Partial<Workstation> = {}, at: MapPlace | null = null): void {
  const fake = createFake();
  const workstation: Workstation = {
    ...fake,
    embeddingMap: (wanted) => {
      asked.push(wanted);
      return fake.embeddingMap(wanted);
    },
    ...changed,
  };
  vi.stubGlobal('workstation', workstation);
  shown = mount(MapPage, { target: document.body, props: { of: { kind: 'run', run: 'vicreg-1' }, beside, at } });
}
beforeEach(() => {
  words.language = 'en';
  asked.length = 0;
});
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
});

const page = (): string => document.body.textContent.replaceAll(/\s+/g, ' ');
const all = (selector: string): readonly HTMLElement[] => [...document.querySelectorAll<HTMLElement>(selector)];
const at = (testid: string): HTMLElement => {
  const found = document.querySelector<HTMLElement>(`[data-testid="${testid}"]`);
  if (found === null) throw new Error(`nothing is called ${testid}`);
  return found;
};

test('a class is selected on both maps at once, and a picture has neighbours under both encoders', async () => {
  open('simclr-1');
  await vi.waitFor(() => expect(all('[data-testid="map-facts"]')).toHaveLength(2));
  expect(page()).toContain('600 of 10,000 images');
  all('section[aria-labelledby="map-legend"] li button')[2]!.click();
  await vi.waitFor(() => expect(page()).toContain('60 images selected'));
  const first = all('[data-testid="map-selection"] li button')[0]!;
  first.click();
  await vi.waitFor(() => expect(all('[data-testid="map-neighbours"] h3')).toHaveLength(2));
  expect(all('[data-testid="map-neighbours"] li')).toHaveLength(30);
  expect(all('[data-testid="map-neighbours"] li button')[0]!.ariaLabel).toContain('neighbour 1 by cosine');
});

test('a moment without a map says so, and its map is made when that is asked for', async () => {
  open(null);
  await vi.waitFor(() => expect(at('map-moment-text').textContent).toContain('Step 600'));
  const slider = at('map-moment') as HTMLInputElement;
  slider.value = '1';
  slider.dispatchEvent(new Event('input', { bubbles: true }));
  await vi.waitFor(() => expect(page()).toContain('There is no map of this checkpoint'));
  expect(at('map-moment-text').textContent).toContain('Step 200');
  expect(asked.map(({ of }) => of.kind === 'run' && of.step)).not.toContain(200);
  at('make-map').click();
  await vi.waitFor(() => expect(at('map-facts').textContent).toContain('32'), 5000);
  expect(asked.at(-1)).toMatchObject({ of: { step: 200 }, points: 10_000 });
});

test('a map that cannot be made says why', async () => {
  const message = 'The device is used by "vicreg-2". Wait for it, or stop it first.';
  open(null, {
    embeddingMap: () => Promise.resolve({ ok: false, fault: { code: 'busy', message, values: {} } }),
  });
  await vi.waitFor(() => expect(page()).toContain('It is in use by another task.'));
});

test('the neighbours of an image that is sought stand there, its map made without another question', async () => {
  const fake = createFake();
  const listed = await fake.datasets();
  const dataset = listed.ok ? listed.value[0]! : null;
  const split = dataset!.inspection.splits.at(-1)!;
  open(null, {}, { fingerprint: dataset!.fingerprint, split: split.split, place: 3 });
  await vi.waitFor(() => expect(at('map-neighbours')).not.toBeNull());
  expect(asked.at(-1)).toMatchObject({ fingerprint: dataset!.fingerprint, split: split.split });
  expect(asked.at(-1)!.points).toBeGreaterThanOrEqual(Math.min(split.images, 60_000));
});
