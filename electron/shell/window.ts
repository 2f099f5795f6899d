/** Creates the window: hardens all web contents and restores its position. */
import { app, BrowserWindow, nativeTheme, screen, session } from 'electron';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { isMissing } from '../../trainer/durable/files.ts';
import type { Language } from '../api/settings.ts';
import { origin, reportIn } from './app-protocol.ts';

const Place = v.strictObject({
  x: v.number(),
  y: v.number(),
  width: v.number(),
  height: v.number(),
  maximized: v.boolean(),
});
type Place = v.InferOutput<typeof Place>;

/** No navigation, no new windows, no webviews, no permissions: set before the first window, for all windows. */
export function hardenContents(): void {
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', (event) => event.preventDefault());
    // A frame shows a report, and stays with it.
    contents.on('will-frame-navigate', (event) => {
      if (!event.isMainFrame && reportIn(event.url) === null) event.preventDefault();
    });
    contents.on('will-redirect', (event) => event.preventDefault());
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  });
}

const allowed = new Set(['notifications', 'clipboard-sanitized-write']);

export function denyPermissions(): void {
  session.defaultSession.setPermissionRequestHandler((_contents, permission, answer) =>
    answer(allowed.has(permission)),
  );
  session.defaultSession.setPermissionCheckHandler((_contents, permission) => allowed.has(permission));
}

function placeFile(): string {
  return join(app.getPath('userData'), 'window.json');
}

/** The window's last position, if it is still on a screen. */
function lastPlace(): Place | null {
  let text: string;
  try {
    text = readFileSync(placeFile(), 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
  // A damaged file only loses the position.
  const parsed = v.safeParse(
    v.pipe(
      v.string(),
      v.rawTransform(({ dataset, addIssue, NEVER }) => {
        try {
          return JSON.parse(dataset.value) as unknown;
        } catch {
          addIssue({ message: 'not JSON' });
          return NEVER;
        }
      }),
      Place,
    ),
    text,
  );
  if (!parsed.success) return null;
  const place = parsed.output;
  const area = screen.getDisplayMatching(place).workArea;
  const visible =
    place.x < area.x + area.width - 100 &&
    place.x + place.width > area.x + 100 &&
    place.y >= area.y - 20 &&
    place.y < area.y + area.height - 100;
  return visible ? place : null;
}

export function createWindow(preload: string, icon: string, language: Language): BrowserWindow {
  const place = lastPlace();
  const window = new BrowserWindow({
    width: place?.width ?? 1280,
    height: place?.height ?? 800,
    ...(place === null ? {} : { x: place.x, y: place.y }),
    minWidth: 640,
    minHeight: 480,
    show: false,
    icon,
    title: app.getName(),
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#16181c' : '#ffffff',
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      spellcheck: false,
    },
  });
  if (place?.maximized === true) window.maximize();
  window.once('ready-to-show', () => window.show());
  window.on('page-title-updated', (event) => event.preventDefault());
  window.on('close', () => {
    writeFileSync(placeFile(), JSON.stringify({ ...window.getNormalBounds(), maximized: window.isMaximized() }));
  });
  void window.loadURL(`${origin}/index.html?language=${language}`);
  return window;
}
