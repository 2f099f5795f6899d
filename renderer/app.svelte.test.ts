/** The whole window on made-up records: no answer of the workstation leaves it blank. */
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Answer, Workstation } from '../electron/api/bridge.ts';
import { presetOf } from '../electron/words/preset-origins.ts';
import { identifiersIn, programIdentifiers } from '../electron/words/testing/identifiers.ts';
import type { Catalogue } from '../trainer/protocol/catalogue.ts';
import type { PresetSources } from '../trainer/protocol/preset-origins.ts';
import type { PresetFile } from '../trainer/protocol/preset.ts';
import App from './App.svelte';
import type * as charts from './lib/charts/chart.svelte.ts';
import { draftFrom } from './dev/fake/drafts.ts';
import { createFake } from './dev/fake/fake.ts';
import { words } from './lib/language/i18n.svelte.ts';
import { addressOf, router, type Route } from './lib/route.svelte.ts';

// A canvas is drawn by the browser; what is said about it is drawn here.
vi.mock('./lib/charts/chart.svelte.ts', async (original) => ({
  ...(await original<typeof charts>()),
  chart: () => () => undefined,
}));
Element.prototype.scrollTo = () => undefined;
HTMLCanvasElement.prototype.getContext = () => null;
HTMLCanvasElement.prototype.toDataURL = () => 'data:image/png;base64,';
const written: string[] = [];
Object.defineProperty(navigator, 'clipboard', {
  value: { writeText: async (text: string) => void written.push(text) },
});
vi.stubGlobal('matchMedia', () => Object.assign(new EventTarget(), { matches: false }));

let shown: ReturnType<typeof mount> | null = null;
const logged: (readonly [where: string, description: string])[] = [];
beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
  logged.length = 0;
  written.length = 0;
  vi.restoreAllMocks();
});

function open(workstation: Workstation): void {
  vi.stubGlobal('workstation', {
    ...workstation,
    logFailure: (where: string, description: string) => {
      logged.push([where, description]);
      return Promise.resolve({ ok: true, value: undefined });
    },
  });
  shown = mount(App, { target: document.body });
  flushSync();
}

async function visit(route: Route): Promise<void> {
  router.go(route);
  flushSync();
  // Answers arrive as promises, some of them after others.
  for (let turn = 0; turn < 20; turn += 1) {
    await new Promise((wake) => setTimeout(wake, 5));
    flushSync();
  }
}
const failed = (): HTMLElement | null => document.querySelector('[data-testid="view-failed"]');
const button = (label: string): HTMLButtonElement =>
  [...document.querySelectorAll('button')].find((one) => one.textContent.trim() === label)!;

/** Each row of each list once more, at any depth; numbers are measures and stay as many as they are. */
function repeated<T>(value: T): T {
  if (Array.isArray(value)) {
    const rows: readonly unknown[] = value.map(repeated);
    return (value.some((row) => typeof row === 'number' || row === null) ? rows : [...rows, ...rows]) as T;
  }
  // Numbers of a map are one a point.
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, repeated(part as unknown)])) as T;
}

/** Lists whose rows are rows of a table, by their primary key: only what is in a row may repeat. */
const byKey = new Set(['runs', 'interrupted', 'datasets', 'weights', 'referenceCurves', 'reports']);
/** Made from the program's own source. */
const ours = new Set(['catalogue', 'logFailure']);

function repeating(workstation: Workstation): Workstation {
  const requests = Object.entries(workstation).map(([name, request]) => {
    if (ours.has(name) || name === 'on' || name === 'pathOf') return [name, request] as const;
    const ask = request as (...args: readonly unknown[]) => Promise<Answer<unknown>>;
    const answer = async (...args: readonly unknown[]): Promise<Answer<unknown>> => {
      const given = await ask(...args);
      if (!given.ok) return given;
      const value = byKey.has(name) ? (given.value as readonly unknown[]).map(repeated) : repeated(given.value);
      return { ok: true, value };
    };
    return [name, answer] as const;
  });
  return Object.fromEntries<unknown>(requests) as Workstation;
}

