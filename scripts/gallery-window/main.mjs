/** A window for whatever page pictures are taken of, instead of the program's. */
import { app, BrowserWindow } from 'electron';

// One machine, one rendering: no scaling, no colours of the screen.
app.commandLine.appendSwitch('force-device-scale-factor', '1');
app.commandLine.appendSwitch('force-color-profile', 'srgb');
app.on('window-all-closed', () => app.quit());
void app.whenReady().then(() => new BrowserWindow({ useContentSize: true }).loadURL('data:text/html,'));
