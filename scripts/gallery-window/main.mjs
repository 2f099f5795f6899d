/** A window for whatever page pictures are taken of, instead of the program's. */
import { app, BrowserWindow } from 'electron';

// One machine, one rendering: no scaling, no colours of the screen, letters smoothed alike on every layer, whole pictures.
const switches = {
  'force-device-scale-factor': '1',
  'force-color-profile': 'srgb',
  'font-render-hinting': 'none',
  'disable-lcd-text': '',
  'disable-partial-raster': '',
  'disable-checker-imaging': '',
};
for (const [name, value] of Object.entries(switches)) app.commandLine.appendSwitch(name, value);
app.on('window-all-closed', () => app.quit());
void app.whenReady().then(() => new BrowserWindow({ useContentSize: true }).loadURL('data:text/html,'));