/** Each page of the window, and of things that have a page each of them. */
async function everyRoute(workstation: Workstation): Promise<readonly Route[]> {
  const runs = await workstation.runs();
  const datasets = await workstation.datasets();
  const weights = await workstation.weights();
  if (!runs.ok || !datasets.ok || !weights.ok) throw new Error('The made-up workstation failed.');
  return [
    { view: 'plans', plan: null },
    { view: 'plans', plan: 'first' },
    { view: 'runs' },
    ...runs.value.map(({ id }) => ({ view: 'run', run: id }) as const),
    { view: 'new', again: null, dataset: null },
    ...runs.value.slice(0, 2).map(({ id }) => ({ view: 'new', again: id, chunk: null }) as const),
    ...runs.value.slice(0, 2).map(({ id }) => ({ view: 'evaluate', of: { kind: 'run', run: id } }) as const),
    { view: 'evaluate', of: { kind: 'weights', weights: weights.value[0]!.id } },
    ...runs.value
      .slice(0, 1)
      .map(({ id }) => ({ view: 'map', of: { kind: 'run', run: id }, beside: null, at: null }) as const),
    { view: 'compare', selection: { kind: 'plan', plan: 'first' } },
    { view: 'compare', selection: { kind: 'runs', runs: runs.value.map(({ id }) => id) } },
    { view: 'datasets', dataset: null },
    ...datasets.value.map(({ fingerprint }) => ({ view: 'datasets', dataset: fingerprint }) as const),
    { view: 'weights' },
    { view: 'reports', report: null },
    { view: 'reports', report: 'report-1' },
    { view: 'hardware' },
    { view: 'settings' },
  ];
}

describe('rows that repeat', () => {
  test('leave every page standing', { timeout: 120_000 }, async () => {
    const workstation = createFake();
    const routes = await everyRoute(workstation);
    open(repeating(workstation));
    for (const route of routes) {
      await visit(route);
      expect(failed()?.textContent, addressOf(route)).toBeUndefined();
      expect(document.querySelector('main h1'), addressOf(route)).not.toBeNull();
    }
    expect(logged).toEqual([]);
  });
});

describe('no identifier of the program is read by a person', () => {
  const [catalogue] = Object.values(
    import.meta.glob<Catalogue>('../out/catalogue.json', { eager: true, import: 'default' }),
  );
  const files = import.meta.glob<PresetFile>('../resources/presets/*.json', { eager: true, import: 'default' });
  const sources = import.meta.glob<PresetSources>('../resources/presets/sources/*.json', {
    eager: true,
    import: 'default',
  });
  const presets = Object.entries(files).map(([path, file]) =>
    presetOf(file, sources[path.replace('presets/', 'presets/sources/')]!),
  );
  const identifiers = programIdentifiers();

  /** The made-up records, with every recipe of the program and a run by a preset of each method. */
  async function complete(): Promise<Workstation> {
    const fake = createFake();
    const runs = await fake.runs();
    if (!runs.ok) throw new Error('The made-up workstation failed.');
    const pattern = runs.value.find(({ status, kind }) => status === 'interrupted' && kind === 'pretrain')!;
    const ofEach = [...new Map(presets.map((preset) => [preset.method, preset])).values()];
    const byPreset = ofEach.map(({ id, method, title }, at) => ({
      ...pattern,
      id: `run-${at}`,
      title,
      method,
      preset: id,
    }));
    return {
      ...fake,
      catalogue: () => Promise.resolve({ ok: true, value: catalogue! }),
      presets: () => Promise.resolve({ ok: true, value: presets }),
      runs: () => Promise.resolve({ ok: true, value: [...runs.value, ...byPreset] }),
      run: async (id) => {
        const row = byPreset.find((one) => one.id === id);
        const detail = await fake.run(pattern.id);
        if (row === undefined || !detail.ok) return await fake.run(id);
        const config = draftFrom(
          presets.find((preset) => preset.id === row.preset)!,
          1,
        );
        return { ok: true, value: { ...detail.value, row, config } };
      },
    };
  }

  /** Everything on the page that is read, or heard; `code` and `pre` hold what is typed. */
  function readings(): readonly string[] {
    const all = [...document.body.querySelectorAll<HTMLElement>('*')].filter(
      (one) => one.closest('code, pre, style') === null,
    );
    return all.flatMap((one) => [
      ...['title', 'aria-label', 'placeholder', 'alt'].flatMap((name) => one.getAttribute(name) ?? []),
      ...[...one.childNodes].flatMap((node) => (node.nodeType === Node.TEXT_NODE ? (node.textContent ?? '') : [])),
    ]);
  }

  test('on any page, in both languages', { timeout: 240_000 }, async () => {
    const workstation = await complete();
    open(workstation);
    const runs = await workstation.runs();
    const forms = (runs.ok ? runs.value : []).filter(({ id }) => id.startsWith('run-'));
    const found = new Set<string>();
    for (const route of [
      ...(await everyRoute(workstation)),
      ...forms.map(({ id }) => ({ view: 'new', again: id, chunk: null }) as const),
    ]) {
      await visit(route);
      for (const folded of document.querySelectorAll<HTMLButtonElement>('main button[aria-expanded="false"]'))
        folded.click();
      for (const language of ['en', 'zh'] as const) {
        words.language = language;
        flushSync();
        for (const text of readings())
          for (const word of identifiersIn(text, identifiers))
            found.add(`${addressOf(route)}, ${language}: ${word} in "${text.trim()}"`);
      }
    }
    words.language = 'en';
    expect([...found]).toEqual([]);
  });
});

