/**
 * Pictures of every screen and state, on made-up records (`renderer/dev`), at a time that stands still: the same sources give the
 * same pixels on one machine. Fonts differ between machines, so pictures are compared with those of an earlier commit, taken here
 * as well, and not with files that were kept.
 */
import { _electron, type Page } from '@playwright/test';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { mkdirSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';
import sharp from 'sharp';
import { createServer } from 'vite';
import { electronPath, root, violationsOf } from './app.ts';

/** Addresses of screens with records, by what is seen. */
const screens: Readonly<Record<string, string>> = {
  plans: '#/plans',
  plan: '#/plans/first',
  runs: '#/runs',
  'run-running': '#/runs/vicreg-small-1',
  'run-queued': '#/runs/no-variance-1',
  'run-interrupted': '#/runs/vicreg-wide-7',
  'run-diverged': '#/runs/vicreg-lr-9',
  'run-done': '#/runs/pixels-linear-1',
  new: '#/new',
  again: '#/new/again/vicreg-wide-7',
  evaluate: '#/evaluate/vicreg-wide-7',
  map: '#/map/vicreg-wide-7',
  compare: '#/compare/plan/first',
  datasets: '#/datasets',
  dataset: '#/datasets/street',
  weights: '#/weights',
  reports: '#/reports',
  hardware: '#/hardware',
  settings: '#/settings',
};
/** Screens that look otherwise before there is anything to show. */
const empties = ['plans', 'runs', 'new', 'compare', 'datasets', 'weights', 'reports'];

export const languages = ['en', 'zh'] as const;
export const themes = ['light', 'dark'] as const;
export const widths = [900, 1280, 1920] as const;
const height = 900;
/** When all records are read. */
const at = new Date('2026-06-01T12:00:00Z');

/** Serves the preview of a checkout while `use` runs. */
export async function withPreview(folder: string, use: (address: string) => Promise<void>): Promise<void> {
  const server = await createServer({
    configFile: false,
    root: join(folder, 'renderer'),
    cacheDir: join(folder, 'node_modules', '.cache', 'gallery'),
    logLevel: 'error',
    plugins: [svelte({ configFile: join(root, 'svelte.config.js') })],
    server: { host: '127.0.0.1', port: 0, hmr: false, watch: null, fs: { strict: false } },
  });
  try {
    await server.listen();
    await use(`${server.resolvedUrls!.local[0]!}dev/index.html`);
  } finally {
    await server.close();
  }
}

/** Looks that must be the same one after another, and the time between two: what is being read or checked takes up to a second. */
const looks = 5;
const betweenMs = 300;

/** Waits until the page stands still: nothing is being read, charts have drawn themselves. */
async function settled(page: Page): Promise<Buffer> {
  let before: Buffer = Buffer.alloc(0);
  for (let look = 0, same = 1; look < 60; look++) {
    const now = await page.screenshot({ animations: 'disabled', caret: 'hide' });
    same = now.equals(before) ? same + 1 : 1;
    if (same === looks) return now;
    before = now;
    await after(betweenMs);
  }
  return before;
}

interface Visited {
  readonly page: Page;
  /** Screen, language, theme and width. */
  readonly name: string;
}

/**
 * Shows every screen and state in a window of each of the widths.
 *
 * @param zoom 2: everything at 200 %
 * @returns what the page complained of and what is wider than the window, by name
 */
async function everyScreen(
  address: string,
  { wide, zoom }: { readonly wide: readonly number[]; readonly zoom: number },
  visit: (visited: Visited) => Promise<void>,
): Promise<readonly string[]> {
  const complaints: string[] = [];
  const app = await _electron.launch({
    executablePath: electronPath(),
    args: [join(root, 'scripts', 'gallery-window'), ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
  });
  try {
    const page = await app.firstWindow();
    let name = '';
    page.on('pageerror', (error) => complaints.push(`${name}: ${error.message}`));
    await page.clock.setFixedTime(at);
    for (const width of wide) {
      await app.evaluate(
        ({ BrowserWindow }, [across, down]) => BrowserWindow.getAllWindows()[0]!.setContentSize(across, down),
        [width, height] as const,
      );
      for (const language of languages)
        for (const theme of themes)
          for (const isEmpty of [false, true]) {
            const query = `?still&language=${language}&theme=${theme}${isEmpty ? '&empty' : ''}`;
            await page.goto(`${address}${query}`);
            await app.evaluate(
              ({ BrowserWindow }, factor) => BrowserWindow.getAllWindows()[0]!.webContents.setZoomFactor(factor),
              zoom,
            );
            for (const screen of isEmpty ? empties : Object.keys(screens)) {
              name = `${isEmpty ? 'empty-' : ''}${screen}-${language}-${theme}-${width}`;
              const place = screen === 'compare' && isEmpty ? '#/compare' : screens[screen]!;
              await page.evaluate((hash) => (location.hash = hash), place);
              await page.getByRole('heading', { level: 1 }).first().waitFor();
              await visit({ page, name });
              const over = await page.evaluate(
                () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
              );
              if (over > 1) complaints.push(`${name}: ${over} pixels wider than the window`);
            }
          }
    }
  } finally {
    await app.close();
  }
  return complaints;
}

/** Takes all pictures into a folder. @returns as `everyScreen` */
export function takePictures(address: string, folder: string): Promise<readonly string[]> {
  mkdirSync(folder, { recursive: true });
  return everyScreen(address, { wide: widths, zoom: 1 }, async ({ page, name }) =>
    writeFile(join(folder, `${name}.png`), await settled(page)),
  );
}

/** Looks at every screen with axe. @returns what it finds, and as `everyScreen` */
export async function inaccessible(address: string, zoom: number): Promise<readonly string[]> {
  const found: string[] = [];
  const complaints = await everyScreen(address, { wide: [1280], zoom }, async ({ page, name }) => {
    await settled(page);
    found.push(...(await violationsOf(page)).map((violation) => `${name}: ${violation}`));
  });
  return [...found, ...complaints];
}

export interface Difference {
  readonly picture: string;
  /** Null where only one side has the picture, or its size differs. */
  readonly pixels: number | null;
}

/** Pictures that are not the same on both sides; each is written beside the other, with what differs in red. */
export async function differences(before: string, now: string, into: string): Promise<readonly Difference[]> {
  mkdirSync(into, { recursive: true });
  const [old, current] = [before, now].map((folder) => new Set(readdirSync(folder)));
  const found: Difference[] = [];
  for (const picture of [...new Set([...old!, ...current!])].sort()) {
    if (!old!.has(picture) || !current!.has(picture)) {
      found.push({ picture, pixels: null });
      continue;
    }
    const [a, b] = await Promise.all(
      [before, now].map((folder) =>
        sharp(join(folder, picture)).removeAlpha().raw().toBuffer({ resolveWithObject: true }),
      ),
    );
    const { width, height: high } = a!.info;
    if (width !== b!.info.width || high !== b!.info.height) {
      found.push({ picture, pixels: null });
      continue;
    }
    const marked = Buffer.from(b!.data);
    let pixels = 0;
    for (let pixel = 0; pixel < marked.length; pixel += 3) {
      if ([0, 1, 2].every((part) => a!.data[pixel + part] === b!.data[pixel + part])) continue;
      pixels += 1;
      marked.set([220, 30, 30], pixel);
    }
    if (pixels === 0) continue;
    found.push({ picture, pixels });
    const raw = { width, height: high, channels: 3 } as const;
    await sharp({ create: { ...raw, width: 3 * width, background: 'white' } })
      .composite([a!.data, b!.data, marked].map((input, place) => ({ input, raw, left: place * width, top: 0 })))
      .png({ palette: true })
      .toFile(join(into, picture));
  }
  return found;
}
