/** The tray icon, which brings back a window hidden during a run. */
import { app, type BrowserWindow, Menu, nativeImage, Tray } from 'electron';
import type { Words } from './words.ts';

export interface TrayIcon {
  /** Hides the window and shows the icon instead. */
  hideWindow(text: Words): void;
  /** Updates the language of the icon's menu. */
  translate(text: Words): void;
  dispose(): void;
}

export function createTrayIcon(window: () => BrowserWindow | null, icon: string): TrayIcon {
  let tray: Tray | null = null;

  function fillMenu(shown: Tray, text: Words): void {
    shown.setContextMenu(
      Menu.buildFromTemplate([
        { label: text.show, click: () => window()?.show() },
        { type: 'separator' },
        { label: text.quit, click: () => app.quit() },
      ]),
    );
  }

  return {
    hideWindow(text) {
      if (tray === null) {
        tray = new Tray(nativeImage.createFromPath(icon).resize({ width: 22, height: 22 }));
        tray.setToolTip(app.getName());
        tray.on('click', () => window()?.show());
      }
      fillMenu(tray, text);
      window()?.hide();
    },
    translate(text) {
      if (tray !== null) fillMenu(tray, text);
    },
    dispose() {
      tray?.destroy();
      tray = null;
    },
  };
}
