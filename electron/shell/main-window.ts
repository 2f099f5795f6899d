/** The program's only window; receives the paths the program was started with. */
import { app, type BrowserWindow } from 'electron';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Language } from '../api/settings.ts';
import { pushTo, trustWindow } from './ipc.ts';
import { tellOfOtherStart } from './other-start.ts';
import { isQuitting } from './quit.ts';
import { createWindow } from './window.ts';
import type { Words } from './words.ts';

export interface MainWindow {
  /** null while no window is open. */
  current(): BrowserWindow | null;
  open(): void;
  /** Sends the page the first path among `args` to inspect: a folder or a weights file. */
  handOver(args: readonly string[]): void;
}

/** @param language of its first words, until it knows the settings */
export function createMainWindow(appRoot: string, icon: string, language: Language): MainWindow {
  let window: BrowserWindow | null = null;

  function open(): void {
    window = createWindow(join(appRoot, 'out/preload/preload.cjs'), icon, language);
    trustWindow(window.webContents);
    window.on('close', (event) => {
      if (isQuitting()) return;
      event.preventDefault();
      app.quit();
    });
    window.on('closed', () => (window = null));
    handOver(process.argv.slice(1));
  }

  function handOver(args: readonly string[]): void {
    const path = args
      .filter((arg) => !arg.startsWith('-'))
      .map((arg) => resolve(arg))
      .find((named) => named !== resolve(appRoot) && existsSync(named));
    if (path === undefined || window === null) return;
    const contents = window.webContents;
    if (contents.isLoading()) contents.once('did-finish-load', () => pushTo(contents, 'pathDropped', [path]));
    else pushTo(contents, 'pathDropped', [path]);
  }

  return { current: () => window, open, handOver };
}

/** Reopens the window when the program is started again, and keeps the program running without it. */
export function reopenOnRequest(window: MainWindow, text: () => Words): void {
  app.on('second-instance', (_event, args, cwd, start) => {
    if (window.current() === null) window.open();
    window.current()?.show();
    window.current()?.focus();
    if (tellOfOtherStart(window.current(), text(), start)) return;
    window.handOver(args.slice(1).map((arg) => (arg.startsWith('-') ? arg : resolve(cwd, arg))));
  });
  app.on('activate', () => {
    if (window.current() === null) window.open();
  });
  app.on('window-all-closed', () => undefined);
}