describe('a page that cannot be drawn', () => {
  /** One run was interrupted twice, which no key of a banner can bear. */
  const broken = (isBroken: () => boolean): Workstation => {
    const workstation = createFake();
    const twice: Workstation['interrupted'] = async () => {
      const given = await workstation.interrupted();
      return given.ok && isBroken() ? { ok: true, value: [...given.value, ...given.value] } : given;
    };
    return { ...workstation, interrupted: twice };
  };
  // A page without banners comes first.
  beforeEach(() => router.go({ view: 'settings' }));

  test.each(['en', 'zh'] as const)('says so in %s, keeps the rest of the window, and is logged', async (language) => {
    open(broken(() => true));
    await visit({ view: 'runs' });
    words.language = language;
    flushSync();
    const view = failed()!;
    expect(view.closest('main')).not.toBeNull();
    expect(view.querySelector('h1')!.textContent).toBe(
      language === 'en' ? 'This part of the window cannot be shown' : '窗口的这一部分无法显示',
    );
    expect(view.textContent).toContain('each_key_duplicate');
    expect(logged).toMatchObject([['#/runs', expect.stringContaining('each_key_duplicate')]]);
    button(language === 'en' ? 'Copy details' : '复制详细信息').click();
    await vi.waitFor(() => expect(written[0]).toMatch(/^#\/runs\n[^]*each_key_duplicate[^]*at /));
    // The rail still leads elsewhere, and so does the page that failed.
    expect(document.querySelectorAll('nav [data-testid^="rail-"]')).toHaveLength(8);
    expect(view.querySelector('a')!.getAttribute('href')).toBe('#/plans');
    await visit({ view: 'settings' });
    expect(failed()).toBeNull();
    expect(document.querySelector('main h1')!.textContent).toBe(language === 'en' ? 'Settings' : '设置');
    words.language = 'en';
  });

  test('is drawn again when that is asked for', async () => {
    let isBroken = true;
    open(broken(() => isBroken));
    await visit({ view: 'runs' });
    expect(failed()).not.toBeNull();
    isBroken = false;
    // The next list is whole.
    document.dispatchEvent(new Event('visibilitychange'));
    await visit({ view: 'runs' });
    button('Try again').click();
    await visit({ view: 'runs' });
    expect(failed()).toBeNull();
    expect(document.querySelector('main h1')!.textContent).toBe('Runs');
  });
});

test('an error outside of a page is told and logged, and a remark of the browser is not', async () => {
  open(createFake());
  await visit({ view: 'settings' });
  window.dispatchEvent(new ErrorEvent('error', { message: 'ResizeObserver loop completed', error: null }));
  window.dispatchEvent(
    new ErrorEvent('error', { message: 'x is not a function', error: new TypeError('x is not a function') }),
  );
  await visit({ view: 'settings' });
  expect(logged).toMatchObject([['window', expect.stringContaining('x is not a function')]]);
  expect(document.querySelector('.notices')!.textContent).toContain('x is not a function');
});
